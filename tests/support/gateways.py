"""Gateways that answer what a test wants, over a real socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def listening(talk: Callable[[socket.socket], None], backlog: int = 8) -> Iterator[int]:
    """Listen on a free port and hand each connection to `talk`, one after the other; yields the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as server:
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                connection, _ = server.accept()
                with connection:
                    if not stopping.is_set():
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        try:
            yield port
        finally:
            stopping.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """Return one request as it came, b"" where the other side has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(text: str, *headers: str, status: str = "200 OK") -> bytes:
    body = text.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(reply)

    with listening(talk) as port:
        yield f"http://127.0.0.1:{port}/"
