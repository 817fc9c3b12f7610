"""CONNECT: who is let in, on which terms (MQTT 5 section 3.1.4). Deny by default: there is no anonymous client."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec import Struct

from sensing import logs
from sensing.errors import SensingError
from sensing.model import Grant, Source
from sensing.ports import Gatekeeper
from sensing.settings import Mqtt
from sensing.topics import ForeignTopic

from . import aliases
from .packets import V5, Code, Connect, Properties
from .peers import Presented
from .rights import Rights
from .session import LONGEST_S, Key

_LONGEST_CLIENT_ID = 256
_log = logs.get("door")


class RefusedError(SensingError):
    """The client is not let in. `topic` is set when its will is what was refused."""

    def __init__(self, code: Code, why: str, principal: str = "", topic: str = "") -> None:
        super().__init__(why, "check the client's name, token and will topic")
        self.code = code
        self.why = why
        self.principal = principal
        self.topic = topic


class Terms(Struct, frozen=True):
    """What was agreed with a client that is let in. `will` is source, payload and delay in seconds."""

    key: Key
    grant: Grant
    rights: Rights
    will: tuple[Source, bytes, int] | None
    expiry_s: int
    properties: Properties | None
    window: int
    """Publishes to the client that it may leave unacknowledged."""
    max_packet: int
    """Largest packet the client takes, bytes."""


class Admission:
    """The rules at the door."""

    def __init__(self, settings: Mqtt, gatekeeper: Gatekeeper, adapters: frozenset[str], foreign: Sequence[ForeignTopic]) -> None:
        self._settings = settings
        self._gatekeeper = gatekeeper
        self._adapters = adapters
        self._foreign = foreign

    def terms(self, connect: Connect, certificate: Presented | None = None) -> Terms:
        """certificate: what the client showed to TLS. Raises RefusedError with the reason code."""
        asked = connect.properties or {}
        if "authentication_method" in asked:
            raise RefusedError(Code.BAD_AUTHENTICATION_METHOD, "bad_authentication_method")
        grant = self._grant(connect, certificate)
        rights = Rights(grant, self._adapters, self._foreign)
        client_id = connect.client_id
        if len(client_id) > _LONGEST_CLIENT_ID or (not client_id and connect.version != V5 and not connect.clean):
            raise RefusedError(Code.BAD_CLIENT_ID, "bad_client_id", grant.principal)
        given = client_id or f"assigned-{secrets.token_hex(8)}"
        expiry = _expiry(connect)
        return Terms(
            key=(grant.principal, grant.run, given),
            grant=grant,
            rights=rights,
            will=_will(connect, grant, rights),
            expiry_s=expiry,
            properties=self._connack(connect, given, expiry) if connect.version == V5 else None,
            window=min(100, asked.get("receive_maximum", 65_535)),
            max_packet=asked.get("maximum_packet_size", 268_435_460),
        )

    def _grant(self, connect: Connect, certificate: Presented | None) -> Grant:
        """A password decides when there is one; else the certificate, for the principal that is named, or the one it was made for."""
        if connect.password is None and certificate is not None:
            username = certificate.name if connect.username is None else connect.username
        elif connect.username is not None and connect.password is not None:
            username = connect.username
        else:
            raise RefusedError(Code.NOT_AUTHORISED, "no_credentials")
        try:
            if connect.password is not None:
                grant = self._gatekeeper.authenticate(username, connect.password)
            else:
                grant = self._gatekeeper.recognise(username, certificate.fingerprint if certificate else "")
        except Exception as error:
            _log.exception("registry_unavailable")
            raise RefusedError(Code.SERVER_UNAVAILABLE, "registry_unavailable") from error
        if grant is None:
            raise RefusedError(Code.BAD_CREDENTIALS, "bad_credentials", username[:64])
        return grant

    def _connack(self, connect: Connect, given: str, expiry: int) -> Properties:
        said: Properties = {
            "receive_maximum": self._settings.receive_maximum,
            "maximum_packet_size": self._settings.max_packet,
            "topic_alias_maximum": aliases.MOST,
            "retain_available": 0,
            "wildcard_subscription_available": 1,
            "subscription_identifier_available": 0,
            "shared_subscription_available": 0,
        }
        if not connect.client_id:
            said["assigned_client_identifier"] = given
        if (connect.properties or {}).get("session_expiry_interval", 0) != expiry:
            said["session_expiry_interval"] = expiry
        return said


def _expiry(connect: Connect) -> int:
    if connect.version == V5:
        asked: int = (connect.properties or {}).get("session_expiry_interval", 0)
        return min(LONGEST_S, asked)
    return 0 if connect.clean else LONGEST_S


def _will(connect: Connect, grant: Grant, rights: Rights) -> tuple[Source, bytes, int] | None:
    if connect.will is None:
        return None
    source = rights.source(connect.will.topic)
    if source is None:
        raise RefusedError(Code.NOT_AUTHORISED, "will_topic", grant.principal, connect.will.topic)
    return source, connect.will.payload, (connect.will.properties or {}).get("will_delay_interval", 0)
