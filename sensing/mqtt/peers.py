"""Who is at the other end of a socket: its address, and the client certificate that TLS has verified."""

from __future__ import annotations

import asyncio
import hashlib

from msgspec import Struct


class Presented(Struct, frozen=True):
    """A certificate of a chain that `mqtt.tls_client_ca` trusts. fingerprint: SHA-256 of its DER, hex. name: its common name, "" without."""

    fingerprint: str
    name: str


def address(transport: asyncio.BaseTransport) -> str:
    """The peer's IP address; "" for a socket without one."""
    found = transport.get_extra_info("peername")
    return str(found[0]) if isinstance(found, tuple) and found else ""


def certificate(transport: asyncio.BaseTransport) -> Presented | None:
    """What the client showed; None when it showed nothing, or was not asked."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if not der:
        return None
    subject = (tls.getpeercert() or {}).get("subject", ())
    names = [value for pairs in subject for key, value in pairs if key == "commonName"]
    return Presented(hashlib.sha256(der).hexdigest(), names[0] if len(names) == 1 else "")
