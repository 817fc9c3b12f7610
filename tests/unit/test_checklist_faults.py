"""Faults planted in a new device, each through the real adapter and the real forward path: the right step turns red, with reason and remedy."""

import asyncio
import re
from contextlib import closing
from pathlib import Path

import pytest

import adapters
from sensing.access import Role
from sensing.doorway import Doorway
from sensing.errors import ConflictError, ValidationError
from sensing.mqtt import packets as p
from sensing.paths import config_dir
from sensing.settings import Settings
from sensing.things import load_types
from sensing.times import MINUTE
from sensing.web.remedies import CHECK
from tests.house import House
from tests.planted import FAULTS, GCJ_OF_SHORE, air, gauge, plain
from tests.raw_client import RawClient, eventually

TYPES = load_types(config_dir() / "things")
ADAPTERS = adapters.discover()
STEPS = ("connected", "arrived", "decoded", "plausible", "stored")
ON_LAND = (24.51, 117.65)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("faults"), ADAPTERS, TYPES)
    yield found
    found.close()


async def checked(house, device, **parameters):
    async with house.client(Role.ENGINEER) as client:
        answer = await client.get(f"/api/devices/{device}/test", params=parameters)
    assert answer.status_code == 200, answer.text
    return {step["step"]: step for step in answer.json()["steps"]}


@pytest.mark.parametrize(("plant", "device", "step", "reason", "remedy"), FAULTS, ids=[row[0].__name__ for row in FAULTS])
async def test_a_fault_turns_its_step_red(house, plant, device, step, reason, remedy):
    """The step, the reason, and what to do in both languages; every step before it is not red."""
    plant(house)
    found = await checked(house, device)
    assert (found[step]["ok"], found[step]["reason"]) == (False, reason)
    assert remedy in found[step]["remedy"]["en"]
    assert found[step]["remedy"]["zh"] != found[step]["remedy"]["en"]
    assert not [name for name in STEPS[: STEPS.index(step)] if found[name]["ok"] is False and name != "connected"]


async def test_a_good_device_is_green_without_a_warning(house):
    """The same types, adapters and places, with nothing wrong."""
    house.device("good", type="river-gauge", native="10000100", lat=ON_LAND[0], lon=ON_LAND[1])
    house.send("good", gauge(house, "0010000100", 3.45), adapter="sl651")
    house.device("good-air", type="air-station", native="MNGOOD")
    house.send("good-air", air(house, 35, mn="MNGOOD"), adapter="hj212")
    for name in ("good", "good-air"):
        found = await checked(house, name)
        assert [step["ok"] for step in found.values()] == [True] * 5
        assert not [step for step in found.values() if step.get("warnings")]


async def test_a_tide_gauge_may_stand_in_the_water(house):
    """Off the shore by some hundred metres is where it belongs; ten kilometres are not."""
    for number, (lat, lon) in enumerate((GCJ_OF_SHORE, (24.0, 118.8))):
        house.device(f"tide-{number}", type="tide-gauge", native=f"1000050{number}", lat=lat, lon=lon)
        house.send(f"tide-{number}", gauge(house, f"001000050{number}", 1.2), adapter="sl651")
    assert (await checked(house, "tide-0"))["plausible"]["ok"] is True
    assert (await checked(house, "tide-1"))["plausible"]["reason"] == "in_sea"


async def test_a_dip_test_tells_units_from_a_wrong_zero(house):
    """100 times the measured level is another unit and red; some centimetres are a warning; the same is nothing."""
    house.device("dip", type="river-gauge", native="10000101")
    house.send("dip", gauge(house, "0010000101", 150.0), adapter="sl651")
    flipped = (await checked(house, "dip", dip="1.48"))["plausible"]
    assert (flipped["ok"], flipped["reason"]) == (False, "unit_flip")
    beside = (await checked(house, "dip", dip="149.92"))["plausible"]
    assert (beside["ok"], beside["warnings"][0]["reason"]) == (True, "dip_differs")
    assert "+0.080" in beside["warnings"][0]["remedy"]["en"]
    assert "warnings" not in (await checked(house, "dip", dip="150.01"))["plausible"]
    async with house.client(Role.ENGINEER) as client:
        assert (await client.get("/api/devices/dip/test", params={"dip": "deep"})).status_code == 400


async def test_a_twin_beside_it_and_a_skewed_clock_only_warn(house):
    """Another device of the type within 20 m, and five minutes of clock: shown with remedy, and green all the same."""
    for number, lat in ((1, 24.6), (2, 24.6001)):
        house.device(f"twin-{number}", type="river-gauge", native=f"1000020{number}", lat=lat, lon=117.6)
    house.send("twin-1", gauge(house, "0010000201", 3.2, house.now + 5 * MINUTE), adapter="sl651")
    found = await checked(house, "twin-1")
    assert [step["ok"] for step in found.values()] == [True] * 5
    warned = {each["reason"] for step in found.values() for each in step.get("warnings", ())}
    assert warned == {"duplicate_place", "clock_skew"}


async def test_a_frame_lost_on_the_line_does_not_hold_up_the_good_ones_after_it(house):
    """Noise warns while later frames are stored; noise after them is red again."""
    house.device("noisy", type="river-gauge", native="10000102")
    good, bad = gauge(house, "0010000102", 3.45), bytearray(gauge(house, "0010000102", 3.46))
    bad[-1] ^= 1
    house.send("noisy", bytes(bad), adapter="sl651")
    house.send("noisy", good, adapter="sl651")
    found = await checked(house, "noisy")
    assert found["decoded"]["ok"] is True
    assert found["decoded"]["warnings"][0]["reason"] == "some_rejected"
    house.send("noisy", bytes(bad), adapter="sl651")
    assert (await checked(house, "noisy"))["decoded"]["ok"] is False


async def test_green_needs_a_row_that_is_stored_since(house):
    """An observation of before the registration's moment, sent again, is no proof; a frame not worked yet is none either."""
    from sensing import times

    house.device("proof", type="generic", adapter="plainjson")
    old = plain(house, "proof", time=house.now // 10**6, water_level=1.0)
    house.send("proof", old, adapter="plainjson")
    since = times.now()
    house.send("proof", old, adapter="plainjson")
    found = await checked(house, "proof", since=times.rfc3339(since))
    assert (found["decoded"]["ok"], found["stored"]["ok"], found["stored"]["reason"]) == (True, False, "duplicate")
    house.send("proof", plain(house, "proof", time=house.now // 10**6 + 1, water_level=1.1), adapter="plainjson", work=False)
    assert (await checked(house, "proof", since=times.rfc3339(since)))["stored"]["ok"] is not True
    house.step()
    assert (await checked(house, "proof", since=times.rfc3339(since)))["stored"]["ok"] is True


def test_what_registration_itself_refuses(house):
    """Latitude 117 is told to be swapped, a native id twice names who has it: nothing is registered."""
    with pytest.raises(ValidationError, match="swapped"):
        house.device("r-swapped", type="river-gauge", native="10000300", lat=117.65, lon=24.51)
    house.device("r-1", type="river-gauge", native="10000301")
    with pytest.raises(ConflictError, match="r-1"):
        house.device("r-2", type="river-gauge", native="10000301")


async def test_who_is_not_let_in_is_told_why(tmp_path):
    """By the real door: a wrong password is counted for its principal, an unknown name for nobody and not kept, a foreign topic refused."""
    with closing(House(tmp_path, ADAPTERS, TYPES)) as house:
        passwords = {
            name: house.device(name, type="river-gauge", native=f"1000040{number}").credential.password
            for number, name in enumerate(("d-1", "d-2", "d-3"))
        }
        before = await checked(house, "d-3")
        assert before["connected"]["reason"] == "silent"
        house.log.close()
        doorway = Doorway(tmp_path, Settings(mqtt={"port": 0, "tls_port": 0}), frozenset(ADAPTERS))
        stop = asyncio.Event()
        running = asyncio.create_task(doorway.run(stop))
        await eventually(lambda: doorway.door.port)
        for user, password in (("d-1", b"wrong"), ("my-secret-1", passwords["d-2"].encode())):
            client = await RawClient.connect(doorway.door.port, user, password=password)
            assert client.connack.code
            client.drop()
        client = await RawClient.connect(doorway.door.port, "d-2", password=passwords["d-2"].encode())
        client.say(p.Publish("sensing/v1/sl651/d-1/up", b"x", 1, 7))
        await client.ended()
        await eventually(lambda: len(house_knocks(house)) == 2)
        stop.set()
        await running
        found = {name: await checked(house, name) for name in ("d-1", "d-2", "d-3")}
        assert (found["d-1"]["connected"]["ok"], found["d-1"]["connected"]["reason"]) == (False, "bad_credentials")
        assert "sensing device rotate d-1" in found["d-1"]["connected"]["remedy"]["en"]
        assert (found["d-3"]["connected"]["ok"], found["d-3"]["connected"]["reason"]) == (False, "unknown_user")
        assert "exactly d-3" in found["d-3"]["connected"]["remedy"]["en"]
        assert found["d-2"]["connected"]["ok"] is True
        assert (found["d-2"]["arrived"]["ok"], found["d-2"]["arrived"]["reason"]) == (False, "wrong_topic")
        assert "sensing/v1/sl651/d-2/up" in found["d-2"]["arrived"]["remedy"]["en"]
        assert "my-secret-1" not in str(house_knocks(house))
        house.log = house_log(tmp_path)
        assert sum(house.log.refusals().values()) == 1


def house_log(data, *, write=True):
    from sensing.framelog.sqlite import SqliteLog

    return SqliteLog(data / "log.db", write=write)


def house_knocks(house):
    with closing(house_log(house.data, write=False)) as log:
        return log.knocks()


def test_every_reason_has_its_row():
    """docs/register.md explains each reason that the checklist has of its own, and no other."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "register.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) - set(STEPS) == set(CHECK)
