"""Where the door listens: plain MQTT on loopback, TLS elsewhere (CONTRACT "Topics and ports")."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path

from msgspec import Struct

from sensing.errors import ValidationError
from sensing.settings import Mqtt


class Listener(Struct, frozen=True):
    """One socket to open; `tls` is None for plain MQTT."""

    host: str
    port: int
    tls: ssl.SSLContext | None


def wanted(settings: Mqtt) -> list[Listener]:
    """The sockets that these settings ask for. Raises ValidationError when passwords would travel in clear."""
    tls = _context(settings)
    found: list[Listener] = []
    if is_loopback(settings.host) or settings.insecure_plain:
        found.append(Listener(settings.host, settings.port, None))
    elif tls is None:
        raise ValidationError(
            f'mqtt.host "{settings.host}" is not loopback and there is no certificate',
            "set mqtt.tls_cert and mqtt.tls_key, or mqtt.insecure_plain if passwords may travel in clear",
        )
    else:
        found.append(Listener("127.0.0.1", settings.port, None))
    if tls is not None:
        found.append(Listener(settings.host, settings.tls_port, tls))
    return found


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(settings: Mqtt) -> ssl.SSLContext | None:
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None and key is None:
        if settings.tls_client_ca is not None:
            raise ValidationError("mqtt.tls_client_ca needs TLS", "set mqtt.tls_cert and mqtt.tls_key too")
        return None
    if cert is None or key is None:
        raise ValidationError("mqtt.tls_cert and mqtt.tls_key belong together", "set both or none")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ValidationError(
            f"mqtt.tls_cert {cert} with mqtt.tls_key {key}: {error}", "both are PEM; the key must fit"
        ) from None
    if settings.tls_client_ca is not None:
        _ask_for_certificates(context, settings.tls_client_ca)
    return context


def _ask_for_certificates(context: ssl.SSLContext, authority: Path) -> None:
    """Clients may show a certificate; one that does not stand up ends the handshake, none at all leaves the password."""
    try:
        context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as error:
        hint = "`sensing principal certificate` makes DATA/ca.crt; any other is PEM"
        raise ValidationError(f"mqtt.tls_client_ca {authority}: {error}", hint) from None
    context.verify_mode = ssl.CERT_OPTIONAL
