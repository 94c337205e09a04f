"""Who calls, and whether a push from there is trusted (protocol §3)."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.httpd.request import Request
from smscli.language import _
from smscli.protocol.pushes import Signature, is_trusted

Network = IPv4Network | IPv6Network


_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_PASSED_ON = {"x-forwarded-for", "x-real-ip", "forwarded", "via"}


def is_local(request: Request) -> bool:
    """Return whether a program on this machine asks, and not somebody else through a proxy on it."""
    return _PASSED_ON.isdisjoint(request.headers) and _is_within(request.peer, _LOOPBACK)


class Access(NamedTuple):
    """Who may push: these addresses, or any if there are none; and whether a proxy says which address called.

    `window` is how far the timestamp of a signed push may be off, in seconds.
    """

    networks: Sequence[Network] = ()
    trust_proxy: bool = False
    window: float = 72 * 3600

    def peer(self, request: Request) -> str:
        """Return the address that a request comes from."""
        hops = request.headers.get("x-forwarded-for", "") if self.trust_proxy else ""
        # Everything before the last hop was written by the caller of the proxy.
        return hops.rpartition(",")[2].strip()[:100] or request.peer

    def distrust(self, peer: str, fields: Mapping[str, str], profile: Profile) -> str:
        """Return why a push from there is not trusted; empty where it is."""
        if self.networks and not _is_within(peer, self.networks):
            return _("its address is not among --allow")
        if profile.trust and not is_trusted(fields, profile.trust):
            return _("its name or password is not what profile {profile} has").format(profile=profile.label)
        return ""

    def doubt(self, signature: Signature | None) -> str:
        """Return why a push with the right signature is not accepted: somebody may be repeating an old one."""
        if signature and signature.off is None:
            return _("its timestamp is not a time")
        if signature and signature.off is not None and signature.off > self.window:
            said = _("its timestamp is more than {hours:g} hours off (push_window); is this clock right?")
            return said.format(hours=self.window / 3600)
        return ""


def _is_within(peer: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
