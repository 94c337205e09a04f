"""The console entry: what needs no command tree is answered before it loads."""

import gc
import os
import sys


def main() -> int:
    """Run smscli with the process's arguments and return its exit code."""
    # Start-up makes many objects and no garbage; the command tree turns collection on again.
    gc.disable()
    _mend_streams()
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["--version"]:
        from smscli import __version__

        return _print(f"smscli {__version__}\n")
    if arguments[:1] in ([], ["--help"], ["-h"]):
        from smscli.commands import overview

        return _print(overview())
    from smscli.cli import run

    return run()


def _print(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or what is left fails again at exit
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"smscli: the output could not be written: {error.strerror}.\n")
            return 2
    return 0


def _mend_streams() -> None:
    """Let no character of a text stop the program, nor a stream that its caller closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
