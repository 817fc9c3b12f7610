"""One-time links: once, for minutes, on this machine or over TLS, and gone with every change of the person."""

import json

import httpx
import pytest

from sensing.access import Role
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.registry.links import LASTS
from sensing.times import DAY
from tests.house import TESTER, House

GOOD = "many plain words 42"
pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def house(tmp_path, quick_hashes):
    found = House(tmp_path)
    found.registry.add_user("li", Role.OPERATOR, areas=["north"], password=GOOD, actor=TESTER)
    yield found
    found.close()


def browser(house, address="127.0.0.1"):
    return httpx.AsyncClient(transport=httpx.ASGITransport(house.app, client=(address, 40_000)), base_url="http://house")


async def link(house, user="li", status=201):
    return await house.ask("POST", f"/api/users/{user}/link", status, json={})


async def test_a_link_signs_in_once(house):
    """The first opens a session of that person; the second is refused as a wrong one is. Both are in the audit, the secret nowhere."""
    made = await link(house)
    assert made["path"] == f"/signin#k={made['key']}"
    async with browser(house) as first, browser(house) as second:
        opened = await first.post("/api/session/link", json={"key": made["key"]})
        assert opened.status_code == 201
        assert "httponly" in opened.headers["set-cookie"].lower()
        told = (await first.get("/api/session")).json()
        assert (told["name"], told["role"], told["areas"], told["kind"]) == ("li", "operator", ["north"], "session")
        again = await second.post("/api/session/link", json={"key": made["key"]})
        wrong = await second.post("/api/session/link", json={"key": "l-none.none"})
        assert (again.status_code, again.json()) == (401, wrong.json())
    lines = [(line.what, line.subject) for line in house.registry.audit_lines(limit=10)]
    assert {("link_made", "li"), ("link_used", "li"), ("link_failed", "unknown")} <= set(lines)
    secret = made["key"].partition(".")[2].encode()
    assert not [path for path in house.data.rglob("*") if path.is_file() and secret in path.read_bytes()]


async def test_a_link_opens_on_this_machine_only_where_there_is_no_tls(house):
    """A session's secret would cross the network in clear; the link is not spent by the attempt."""
    made = await link(house)
    async with browser(house, "192.0.2.9") as away, browser(house, "::1") as here:
        assert (await away.post("/api/session/link", json={"key": made["key"]})).status_code == 400
        assert (await here.post("/api/session/link", json={"key": made["key"]})).status_code == 201


def test_a_link_ends_with_its_time_and_with_every_change_of_the_person(house):
    now = [house.registry.database.clock()]
    house.registry.database.clock = lambda: now[0]
    late, moved = (house.registry.make_link("li", actor=TESTER).text for _ in range(2))
    now[0] += LASTS
    assert house.registry.open_link(late, address="::1") is None
    now[0] -= LASTS
    house.registry.set_role("li", Role.VIEWER, actor=TESTER)
    assert house.registry.open_link(moved, address="::1") is None


async def test_only_who_may_be_let_in_gets_a_link(house):
    """Not somebody who is not there, or removed, or has yet to replace a one-time password; not for ever; and only an administrator makes one."""
    house.registry.add_user("new-one", Role.VIEWER, actor=TESTER)
    with pytest.raises(NotFoundError):
        house.registry.make_link("nobody", actor=TESTER)
    with pytest.raises(ConflictError):
        house.registry.make_link("new-one", actor=TESTER)
    with pytest.raises(ValidationError):
        house.registry.make_link("li", lasts=DAY + 1, actor=TESTER)
    house.registry.remove_user("li", actor=TESTER)
    await link(house, "li", 404)
    assert (await house.ask("POST", "/api/users/li/link", 403, role=Role.ENGINEER, json={}))["code"] == 2


async def test_guessing_links_is_slow(house):
    """Wrong ones count against the address as wrong passwords do."""
    async with browser(house) as guessing:
        told = [(await guessing.post("/api/session/link", json={"key": f"l-{n}.x"})).status_code for n in range(25)]
    assert told[0] == 401
    assert told[-1] == 429


async def test_a_guest_comes_in_by_link_only(house):
    """The demo's person: made once, administrator, whom no password lets in."""
    for _ in range(2):
        house.registry.ensure_guest("demo", Role.ADMIN, actor=TESTER)
    assert not house.registry.right_password("demo", "demo")
    made = house.registry.make_link("demo", actor=TESTER)
    assert house.registry.open_link(made.text, address="::1").user == "demo"


async def test_own_sessions_are_listed_and_ended(house):
    """Where one is signed in; another's are neither shown nor ended."""
    house.registry.add_user("wang", Role.ADMIN, password=GOOD, actor=TESTER)
    async with browser(house) as one, browser(house, "192.0.2.9") as two, browser(house) as other:
        for each, user in ((one, "li"), (two, "li"), (other, "wang")):
            answer = await each.post("/api/session", json={"user": user, "password": GOOD})
            each.headers["x-csrf-token"] = answer.json()["csrf"]
        listed = (await one.get("/api/sessions")).json()["items"]
        assert sorted((each["address"], each["current"]) for each in listed) == [("127.0.0.1", True), ("192.0.2.9", False)]
        (away,) = [each["id"] for each in listed if not each["current"]]
        assert (await other.delete(f"/api/sessions/{away}")).status_code == 404
        assert (await one.delete(f"/api/sessions/{away}")).json() == {"id": away, "ended": True}
        house.desk.guard._known.clear()
        assert (await two.get("/api/session")).status_code == 401
        assert json.dumps(listed).count("s-") == 2
