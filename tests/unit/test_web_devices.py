"""Devices, principals and tokens over HTTP: what people register comes back, what is secret shows once, each change is audited."""

import csv
import io

import pytest

from sensing.access import Role, authenticate_token
from sensing.registry import RegistryGatekeeper
from sensing.times import rfc3339
from tests.house import House, reading


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    yield found
    found.close()


async def ask(house, method, path, status=200, body=None, role=Role.ENGINEER, **parameters):
    return await house.ask(method, path, status, role, params=parameters, json=body)


async def test_registering_answers_all_that_a_device_needs(house):
    """Username, password, topic and broker, so that the engineer types nothing from memory; the password opens and is told once."""
    made = await ask(house, "POST", "/api/devices", 201, {"id": "r-1", "type": "gauge", "lat": 24.5, "lon": 118.1, "zero": 1.5})
    assert {"id", "adapter", "native", "principal", "username", "password", "topic", "broker"} <= set(made)
    assert made["topic"] == "sensing/v1/toy/r-1/up"
    assert made["broker"].startswith("mqtt://")
    grant = RegistryGatekeeper(house.data / "registry.db").authenticate(made["username"], made["password"].encode())
    assert grant.principal == "r-1"
    shown = await ask(house, "GET", "/api/devices/r-1")
    assert made["password"] not in str(shown)
    assert shown["zero"] == 1.5
    again = await ask(house, "POST", "/api/devices", 409, {"id": "r-1", "type": "gauge"})
    assert again["code"] == 6
    lines = (await ask(house, "GET", "/api/audit", role=Role.ADMIN, subject="r-1"))["items"]
    assert {line["who"] for line in lines} == {"engineer"}
    assert made["password"] not in str(lines)


async def test_a_device_shows_what_it_measured_last(house):
    """One answer for the engineer who stands before it."""
    house.device("r-2", name="二号")
    house.send("r-2", reading("r-2", 3.25, house.now))
    shown = await ask(house, "GET", "/api/devices/r-2")
    assert [row["result"] for row in shown["latest"]] == [3.25]
    assert shown["carrier"]["id"] == "r-2"
    await ask(house, "GET", "/api/devices/none", 404)


async def test_lists_are_paged_and_filtered(house):
    """By part of a name, by state, a page at a time."""
    for number in range(5):
        house.device(f"page-{number}", area="East")
    first = await ask(house, "GET", "/api/devices", query="page-", limit=3)
    rest = await ask(house, "GET", "/api/devices", query="page-", limit=3, cursor=first["next"])
    assert [each["id"] for each in first["items"] + rest["items"]] == [f"page-{number}" for number in range(5)]
    assert rest["next"] is None
    assert [each["id"] for each in (await ask(house, "GET", "/api/devices", area="East", limit=1))["items"]] == ["page-0"]
    await ask(house, "GET", "/api/devices", 400, state="broken")


async def test_an_edit_is_dated(house):
    """What bears on values holds from the time that is given; what it was before stays."""
    house.device("r-3", zero=1.0)
    since = rfc3339(house.now)
    edited = await ask(house, "PATCH", "/api/devices/r-3", body={"zero": 2.0, "name": "new", "valid_from": since})
    assert [(each["zero"], each["valid_from"]) for each in edited["configs"]][-1] == (2.0, since)
    assert edited["name"] == "new"
    await ask(house, "PATCH", "/api/devices/r-3", 422, {"colour": "red"})
    await ask(house, "PATCH", "/api/devices/r-3", 422, {"valid_from": 5})
    await ask(house, "PATCH", "/api/devices/none", 404, {"name": "x"})


async def test_retired_and_restored(house):
    """Out of service is restorable."""
    house.device("r-4")
    assert (await ask(house, "POST", "/api/devices/r-4/retire"))["state"] == "retired"
    assert [each["id"] for each in (await ask(house, "GET", "/api/devices", state="retired"))["items"]] == ["r-4"]
    assert (await ask(house, "POST", "/api/devices/r-4/restore"))["state"] == "active"


async def test_rotating_a_carried_device_is_refused(house):
    """A gateway's password is shared by its devices, so it is not turned over by the name of one of them."""
    made = await ask(house, "POST", "/api/principals", 201, {"id": "gw-1", "kind": "gateway", "name": "泵站"})
    assert made["password"]
    house.device("r-5", principal="gw-1")
    await ask(house, "POST", "/api/devices/r-5/rotate", 409, {})
    house.device("r-6")
    fresh = await ask(house, "POST", "/api/devices/r-6/rotate", body={"overlap": "10m"})
    assert fresh["password"]
    assert fresh["topic"] == "sensing/v1/toy/r-6/up"


async def test_a_principal_from_first_to_last(house):
    """Registered, given a second credential, rotated, revoked, retired; no secret in the list."""
    made = await ask(house, "POST", "/api/principals", 201, {"id": "gw-2"})
    second = await ask(
        house, "POST", "/api/principals/gw-2/credentials", 201, {"origin": "simulated", "run": "storm-9", "expires": "2h"}
    )
    assert (second["origin"], second["run"]) == ("simulated", "storm-9")
    assert second["expires"] > rfc3339(house.now)
    await ask(house, "POST", "/api/principals/gw-2/rotate", 400)
    fresh = await ask(house, "POST", "/api/principals/gw-2/rotate", body={"origin": "live"})
    assert fresh["password"] not in (made["password"], second["password"])
    listed = await ask(house, "GET", "/api/principals", kind="gateway")
    assert "gw-2" in [each["id"] for each in listed["items"]]
    assert fresh["password"] not in str(listed)
    assert (await ask(house, "POST", "/api/principals/gw-2/revoke"))["revoked"] == 2
    assert (await ask(house, "POST", "/api/principals/gw-2/retire"))["retired"]
    assert not (await ask(house, "POST", "/api/principals/gw-2/restore"))["retired"]
    await ask(house, "POST", "/api/principals", 422, {"id": "gw-3", "kind": "internal"})


async def test_tokens_are_shown_once_and_end_at_once(house):
    """An administrator makes them, lists them without their text, and ends them."""
    made = await ask(house, "POST", "/api/tokens", 201, {"name": "wall", "role": "viewer", "expires": "90s"}, Role.ADMIN)
    assert authenticate_token(house.registry, made["token"]).role is Role.VIEWER
    listed = (await ask(house, "GET", "/api/tokens", role=Role.ADMIN))["items"]
    assert made["id"] in [each["id"] for each in listed]
    assert made["token"] not in str(listed)
    await ask(house, "DELETE", f"/api/tokens/{made['id']}", role=Role.ADMIN)
    assert authenticate_token(house.registry, made["token"]) is None
    await ask(house, "POST", "/api/tokens", 422, {"name": "x", "role": "king"}, Role.ADMIN)
    await ask(house, "DELETE", "/api/tokens/none", 404, role=Role.ADMIN)


async def test_an_export_can_come_back_in(house):
    """The CSV has the contract's columns, and the export itself is audited."""
    async with house.client(Role.ENGINEER) as client:
        answer = await client.get("/api/export/devices", params={"query": "page-"})
        told = await client.get("/api/export/devices", params={"format": "json", "query": "page-"})
    assert [row["id"] for row in csv.DictReader(io.StringIO(answer.text))] == [f"page-{number}" for number in range(5)]
    assert answer.text.startswith("id,type,adapter,native,name,lat,lon,crs,area,datum,zero,unit,principal,settings,note\n")
    assert len(told.text.splitlines()) == 5
    assert house.registry.audit_lines(limit=1)[0].what == "devices_exported"


async def test_types_tell_what_a_kind_of_device_is(house):
    """The form's choices."""
    found = await ask(house, "GET", "/api/types", role=Role.VIEWER)
    assert [each["id"] for each in found["items"]] == ["gauge", "weather"]
    assert found["adapters"] == ["toy"]
