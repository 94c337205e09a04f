"""A way to a PostgreSQL server on which a test can change or cut what passes, message by message."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

# Gets a message's kind and its body, and returns the body that is passed on; None cuts the connection there.
Change = Callable[[bytes, bytes], bytes | None]


def unchanged(_kind: bytes, body: bytes) -> bytes:
    """Pass a message on."""
    return body


@contextmanager
def wire(server: Path, asked: Change = unchanged, answered: Change = unchanged) -> Iterator[Path]:
    """Yield a directory with a socket that leads to the server's; each message passes `asked` or `answered`."""
    with (
        TemporaryDirectory() as directory,
        socket.socket(socket.AF_UNIX) as listener,
        ExitStack() as opened,
    ):
        listener.bind(f"{directory}/.s.PGSQL.5432")
        listener.listen()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client = opened.enter_context(listener.accept()[0])
                    upstream = opened.enter_context(socket.socket(socket.AF_UNIX))
                    upstream.connect(f"{server}/.s.PGSQL.5432")
                    for source, target, change, bare in (
                        (client, upstream, asked, True),
                        (upstream, client, answered, False),
                    ):
                        threading.Thread(target=_pass, args=(source, target, change, bare), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield Path(directory)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _pass(source: socket.socket, target: socket.socket, change: Change, bare: bool) -> None:
    """Pass messages on; the first of a client has no kind."""
    with suppress(OSError), source.makefile("rb") as stream:
        while True:
            kind = b"" if bare else stream.read(1)
            bare = False
            length = stream.read(4)
            if len(length) < 4:
                break
            body = change(kind, stream.read(int.from_bytes(length) - 4))
            if body is None:
                break
            target.sendall(kind + (len(body) + 4).to_bytes(4) + body)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
