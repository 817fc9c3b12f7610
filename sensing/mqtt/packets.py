"""The packets of MQTT 3.1.1 and 5 as values, and the reason codes we use (MQTT 5 section 2.4).

`version` is the protocol level on the wire: 4 is MQTT 3.1.1, 5 is MQTT 5. `pid` is a packet identifier, 1-65535.
`properties` are those of MQTT 5 by name (`properties.TABLE`); None and {} both mean that there are none.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct

Properties = dict[str, Any]
V311 = 4
V5 = 5


class Code(IntEnum):
    """Reason codes of MQTT 5. `REFUSED` holds what MQTT 3.1.1 says in CONNACK instead."""

    SUCCESS = 0x00
    WITH_WILL = 0x04
    NO_SUBSCRIPTION = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    BAD_CLIENT_ID = 0x85
    BAD_CREDENTIALS = 0x86
    NOT_AUTHORISED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    TAKEN_OVER = 0x8E
    BAD_FILTER = 0x8F
    BAD_TOPIC = 0x90
    UNKNOWN_PID = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    BAD_ALIAS = 0x94
    TOO_LARGE = 0x95
    QUOTA = 0x97
    NO_SHARED_SUBSCRIPTIONS = 0x9E
    NO_SUBSCRIPTION_IDS = 0xA1


REFUSED_311 = {
    Code.UNSUPPORTED_VERSION: 1,
    Code.BAD_CLIENT_ID: 2,
    Code.SERVER_UNAVAILABLE: 3,
    Code.BAD_CREDENTIALS: 5,
    Code.NOT_AUTHORISED: 5,
}
"""CONNACK return codes (MQTT 3.1.1 section 3.2.2.3). 4 is for malformed credentials; a wrong one gets 5, as brokers do."""


class Will(Struct, frozen=True):
    """What the server publishes for a client that vanished."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None


class Connect(Struct, frozen=True):
    """`keep_alive` in seconds, 0 for none; `clean` is Clean Session or Clean Start."""

    client_id: str = ""
    version: int = V5
    clean: bool = True
    keep_alive: int = 60
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties | None = None


class Connack(Struct, frozen=True):
    """`code` is a reason code in MQTT 5 and a return code in 3.1.1."""

    session_present: bool = False
    code: int = 0
    properties: Properties | None = None


class Publish(Struct, gc=False):
    """`topic` is empty when MQTT 5's alias stands for it. `pid` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    pid: int = 0
    dup: bool = False
    retain: bool = False
    properties: Properties | None = None


class Puback(Struct, frozen=True):
    """QoS 1: it is on disk."""

    pid: int
    code: int = 0
    properties: Properties | None = None


class Pubrec(Puback, frozen=True):
    """QoS 2, first answer: it is on disk."""


class Pubrel(Puback, frozen=True):
    """QoS 2: the sender forgets it."""


class Pubcomp(Puback, frozen=True):
    """QoS 2, last answer."""


class Subscribe(Struct, frozen=True):
    """`filters` are (topic filter, options byte); the options' two low bits are the QoS asked for."""

    pid: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties | None = None


class Suback(Struct, frozen=True):
    """One code a filter: the granted QoS, or 0x80 and above."""

    pid: int
    codes: tuple[int, ...]
    properties: Properties | None = None


class Unsubscribe(Struct, frozen=True):
    """`filters` as they were subscribed."""

    pid: int
    filters: tuple[str, ...]
    properties: Properties | None = None


class Unsuback(Struct, frozen=True):
    """One code a filter in MQTT 5; none in 3.1.1."""

    pid: int
    codes: tuple[int, ...] = ()
    properties: Properties | None = None


class Pingreq(Struct, frozen=True):
    """Are you there?"""


class Pingresp(Struct, frozen=True):
    """Yes."""


class Disconnect(Struct, frozen=True):
    """The end, with the reason in MQTT 5."""

    code: int = 0
    properties: Properties | None = None


class Auth(Struct, frozen=True):
    """Extended authentication (MQTT 5); read, never granted."""

    code: int = 0
    properties: Properties | None = None


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
