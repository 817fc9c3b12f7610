"""What a client says beside PUBLISH and CONNECT, and the answer: pure functions of its session and rights.

Subscriptions are granted to the client's own `down` topics, at QoS 0 or 1, and to readers of the live feed, at QoS 0; nothing else is
delivered to anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sensing import topics

from . import packets as p
from .admission import Terms
from .packets import V5, Code, Packet, Publish
from .rights import Rights
from .session import LONGEST_S, Session
from .wire import WireError, encode
from .write import PINGRESP

_MOST_SUBSCRIPTIONS = 64


def answer(packet: Packet, session: Session, rights: Rights, version: int) -> bytes:
    """The bytes to send back, maybe none. Raises WireError when a client may not say this."""
    known = _ANSWERS.get(type(packet))
    if known is None:
        raise WireError(Code.PROTOCOL_ERROR, f"{type(packet).__name__.upper()} is not for a client to say here")
    return known(packet, session, rights, version)


def offer(session: Session, terms: Terms, topic: str, payload: bytes) -> Publish | None:
    """A message to the client as it subscribed; None when it did not, leaves too much unacknowledged, or takes no such size."""
    granted = [qos for name, qos in session.subscriptions.items() if topics.matches(name, topic)]
    if not granted or len(payload) + len(topic) + 16 > terms.max_packet:
        return None
    if not max(granted):
        return Publish(topic, payload)
    if len(session.inflight) >= terms.window:
        return None
    message = Publish(topic, payload, 1, session.next_pid())
    session.inflight[message.pid] = message
    return message


def farewell(packet: p.Disconnect, session: Session) -> bool:
    """Take a DISCONNECT's last wishes; whether its will is to be published all the same (MQTT 5 section 3.14)."""
    expiry = (packet.properties or {}).get("session_expiry_interval")
    if expiry is not None and (session.expiry_s or not expiry):
        session.expiry_s = min(LONGEST_S, expiry)
    return packet.code == Code.WITH_WILL


def _ping(_packet: p.Pingreq, _session: Session, _rights: Rights, _version: int) -> bytes:
    return PINGRESP


def _received(packet: p.Puback, session: Session, _rights: Rights, _version: int) -> bytes:
    session.inflight.pop(packet.pid, None)
    return b""


def _release(packet: p.Pubrel, session: Session, _rights: Rights, version: int) -> bytes:
    known = session.unreleased.pop(packet.pid, None) is not None
    return encode(p.Pubcomp(packet.pid, Code.SUCCESS if known else Code.UNKNOWN_PID), version)


def _subscribe(packet: p.Subscribe, session: Session, rights: Rights, version: int) -> bytes:
    if packet.properties and "subscription_identifier" in packet.properties:
        raise WireError(Code.NO_SUBSCRIPTION_IDS, "subscription identifiers are not supported")
    codes = tuple(_granted(name, options & 3, session, rights, version) for name, options in packet.filters)
    return encode(p.Suback(packet.pid, codes), version)


def _granted(name: str, qos: int, session: Session, rights: Rights, version: int) -> int:
    if rights.may_subscribe(name):
        if name not in session.subscriptions and len(session.subscriptions) >= _MOST_SUBSCRIPTIONS:
            return Code.QUOTA if version == V5 else Code.UNSPECIFIED
        most = 0 if rights.reads else 1
        session.subscriptions[name] = min(qos, most)
        return min(qos, most)
    if version != V5:
        return Code.UNSPECIFIED
    return Code.NO_SHARED_SUBSCRIPTIONS if name.startswith("$share/") else Code.NOT_AUTHORISED


def _unsubscribe(packet: p.Unsubscribe, session: Session, _rights: Rights, version: int) -> bytes:
    gone = [session.subscriptions.pop(name, None) is not None for name in packet.filters]
    codes = tuple(Code.SUCCESS if found else Code.NO_SUBSCRIPTION for found in gone)
    return encode(p.Unsuback(packet.pid, codes), version)


_ANSWERS: dict[type, Callable[[Any, Session, Rights, int], bytes]] = {
    p.Pingreq: _ping,
    p.Puback: _received,
    p.Pubrel: _release,
    p.Subscribe: _subscribe,
    p.Unsubscribe: _unsubscribe,
}
