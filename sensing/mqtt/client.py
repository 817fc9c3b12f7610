"""A paho client for somebody else's broker: version, session, TLS, password. It is made here and driven by its owner.

paho's own thread is not used: it waits with select(), which fails for file descriptors past 1,023, and the door that we
share a process with may hold 20,000.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from sensing.errors import ValidationError
from sensing.settings import Broker

KEEPALIVE_S = 30
_LARGEST_PACKET = 16 * 1024 * 1024
"""What MQTT 5 brokers are told to keep to themselves. Far above max_packet, so that what is merely too large is still counted."""
_REPLIES = 10_000
"""Messages to devices that wait for the broker's acknowledgement."""
Filters = list[tuple[str, SubscribeOptions]] | list[tuple[str, int]]


def make(broker: Broker, client_id: str, *, keep: bool = True, environ: Mapping[str, str] = os.environ) -> Client:
    """A client that acknowledges by hand, ready for `reconnect()`. `keep`: resume the session and have it kept.

    Raises ValidationError when the password's variable or the certificates cannot be read.
    """
    five = broker.version == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if five else not keep,
        protocol=MQTTv5 if five else MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.max_queued_messages_set(_REPLIES)
    if broker.username:
        client.username_pw_set(broker.username, _password(broker, environ))
    if broker.tls:
        client.tls_set_context(_tls(broker))
    if five:
        client.connect_async(
            broker.host, broker.port, KEEPALIVE_S, clean_start=not keep, properties=_properties(broker, keep=keep)
        )
    else:
        client.connect_async(broker.host, broker.port, KEEPALIVE_S)
    return client


def filters(broker: Broker, wanted: Sequence[str]) -> Filters:
    """Subscriptions of QoS 1: with QoS 2 paho tells the broker too early that a message is safe.

    MQTT 5 sends retained messages once, not at every reconnection.
    """
    if broker.version == "5":
        once = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        return [(topic_filter, once) for topic_filter in wanted]
    return [(topic_filter, 1) for topic_filter in wanted]


def _password(broker: Broker, environ: Mapping[str, str]) -> str | None:
    if not broker.password_env:
        return None
    if broker.password_env not in environ:
        raise ValidationError(
            f"broker {broker.host}: password_env names {broker.password_env}, which is not in the environment",
            "set that variable for the service, or clear password_env",
        )
    return environ[broker.password_env]


def _tls(broker: Broker) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise ValidationError(f"broker {broker.host}: tls_ca {broker.tls_ca}: {error}", "name a readable PEM file") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _properties(broker: Broker, *, keep: bool) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = broker.session_expiry_s if keep else 0
    properties.ReceiveMaximum = broker.receive_maximum
    properties.MaximumPacketSize = _LARGEST_PACKET
    return properties
