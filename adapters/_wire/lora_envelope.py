"""What LoRaWAN network servers wrap a device's bytes in: ChirpStack v4 (JSON, Protocol Buffers), The Things Stack v3 (JSON).

    {"deduplicationId": "...", "time": "2026-08-21T14:30:00.123456789Z", "deviceInfo": {"devEui": "24e124136b502217", ...},
     "fCnt": 7, "fPort": 85, "data": "AXVkA4IeAA==", "object": {...}, "rxInfo": [{"gatewayId": "...", "rssi": -97, "snr": 7.5}]}
    {"end_device_ids": {"dev_eui": "24E124136B502217", ...}, "received_at": "...",
     "uplink_message": {"f_port": 85, "f_cnt": 7, "frm_payload": "...", "decoded_payload": {...}, "rx_metadata": [...]}}

Both are Protocol Buffers' JSON: what is zero, false or empty is left out (fCnt, fPort, snr), and 64-bit numbers are text. The place in
rxInfo is the gateway's, never the device's.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Rejection

from . import json_in, json_times, lora_proto

EUI = re.compile(r"[0-9A-Fa-f]{16}")
_EMPTY = Raw(b"")
_IDS = ("end_device_ids", "dev_eui")
_PLACE = re.compile(r"`\$\.([A-Za-z0-9_.]+)")
"""How msgspec says where a member of a wrong kind stands."""
Read = TypeVar("Read")


class Event(Struct, gc=False):
    """One event. kind: up, status, join, ack, txack, log, location, integration, or the name of The Things Stack's.

    data: the device's bytes, None when there are none. data_at: where they stand in the payload; `text` when as base64.
    battery: percent, None when not known. position: (lon, lat) that the network computed for the device.
    """

    kind: str
    native: str
    time: Micros | None = None
    port: int = 0
    count: int = 0
    data: bytes | None = None
    data_at: int = 0
    text: bool = False
    object: Raw = _EMPTY
    rssi: float | None = None
    snr: float | None = None
    battery: float | None = None
    margin: int | None = None
    position: tuple[float, float] | None = None
    test: bool = False


class _Device(Struct, gc=False):
    dev_eui: str = field(name="devEui", default="")


class _Reception(Struct, gc=False):
    rssi: float | None = None
    snr: float | None = None


class _Modulated(Struct, gc=False):
    modulation: dict[str, Any] | None = None


class _Place(Struct, gc=False):
    latitude: float = 0.0
    longitude: float = 0.0


class _Ids(Struct, gc=False):
    device_id: str = ""
    dev_eui: str = ""


class _DataRate(Struct, gc=False):
    lora: dict[str, Any] | None = None


class _Settings(Struct, gc=False):
    data_rate: _DataRate | None = None


class _Uplink(Struct, gc=False):
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: str = ""
    decoded_payload: Raw = _EMPTY
    rx_metadata: Sequence[_Reception] = ()
    settings: _Settings | None = None
    received_at: str | None = None


class _Tree(Struct, gc=False):
    """Every member of either server's events that is read."""

    time: str | None = None
    device: _Device | None = field(name="deviceInfo", default=None)
    dev_addr: str = field(name="devAddr", default="")
    adr: bool = False
    dr: int = 0
    count: int = field(name="fCnt", default=0)
    port: int = field(name="fPort", default=0)
    data: str | None = None
    object: Raw = _EMPTY
    received: Sequence[_Reception] | None = field(name="rxInfo", default=None)
    sent: _Modulated | None = field(name="txInfo", default=None)
    margin: int | None = None
    external: bool | None = field(name="externalPowerSource", default=None)
    unavailable: bool | None = field(name="batteryLevelUnavailable", default=None)
    battery: float | None = field(name="batteryLevel", default=None)
    acknowledged: bool | None = None
    queue_item: str | None = field(name="queueItemId", default=None)
    downlink: int | None = field(name="downlinkId", default=None)
    gateway: str | None = field(name="gatewayId", default=None)
    level: Any = None
    code: Any = None
    description: str | None = None
    integration: str | None = field(name="integrationName", default=None)
    location: _Place | None = None
    ids: _Ids | None = field(name="end_device_ids", default=None)
    received_at: str | None = None
    simulated: bool = False
    uplink: _Uplink | None = field(name="uplink_message", default=None)
    join_accept: Any = None
    location_solved: Any = None
    service_data: Any = None
    downlink_ack: Any = None
    downlink_nack: Any = None
    downlink_sent: Any = None
    downlink_failed: Any = None
    downlink_queued: Any = None
    uplink_normalized: Any = None
    payload: str | None = None
    hex: str | None = None


_decode = msgspec.json.Decoder(_Tree, strict=False).decode
_THINGS = (
    "join_accept", "location_solved", "service_data", "downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed",
    "downlink_queued", "uplink_normalized",
)  # fmt: skip


def from_json(payload: bytes, principal: str) -> Event | str:
    """The event in a JSON text; text alone when it only wraps bytes (`data`, `payload`, `hex`). Raises DecodeError."""
    tree = _read(payload)
    if tree.uplink is not None or tree.ids is not None:
        return _things(tree, payload, principal)
    if tree.device is None and tree.received is None:
        wrapped = next((text for text in (tree.data, tree.payload, tree.hex) if text is not None), None)
        if wrapped is None:
            raise DecodeError(Reason.MISSING_KEY, "neither deviceInfo (ChirpStack) nor end_device_ids (The Things Stack)")
        return wrapped
    return _chirpstack(tree, payload, principal)


def from_protobuf(payload: bytes, principal: str) -> Event:
    """The event in ChirpStack's Protocol Buffers. Raises DecodeError."""
    found = lora_proto.event(payload)
    if "deviceInfo" not in found:
        raise DecodeError(Reason.MISSING_KEY, "no device_info")
    data, at = found.pop("data", None), found.pop("data_at", 0)
    time = found.pop("time", None)
    event = _chirpstack(msgspec.convert(found, _Tree), b"", principal)
    event.time = time
    if event.kind == "up":
        event.data, event.data_at = data or None, at
    return event


def _read(payload: bytes) -> _Tree:
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        tree = json_in.read(payload)  # names what is wrong with it as JSON
        if type(tree) is dict and payload[:3] == b"\xef\xbb\xbf":
            return _read(payload[3:])
        where = _PLACE.search(str(error))
        raise DecodeError(Reason.BAD_GRAMMAR, str(error), path=tuple(where[1].split(".")) if where else ()) from None


def _at(path: tuple[str, ...], read: Callable[[str], Read], text: str) -> Read:
    """What `read` makes of a member; its refusal says where that stands."""
    try:
        return read(text)
    except DecodeError as error:
        error.path = path
        raise


def _chirpstack(tree: _Tree, payload: bytes, principal: str) -> Event:
    native = principal
    if tree.device is not None and tree.device.dev_eui:
        native = _at(("deviceInfo", "devEui"), _eui, tree.device.dev_eui)
    event = Event(_kind(tree), native, None if tree.time is None else _at(("time",), json_times.rfc3339, tree.time))
    if event.kind == "up":
        event.port, event.count, event.object = tree.port, tree.count, tree.object
        lora = tree.sent is not None and tree.sent.modulation is not None and "lora" in tree.sent.modulation
        _best(event, tree.received or (), 0.0 if lora else None)
        if tree.data:
            event.data, event.text = _at(("data",), _bytes, tree.data), True
            event.data_at = payload.find(tree.data.encode())
    elif event.kind == "status":
        event.margin = tree.margin or 0
        event.battery = None if tree.unavailable or tree.external else tree.battery or 0.0
    elif event.kind == "location":
        event.position = _placed(tree.location)
    return event


def _kind(tree: _Tree) -> str:
    """ChirpStack's topic says the kind of an event; the payload says it by what it has."""
    if tree.received is not None or tree.data is not None or tree.port or tree.count or tree.object:
        return "up"
    if tree.margin is not None or tree.battery is not None or tree.external is not None or tree.unavailable is not None:
        return "status"
    if tree.location is not None:
        return "location"
    if tree.integration is not None:
        return "integration"
    if tree.downlink is not None or tree.gateway is not None:
        return "txack"
    if tree.acknowledged is not None or tree.queue_item is not None:
        return "ack"
    if tree.level is not None or tree.code is not None or tree.description is not None:
        return "log"
    return "join" if tree.dev_addr else "event"


def _things(tree: _Tree, payload: bytes, principal: str) -> Event:
    ids = tree.ids
    native = principal if ids is None else _at(_IDS, _eui, ids.dev_eui) if ids.dev_eui else ids.device_id or principal
    up = tree.uplink
    kind = "up" if up is not None else next((name for name in _THINGS if getattr(tree, name) is not None), "event")
    inner = up.received_at if up is not None else None
    at, path = inner or tree.received_at, ("uplink_message", "received_at") if inner else ("received_at",)
    event = Event(kind, native, None if at is None else _at(path, json_times.rfc3339, at), test=tree.simulated)
    if up is not None:
        event.port, event.count, event.object = up.f_port, up.f_cnt, up.decoded_payload
        lora = up.settings is not None and up.settings.data_rate is not None and up.settings.data_rate.lora is not None
        _best(event, up.rx_metadata, 0.0 if lora else None)
        if up.frm_payload:
            event.data, event.text = _at(("uplink_message", "frm_payload"), _bytes, up.frm_payload), True
            event.data_at = payload.find(up.frm_payload.encode())
    return event


def _best(event: Event, receptions: Sequence[_Reception], snr: float | None) -> None:
    """The reception by the gateway that heard it best. snr: what a missing one means."""
    for reception in receptions:
        rssi = reception.rssi
        if rssi is not None and (event.rssi is None or rssi > event.rssi):
            event.rssi, event.snr = rssi, reception.snr if reception.snr is not None else snr


@lru_cache(maxsize=16_384)
def _eui(text: str) -> str:
    if not EUI.fullmatch(text):
        raise DecodeError(Reason.BAD_GRAMMAR, f'device EUI "{text[:40]}" is not 16 hex digits')
    return text.lower()


def _bytes(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.replace("-", "+").replace("_", "/"), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(Reason.BAD_GRAMMAR, f"the device's bytes are not base64: {error}") from None


def _placed(place: _Place | None) -> tuple[float, float] | None:
    if place is None or abs(place.latitude) > 90 or abs(place.longitude) > 180:
        return None
    return (place.longitude, place.latitude)


def placed(error: Rejection, event: Event) -> Rejection:
    """An error's place in the device's bytes, as a place in the MQTT payload."""
    detail = f"byte {error.offset} of the device's payload: {error.detail}"
    if event.data_at < 0 or event.data is None:
        return Rejection(error.reason, detail)
    start, end = error.offset, error.offset + error.length if error.length else len(event.data)
    if event.text:
        start, end = start * 4 // 3, -(-end * 4 // 3)
    return Rejection(error.reason, detail, event.data_at + start, max(1, end - start))
