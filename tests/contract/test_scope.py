"""The table's field `scope` is the law too: each route against people who are bound to an area, in it and out of it."""

import pytest

from sensing import times
from sensing.access import Role
from sensing.registry import DeviceForm
from sensing.web.routes import ROUTES
from sensing.web.scope import ANY, AREA, HOUSE, SCOPES
from tests.house import TESTER, House, reading

AT = 1_794_000_000_000_000
NORTH = ("north",)
QUERIES = {"/api/stream": "?once=1", "/api/live": "?once=1", "/api/redecode": "?device=north-1"}
COMMANDS = (
    (
        "annotate",
        {"device": "{id}", "property": "water_level", "from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "quality": 4},
    ),
    ("redrive", {"places": ["{dead}"]}),
    ("drop", {"places": ["{dead}"], "why": "test"}),
    ("release", {"adapter": "toy", "native": "{native}", "why": "test"}),
    ("redecode", {"device": "{id}"}),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    for name, area in (("north-1", "north/quay"), ("south-1", "south"), ("northeast-1", "northeast"), ("nowhere-1", "")):
        found.device(name, area=area)
        found.send(name, reading(name, 1.0, AT))
        found.send(name, b"{broken")
        found.send(name, reading(f"unknown-{name}", 2.0, AT))
    found.registry.register_principal("gateway-1", "gateway", actor=TESTER)
    for name, area in (("mixed-north", "north"), ("mixed-south", "south")):
        found.device(name, area=area, principal="gateway-1")
    found.send("gateway-1", reading("mixed-north", 3.0, AT), reading("mixed-south", 4.0, AT))
    found.bound = {role: found.registry.create_token(f"{role.word}-north", role, areas=NORTH, actor=TESTER).text for role in Role}
    yield found
    found.close()


async def ask(house, method, path, role=Role.ADMIN, **more):
    async with house.client(None) as client:
        return await client.request(method, path, headers={"authorization": f"Bearer {house.bound[role]}"}, **more)


async def items(house, path):
    answer = await ask(house, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_every_route_says_how_it_serves_who_is_bound_to_areas():
    """A new route without a scope fails here; until it has one, nobody who is bound gets in."""
    assert not [route.name for route in ROUTES if route.scope not in SCOPES]
    assert not [route.name for route in ROUTES if route.role is None and route.scope != ANY]
    assert not [route.name for route in ROUTES if "/api/devices" in route.path and route.scope != AREA]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_who_is_bound_gets_no_further_than_the_table_says(house, route):
    """An administrator of the north: the house's routes are 403, those of a device too when it is a southern one, never a northern one's."""
    body = None if route.method == "GET" else {"nonsense": 1}
    path = route.path.replace("{place}", "999999") + QUERIES.get(route.path, "")
    answer = await ask(house, route.method, path.replace("{id}", "none-such"), json=body)
    assert (answer.status_code == 403) == (route.scope == HOUSE)
    if route.path.startswith("/api/devices/{id}"):
        for outside in ("south-1", "northeast-1", "nowhere-1"):
            assert (await ask(house, route.method, path.replace("{id}", outside), json=body)).status_code == 403
        if route.method in ("GET", "PATCH"):
            assert (await ask(house, route.method, path.replace("{id}", "north-1"), json=body)).status_code != 403


async def test_lists_show_what_stands_in_the_area(house):
    """Rows, devices, events, dead letters and quarantine: the north's alone; `north` is not `northeast`, and no area is nobody's."""
    assert {row["device"] for row in await items(house, "/api/latest")} == {"north-1", "mixed-north"}
    assert {row["device"] for row in await items(house, "/api/observations")} == {"north-1", "mixed-north"}
    assert {each["id"] for each in await items(house, "/api/devices")} == {"north-1", "mixed-north"}
    assert {each["principal"] for each in await items(house, "/api/dead-letters")} == {"north-1"}
    assert {each["native"] for each in await items(house, "/api/quarantine")} == {"unknown-north-1"}
    assert await items(house, "/api/imports") == []
    exported = await ask(house, "GET", "/api/export/devices")
    assert [line.split(",")[0] for line in exported.text.splitlines()[1:]] == ["mixed-north", "north-1"]
    stream = await ask(house, "GET", "/api/stream?once=1&since=3650d")
    assert "north-1" in stream.text
    assert not any(name in stream.text for name in ("south", "northeast", "nowhere"))


async def test_one_of_another_area_is_refused(house):
    """A dead letter, a frame, an explanation by their names; and what a shared gateway sent is shown without the others' bytes."""
    async with house.client() as client:
        letters = {each["principal"]: each["id"] for each in (await client.get("/api/dead-letters")).json()["items"]}
    time = times.rfc3339(AT)
    for name, status in (("north-1", 200), ("south-1", 403)):
        assert (await ask(house, "GET", f"/api/dead-letters/{letters[name]}")).status_code == status
        assert (await ask(house, "GET", f"/api/frames/{letters[name].partition('.')[0]}")).status_code == status
        explained = await ask(house, "GET", f"/api/explain?device={name}&property=water_level&time={time}")
        assert explained.status_code == status
        redecoded = await ask(house, "GET", f"/api/redecode?device={name}")
        assert redecoded.status_code == status
    shared = (await ask(house, "GET", f"/api/explain?device=mixed-north&property=water_level&time={time}")).json()
    assert shared["steps"][0]["hex"] is None
    assert "mixed-south" not in str(shared["steps"][0])


@pytest.mark.parametrize(("op", "args"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
async def test_commands_touch_what_stands_in_the_area(house, op, args):
    """Each command on a southern device is refused; one that names nothing is the whole house's."""
    async with house.client() as client:
        letters = {each["principal"]: each["id"] for each in (await client.get("/api/dead-letters")).json()["items"]}
    filled = {
        name: [letters["south-1"]]
        if name == "places"
        else text.format(id="south-1", native="unknown-south-1")
        if isinstance(text, str)
        else text
        for name, text in args.items()
    }
    answer = await ask(house, "POST", "/api/commands", json={"op": op, "args": filled})
    assert answer.status_code == 403, answer.text
    if op in ("redrive", "redecode"):
        whole = await ask(house, "POST", "/api/commands", json={"op": op, "args": {}})
        assert whole.status_code == 403


async def test_writing_stays_in_the_area(house):
    """Registering, moving, carrying, accepting and importing: into the north, from the north, by the north's own principals."""
    form = {"id": "new-1", "type": "gauge", "area": "south"}
    assert (await ask(house, "POST", "/api/devices", json=form)).status_code == 403
    assert (await ask(house, "POST", "/api/devices", json=form | {"area": ""})).status_code == 403
    assert (await ask(house, "POST", "/api/devices", json=form | {"area": "north", "principal": "gateway-1"})).status_code == 403
    assert (await ask(house, "POST", "/api/devices", json=form | {"area": "north/new"})).status_code == 201
    assert (await ask(house, "PATCH", "/api/devices/new-1", json={"area": "south"})).status_code == 403
    assert (await ask(house, "PATCH", "/api/devices/new-1", json={"principal": "south-1"})).status_code == 403
    assert (await ask(house, "PATCH", "/api/devices/new-1", json={"name": "x"})).status_code == 200
    accept = {"adapter": "toy", "native": "unknown-south-1", "id": "taken", "type": "gauge", "area": "north"}
    assert (await ask(house, "POST", "/api/quarantine/accept", json=accept)).status_code == 404
    sheet = (
        "id,type,area,name\nin-1,gauge,north,a\nout-1,gauge,south,b\nsouth-1,gauge,north,stolen\nnorth-1,gauge,north/quay,mine\n"
    )
    answer = await ask(house, "POST", "/api/devices/import?name=x", content=sheet.encode())
    assert '"bad":2' in answer.text
    assert '"new":1' in answer.text
    assert '"changed":1' in answer.text
    assert "stolen" not in house.registry.show_device("south-1").name


async def test_a_person_in_areas_makes_nobody_without(house):
    """Tokens, people and certificates are the whole house's: who is bound cannot unbind."""
    made = await ask(house, "POST", "/api/tokens", json={"name": "free", "role": "admin"})
    added = await ask(house, "POST", "/api/users", json={"id": "free", "role": "admin"})
    assert (made.status_code, added.status_code) == (403, 403)


def test_the_registry_itself_refuses_an_actor_out_of_its_area(house):
    """Not only the routes: whatever is changed goes through what knows who acts."""
    from sensing.access import ForbiddenError
    from sensing.audit import Actor

    bound = Actor("li", areas=NORTH)
    for change in (
        lambda: house.registry.retire_device("south-1", actor=bound),
        lambda: house.registry.restore_device("south-1", actor=bound),
        lambda: house.registry.rotate_principal("gateway-1", actor=bound),
        lambda: house.registry.revoke_principal("south-1", actor=bound),
        lambda: house.registry.register_device(DeviceForm.read({"id": "x", "type": "gauge", "area": "south"}), actor=bound),
    ):
        with pytest.raises(ForbiddenError):
            change()
    assert house.registry.rotate_principal("north-1", actor=bound).username == "north-1"
