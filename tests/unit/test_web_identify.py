"""Codes over HTTP: whoever has one in hand finds the thing, and hardware is replaced under a series that goes on."""

import pytest

from sensing.access import Role
from sensing.times import rfc3339
from tests.house import House, reading


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    yield found
    found.close()


async def ask(house, method, path, status=200, body=None, role=Role.ENGINEER, **parameters):
    return await house.ask(method, path, status, role, params=parameters, json=body)


async def test_a_label_leads_to_its_thing_and_takes_a_viewer(house):
    """Label, URN, id and native id give one answer; without a token nothing is told."""
    device = house.device("i-1", native="wire/1:x", serial="SN 1").device
    for code in (device.label.upper(), device.urn, "i-1", "wire%2F1:x", "toy:wire%2F1:x", "SN 1"):
        found = await ask(house, "GET", f"/id/{code}", role=Role.VIEWER)
        assert (found["id"], found["urn"], found["device"]["native"]) == ("i-1", device.urn, "wire/1:x")
        assert found["matched"][0]["to"] is None
    await ask(house, "GET", "/id/nobody", 404)
    await ask(house, "GET", "/id/" + "x" * 500, 404)
    async with house.client(None) as client:
        for code in (device.label, "nobody"):
            answer = await client.get(f"/id/{code}")
            assert answer.status_code == 401
            assert "i-1" not in answer.text


async def test_a_code_of_several_things_is_a_choice(house):
    """A serial number that two devices claim: both are listed, none is guessed."""
    house.device("i-2", serial="TWICE")
    house.device("i-3", serial="TWICE")
    found = await ask(house, "GET", "/id/TWICE", 300)
    assert [each["id"] for each in found["things"]] == ["i-2", "i-3"]


async def test_a_replaced_logger_goes_on_with_the_series(house):
    """One series over two loggers; old frames are explained with the hardware of then; the old code is found with its dates."""
    house.device("i-4", native="old-4", serial="S1")
    house.send("i-4", reading("old-4", 1.0, house.now))
    at = rfc3339(house.registry.database.clock())
    done = await ask(house, "POST", "/api/devices/i-4/replace", body={"native": "new-4", "serial": "S2"})
    assert {(each["code"], each["to"] is None) for each in done["codes"]} == {
        ("old-4", False),
        ("S1", False),
        ("new-4", True),
        ("S2", True),
    }
    house.send("i-4", reading("new-4", 2.0, house.now + 1_000_000))
    rows = (await ask(house, "GET", "/api/observations", device="i-4", property="water_level"))["items"]
    assert [row["result"] for row in rows] == [1.0, 2.0]
    hardware = []
    for row in rows:
        told = await ask(house, "GET", "/api/explain", device="i-4", property="water_level", time=row["time"])
        steps = {step["step"]: step for step in told["steps"]}
        assert "reading" in steps, steps
        hardware.append((steps["decode"]["hardware"]["native"], steps["decode"]["hardware"]["serial"]))
    assert hardware == [("old-4", "S1"), ("new-4", "S2")]
    found = await ask(house, "GET", "/id/old-4")
    assert found["id"] == "i-4"
    assert found["matched"][0]["to"] is not None
    assert (await ask(house, "GET", "/id/old-4", at=at))["id"] == "i-4"
    await ask(house, "GET", "/id/new-4", 404, at=at)


async def test_a_redecode_reads_the_frames_of_both_loggers(house):
    """What a device said before it was replaced is read again with the rest."""
    house.device("i-5", native="old-5")
    house.send("i-5", reading("old-5", 1.0, house.now))
    await ask(house, "POST", "/api/devices/i-5/replace", body={"native": "new-5"})
    house.send("i-5", reading("new-5", 2.0, house.now + 1_000_000))
    done = await ask(house, "POST", "/api/commands", body={"op": "redecode", "args": {"device": "i-5"}}, role=Role.ENGINEER)
    assert done["result"]["redecoded"] == {"duplicate": 2} or sum(done["result"]["redecoded"].values()) == 2, done


async def test_what_cannot_be_is_refused(house):
    house.device("i-6")
    await ask(house, "POST", "/api/devices/i-6/replace", 422)
    await ask(house, "POST", "/api/devices/i-6/replace", 422, {"native": 5})
    await ask(house, "POST", "/api/devices/i-6/replace", 409, {"native": "i-2"})
    await ask(house, "POST", "/api/devices/none/replace", 404, {"native": "z"})
    await ask(house, "POST", "/api/devices/i-6/codes", 422, {"scheme": "station"})
    await ask(house, "POST", "/api/devices/i-6/codes", body={"scheme": "station", "code": "62031999"})
    assert (await ask(house, "GET", "/id/62031999"))["id"] == "i-6"
    await ask(house, "POST", "/api/devices/i-6/codes/end", body={"scheme": "station", "code": "62031999"})
    await ask(house, "POST", "/api/devices/i-6/codes/end", 404, {"scheme": "station", "code": "62031999"})
