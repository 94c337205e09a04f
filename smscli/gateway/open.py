"""Opens the gateway of a profile; the built-in sandbox runs inside the process, over a real socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from smscli.config.keys import SANDBOX
from smscli.config.profile import Profile
from smscli.gateway.client import Gateway, is_loopback
from smscli.language import _

Say = Callable[[str], None]


@contextmanager
def gateways_of(profile: Profile, say: Say) -> Iterator[list[Gateway]]:
    """Open a profile's gateway and its standby endpoints, in the order in which they are to be tried."""
    with ExitStack() as stack:
        endpoints = () if profile.label == SANDBOX else profile.standby
        standby = [profile._replace(endpoint=endpoint) for endpoint in endpoints]
        yield [stack.enter_context(gateway_of(account, say)) for account in (profile, *standby)]


@contextmanager
def gateway_of(profile: Profile, say: Say) -> Iterator[Gateway]:
    """Open the gateway that a profile names, and close it after the block; `say` gets a warning, if there is any."""
    if profile.label == SANDBOX:
        from smscli.sandbox.gateway import Sandbox

        with Sandbox() as sandbox, _opened(profile._replace(endpoint=sandbox.endpoint)) as gateway:
            yield gateway
        return
    if profile.endpoint.startswith("http://") and not is_loopback(profile.endpoint):
        host = urlsplit(profile.endpoint).netloc
        say(_("warning: {host} is reached by http://, so the password travels in clear text.").format(host=host))
    with _opened(profile) as gateway:
        yield gateway


@contextmanager
def _opened(profile: Profile) -> Iterator[Gateway]:
    gateway = Gateway(profile)
    try:
        yield gateway
    finally:
        gateway.close()
