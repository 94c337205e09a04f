"""What is loaded of a library: parts that this program never uses stay out, because a user waits for start-up."""

import sys
from types import ModuleType, TracebackType


class _Unused(ModuleType):
    """A module that stands in for an unused one; each of its names is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


class Without:
    """A context in which a library is imported without the modules of these names; those already loaded stay."""

    def __init__(self, *names: str) -> None:
        self._names = [name for name in names if name not in sys.modules]

    def __enter__(self) -> None:
        sys.modules.update({name: _Unused(name) for name in self._names})

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in self._names:
            del sys.modules[name]
