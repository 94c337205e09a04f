"""What differs between Linux, macOS and Windows: each in one place, with what is done where a system lacks it."""

import os


def asker() -> str:
    """Return who gave the command, as `user@host`, with the bytes that are not UTF-8 made visible."""
    import socket

    name = next((os.environ[name] for name in ("LOGNAME", "USER", "USERNAME") if os.environ.get(name)), "")
    return f"{name or _owner()}@{socket.gethostname()}".encode("utf-8", "backslashreplace").decode()


def _owner() -> str:
    """Return the name of the process's user, for a cron job may have no variable with it; empty on Windows."""
    if not hasattr(os, "getuid"):
        return ""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return str(os.getuid())


def terminal() -> str:
    """Return the path at which a person can be asked, also where stdin is a pipe."""
    return "CON" if os.name == "nt" else "/dev/tty"


def is_for_others(mode: int) -> bool:
    """Return whether others may read or change a file with this mode; Windows keeps that elsewhere."""
    return os.name == "posix" and bool(mode & 0o077)
