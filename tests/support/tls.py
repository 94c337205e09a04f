"""Gateways behind TLS, with certificates that are right or wrong in any way."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import trustme

from smscli.protocol.forms import PATH
from tests.support.gateways import listening, read_request


def issued(authority: trustme.CA, name: str, days: float) -> trustme.LeafCert:
    """Return a certificate for a name that is valid for so many more days; a negative number means that it expired."""
    until = datetime.now(UTC) + timedelta(days=days)
    return authority.issue_cert(name, not_before=until - timedelta(days=100), not_after=until)


def self_signed(directory: Path) -> ssl.SSLContext:
    """Return a server's settings with a certificate that no authority issued."""
    authority = trustme.CA()
    both = directory / "self.pem"
    both.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


def server_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's settings with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@contextmanager
def answering_by_tls(context: ssl.SSLContext, reply: bytes) -> Iterator[str]:
    """Answer every request with the same bytes; yields the endpoint, whose host is `localhost`."""

    def talk(connection: socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:  # or it is not trusted
            read_request(secure)
            secure.sendall(reply)

    with listening(talk) as port:
        yield f"https://localhost:{port}{PATH}"
