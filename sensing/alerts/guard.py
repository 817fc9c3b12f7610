"""Which addresses a webhook may speak to: public ones; loopback and private networks only where the settings say so; metadata services never.

A name is looked up once, every address that it has is judged, and the connection is made to one that was: nobody can answer the
check with one address and the connection with another.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from msgspec import Struct

Address = IPv4Address | IPv6Address
_METADATA = tuple(map(ip_network, (
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::/32", "fd20:ce::/32",
)))  # fmt: skip
"""Where clouds tell their machines who they are and with which keys: AWS, Alibaba, Oracle, Azure (a public address that only it answers), Google."""
_NOBODYS = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")))
"""Protocols' own, relays of 6to4, site-local, documentation: `ipaddress` calls these global, or some of them by its version."""
_NAT64 = ip_network("64:ff9b::/96")
_SHARED = ip_network("100.64.0.0/10")


class ForbiddenTargetError(Exception):
    """An address that is not to be spoken to; the text says why, and holds no secret."""


class Target(Struct, frozen=True):
    """Where a URL leads. address: the one to connect to. path: with the query."""

    scheme: str
    host: str
    port: int
    path: str
    address: str = ""


def parsed(url: str, *, loopback: bool) -> Target:
    """A URL in its parts. Raises ForbiddenTargetError, which does not repeat the URL: it may hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ForbiddenTargetError("it is no URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ForbiddenTargetError("write https:// (http:// only to this machine, with loopback = true)")
    if not parts.hostname or "@" in parts.netloc:
        raise ForbiddenTargetError("it needs a host, and no user or password")
    if any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise ForbiddenTargetError("it holds signs that a URL must not")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path)


def resolved(
    target: Target, *, loopback: bool, private: bool, look: Callable[..., Sequence[tuple[object, ...]]] = socket.getaddrinfo
) -> Target:
    """The target with the address to connect to. Raises ForbiddenTargetError, OSError when the name is not known."""
    found = [ip_address(str(row[4][0]).partition("%")[0]) for row in look(target.host, target.port, type=socket.SOCK_STREAM)]  # type: ignore[index]
    if not found:
        raise OSError(f"{target.host} has no address")
    for address in found:
        if (why := forbidden(address, loopback=loopback, private=private)) is not None:
            raise ForbiddenTargetError(f"{target.host} is {address}: {why}")
    if target.scheme == "http" and not all(_inner(address).is_loopback for address in found):
        raise ForbiddenTargetError(f"{target.host} is not this machine: write https://")
    return Target(target.scheme, target.host, target.port, target.path, str(found[0]))


def forbidden(address: Address, *, loopback: bool, private: bool) -> str | None:
    """Why an address is not to be spoken to; None when it may be."""
    inner = _inner(address)
    if any(each in network for network in _METADATA for each in (inner, address)):
        return "a metadata service"
    if inner.is_loopback:
        return None if loopback else "this machine (loopback = true allows it)"
    if (
        any(inner in network for network in _NOBODYS)
        or inner.is_link_local
        or inner.is_multicast
        or inner.is_unspecified
        or inner.is_reserved
    ):
        return "link-local, multicast or reserved"
    if inner.is_private or inner in _SHARED or not inner.is_global:
        return None if private and (inner.is_private or inner in _SHARED) else "a private network (private = true allows it)"
    return None


def _inner(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that carries it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
