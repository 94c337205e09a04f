"""The console entry: what needs no command tree is answered before it loads."""

import gc
import os
import sys

TYPE_CHECKING = False  # mypy reads it as true; importing `typing` would cost `--version` some milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence

    from smscli.console import Environment
    from smscli.errors import SmsError


def main(arguments: "Sequence[str] | None" = None, environment: "Environment | None" = None) -> int:
    """Run smscli with the process's arguments and streams, unless others are given, and return the exit code.

    With an environment that is given, it can run inside any program, as often as you like.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if environment is not None:
            return _run(arguments, environment)
        return _run_process(arguments)
    except KeyboardInterrupt:  # before anything could be said about it
        return 130


def _run_process(arguments: "Sequence[str]") -> int:
    # Start-up makes many objects and no garbage; the command tree turns collection on again.
    gc.disable()
    from smscli.console import process_environment

    environment = process_environment()
    try:
        return _run(arguments, environment)
    finally:
        for descriptor, lost in ((1, environment.stdout_lost), (2, environment.stderr_lost)):
            if lost:  # otherwise the interpreter's flush of the rest would fail again
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        gc.freeze()  # otherwise the interpreter would collect garbage once more, although it ends


def _run(arguments: "Sequence[str]", environment: "Environment") -> int:
    """Run the program; a known error ends as its sentence and exit code, a bug keeps its traceback."""
    from smscli.errors import SmsError

    try:
        code = _carry_out(arguments, environment)
        environment.finish()
    except SmsError as error:
        environment.say(f"smscli: {_sentence(error, arguments)}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        from smscli.language import _

        environment.say(_("smscli: interrupted."))
        return 130
    return code


def _sentence(error: "SmsError", arguments: "Sequence[str]") -> str:
    """Return an error's sentence; a command that never sends anything does not say that nothing was sent."""
    from smscli.commands import SENDING

    return str(error) if arguments and arguments[0] in SENDING else error.unsent()


def _carry_out(arguments: "Sequence[str]", environment: "Environment") -> int:
    if list(arguments[:1]) == ["--version"]:
        from smscli import __version__

        environment.write(f"smscli {__version__}\n")
        return 0
    from smscli.config.start import choose_language

    if not choose_language():
        from smscli.config.file import read_config

        read_config()  # raises what is wrong, and on which line
    if not arguments or arguments[0] in ("--help", "-h"):
        from smscli.commands import overview

        environment.write(overview())
        return 0
    from smscli.cli import run

    return run(arguments, environment)


if __name__ == "__main__":
    sys.exit(main())
