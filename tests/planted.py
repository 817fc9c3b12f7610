"""What a new device can have wrong: each fault planted in a house, with the step of its checklist that shows it.

gauge, air and plain are the frames of good devices.
"""

import json

from adapters import ais
from sensing.coordinates import Crs, from_wgs84
from sensing.model import Reading
from sensing.times import BEIJING, HOUR, to_datetime
from tests import hj212_frames as hj
from tests import sl651_frames as sl


def stamp(micros):
    return to_datetime(micros).astimezone(BEIJING).strftime("%y%m%d%H%M%S")


def gauge(house, native, level, at=None, station="H"):
    """An SL 651 32H report of a level, m."""
    at = house.now if at is None else at
    told = stamp(at)
    digits = f"{round(level * 1000):08d}"
    body = f"0001{told}F1F1{native}48F0F0{told[:10]}3923{digits}"
    return sl.hex_frame(body, opening="")


def air(house, value, at=None, mn=hj.MN, off=0, code="a34004"):
    at = to_datetime(house.now if at is None else at).astimezone(BEIJING)
    said = hj.segment(f"DataTime={at:%Y%m%d%H%M%S};{code}-Rtd={value},{code}-Flag=N", mn=mn, qn=f"{at:%Y%m%d%H%M%S}000")
    return hj.seal(said, off)


def plain(house, device, **fields):
    return json.dumps({"device": device, **fields}).encode()


SHORE = (24.018, 117.706)
"""A place on land whose GCJ-02 pair is in the sea."""
GCJ_OF_SHORE = from_wgs84((SHORE[1], SHORE[0]), Crs.GCJ02)[::-1]


def swapped_gps(house):
    house.device("f-gps", type="generic", adapter="plainjson", lat=24.51, lon=117.65)
    house.send("f-gps", plain(house, "f-gps", position=[24.51, 117.65]), adapter="plainjson")


def wrong_topic_of_another_adapter(house):
    house.device("f-other", type="river-gauge", native="10000001")
    house.send("f-other", b"[]", adapter="senml")


def crc(house):
    house.device("f-crc", type="river-gauge", native="10000002")
    frame = bytearray(gauge(house, "0010000002", 3.2))
    frame[-1] ^= 1
    house.send("f-crc", bytes(frame), adapter="sl651")


def length(house):
    house.device("f-length", type="air-station", native="MNLENGTH")
    house.send("f-length", air(house, 31, mn="MNLENGTH", off=1), adapter="hj212")


def local_as_utc(house):
    house.device("f-ahead", type="generic", adapter="plainjson")
    house.send("f-ahead", plain(house, "f-ahead", time=house.now // 10**6 + 8 * 3600, water_level=1.5), adapter="plainjson")


def utc_as_local(house):
    house.device("f-behind", type="river-gauge", native="10000003")
    house.send("f-behind", gauge(house, "0010000003", 3.2, house.now - 8 * HOUR), adapter="sl651")


def clock_unset(house):
    house.device("f-unset", type="river-gauge", native="10000004")
    house.send("f-unset", gauge(house, "0010000004", 3.2, 946_684_800 * 10**6), adapter="sl651")


def clock_of_1970(house):
    house.device("f-1970", type="generic", adapter="plainjson")
    house.send("f-1970", plain(house, "f-1970", time=120, water_level=1.5), adapter="plainjson")


def centimetres(house):
    house.device("f-cm", type="river-gauge", native="10000005")
    house.send("f-cm", gauge(house, "0010000005", 345.0), adapter="sl651")


def milligrams(house):
    house.device("f-mg", type="air-station", native="MNMILLI")
    for value in ("0.035", "0.031"):
        house.send("f-mg", air(house, value, mn="MNMILLI"), adapter="hj212")


def swapped_place(house):
    house.device("f-swapped", type="river-gauge", native="10000006", lat=87.6, lon=43.8)


def gcj_by_coast(house):
    lon, lat = from_wgs84((SHORE[1], SHORE[0]), Crs.GCJ02)
    house.device("f-gcj-coast", type="river-gauge", native="10000007", lat=lat, lon=lon)


def gcj_by_gps(house):
    lon, lat = from_wgs84((117.65, 24.51), Crs.GCJ02)
    house.device("f-gcj", type="generic", adapter="plainjson", lat=lat, lon=lon)
    house.send("f-gcj", plain(house, "f-gcj", position=[117.65, 24.51], water_level=1.0), adapter="plainjson")


def gcj_sent(house):
    house.device("f-gcj-sent", type="generic", adapter="plainjson", lat=24.51, lon=117.65)
    sent = from_wgs84((117.65, 24.51), Crs.GCJ02)
    house.send("f-gcj-sent", plain(house, "f-gcj-sent", position=list(sent), water_level=1.0), adapter="plainjson")


def gauge_in_the_sea(house):
    house.device("f-sea", type="river-gauge", native="10000008", lat=24.0, lon=118.8)


def vessel_on_land(house):
    house.device("f-land", type="vessel", adapter="ais", native="412000001")
    said = Reading(
        "412000001",
        "position",
        "position",
        None,
        position=(117.5, 24.6),
        time=house.now // 1000 * 1000,
        wire_time=house.now // 1000 * 1000,
    )
    for sentence in ais.encode([said]):
        house.send("f-land", sentence, adapter="ais")


def bad_mmsi(house):
    house.device("f-mmsi", type="vessel", adapter="ais", native="41200001")


def same_serial(house):
    for name in ("f-serial", "f-serial-2"):
        house.device(name, type="generic", adapter="plainjson", serial="SN-0042")


def sentinel(house):
    house.device("f-sentinel", type="generic", adapter="plainjson")
    house.send("f-sentinel", plain(house, "f-sentinel", water_level=-9999), adapter="plainjson")


def missing(house):
    house.device("f-missing", type="generic", adapter="plainjson")
    house.send("f-missing", plain(house, "f-missing", water_level=None), adapter="plainjson")


def uplink(eui, data):
    return json.dumps({"deviceInfo": {"devEui": eui}, "fPort": 85, "data": data, "rxInfo": [{"rssi": -90}]}).encode()


def wrong_codec(house):
    house.device("f-codec", type="em500-udl", native="24e124136b502217")
    house.send("f-codec", uplink("24e124136b502217", "qqqqqqqqqqo="), adapter="lorawan")


def wrong_key(house):
    house.device("f-key", type="em500-udl", native="24e124136b502218")
    log = {"level": "ERROR", "code": "UPLINK_MIC", "description": "Invalid MIC", "deviceInfo": {"devEui": "24e124136b502218"}}
    house.send("f-key", json.dumps(log).encode(), adapter="lorawan")


def no_codec(house):
    house.device("f-bare", type="generic", adapter="lorawan", native="24e124136b502219")
    house.send("f-bare", uplink("24e124136b502219", "AXVk"), adapter="lorawan")


FAULTS = [
    (wrong_topic_of_another_adapter, "f-other", "arrived", "other_adapter", "sensing/v1/sl651/f-other/up"),
    (crc, "f-crc", "decoded", "bad_checksum", "checksum"),
    (length, "f-length", "decoded", "bad_length", "length_off_by_one"),
    (local_as_utc, "f-ahead", "plausible", "clock_8h", "zone +08:00"),
    (utc_as_local, "f-behind", "plausible", "clock_8h_behind", "Beijing time"),
    (clock_unset, "f-unset", "plausible", "clock_unset", "2000"),
    (clock_of_1970, "f-1970", "plausible", "clock_unset", "1970"),
    (centimetres, "f-cm", "plausible", "unit_flip", "--unit water_level=cm"),
    (milligrams, "f-mg", "plausible", "unit_flip", "--unit pm2_5=mg/m3"),
    (swapped_gps, "f-gps", "plausible", "lat_lon_swapped", "24.51,117.65"),
    (swapped_place, "f-swapped", "plausible", "lat_lon_swapped", "43.8,87.6"),
    (gcj_by_coast, "f-gcj-coast", "plausible", "gcj02_suspected", "--crs gcj02"),
    (gcj_by_gps, "f-gcj", "plausible", "gcj02_suspected", "--crs gcj02"),
    (gcj_sent, "f-gcj-sent", "plausible", "gcj02_sent", "WGS 84"),
    (gauge_in_the_sea, "f-sea", "plausible", "in_sea", "--at"),
    (vessel_on_land, "f-land", "plausible", "on_land", "MMSI"),
    (bad_mmsi, "f-mmsi", "decoded", "mmsi_invalid", "41200001"),
    (same_serial, "f-serial", "decoded", "duplicate_serial", "f-serial-2"),
    (sentinel, "f-sentinel", "plausible", "sentinel", "sensor"),
    (missing, "f-missing", "plausible", "missing", "wiring"),
    (wrong_codec, "f-codec", "decoded", "unknown_function", "codec"),
    (wrong_key, "f-key", "decoded", "lorawan_key", "AppKey"),
    (no_codec, "f-bare", "decoded", "no_codec", "codec"),
]
"""What plants it, the device, and what its checklist says: step, reason, a word of the remedy."""
