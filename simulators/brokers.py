"""Somebody else's broker, as a URL names it: mqtt[s]://[USER@]HOST[:PORT]. Passwords are in the environment, never in a URL."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from sensing.errors import UsageError

from .line import Target

PASSWORD = "SENSING_MQTT_PASSWORD"  # noqa: S105 the variable's name


def broker(url: str, environ: Mapping[str, str] = os.environ) -> tuple[Target, str]:
    """A broker of a URL, and the password for it; without a user there is none (MQTT 3.1.1 section 3.1.2.9). Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("mqtt", "mqtts") or not host or parts.password or parts.path not in ("", "/"):
        raise UsageError(f'"{url}" is not a broker', f"write mqtt://USER@HOST:1883; the password goes into {PASSWORD}")
    secure = parts.scheme == "mqtts"
    tls = ssl.create_default_context() if secure else None
    user = unquote(parts.username or "")
    return Target(host, port or (8883 if secure else 1883), tls, user), environ.get(PASSWORD, "") if user else ""
