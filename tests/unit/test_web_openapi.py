"""The API's description of itself: valid, whole, and the same as the table of routes; other sites stay out unless they are named."""

import tomllib

import httpx
import pytest
import schemathesis

from sensing.access import Role
from sensing.paths import config_dir
from sensing.sections import Http
from sensing.settings import Settings
from sensing.web.app import make
from sensing.web.openapi import BODIES, description
from sensing.web.parameters import PARAMETERS
from sensing.web.routes import ROUTES
from tests.house import TESTER, House, reading

API = [route for route in ROUTES if not route.page and not route.path.startswith("/static/")]
AT = 1_794_000_000_000_000


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    for number, (lon, area) in enumerate([(117.5, "north"), (117.6, "north"), (118.9, "south"), (None, "south")]):
        where = {} if lon is None else {"lon": lon, "lat": 24.5}
        found.device(f"gauge-{number}", area=area, name=f"测站 {number}", **where)
    found.send("gauge-1", reading("gauge-1", 3.25, AT))
    found.north = found.registry.create_token("n", Role.VIEWER, areas=["north"], actor=TESTER).text
    yield found
    found.close()


def test_it_is_valid_and_whole():
    """OpenAPI 3.1 by its own schema; each route of the table once, with its role, parameters, body and errors."""
    told = description()
    schemathesis.openapi.from_dict(told).validate()
    operations = {(method, path): each for path, item in told["paths"].items() for method, each in item.items()}
    assert len(operations) == len(API)
    assert len({each["operationId"] for each in operations.values()}) == len(API)
    for route in API:
        path = route.path.replace(":path", "")
        found = operations[route.method.lower(), path]
        assert found["x-role"] == (route.role.word if route.role else None)
        assert bool(found["security"]) is (route.role is not None)
        assert [each["name"] for each in found["parameters"] if each["in"] == "query"] == list(route.parameters)
        assert ("requestBody" in found) is bool(route.body or route.upload)
        assert {"400", "404", "422", "429", "503"} <= set(found["responses"])


def test_every_parameter_is_told_and_every_model_has_the_routes_fields():
    """A new parameter takes a row in web/parameters.py; a model in BODIES has what docs/api.md says."""
    assert not {
        f"{route.path} {name}"
        for route in API
        for name in route.parameters
        if name not in PARAMETERS and f"{route.path} {name}" not in PARAMETERS
    }
    bodies = {route.name: set(route.body) for route in API}
    assert {name: set(model.model_fields) for name, model in BODIES.items()} == {name: bodies[name] for name in BODIES}


async def test_it_is_served_and_small(house):
    told = await house.ask("GET", "/api/openapi.json", role=Role.VIEWER)
    assert told == description()


async def test_devices_as_geojson(house):
    """Features by id with their newest rows; what is nowhere has no geometry; `bbox`, pages and areas narrow it."""
    async with house.client(Role.VIEWER) as client:
        answer = await client.get("/api/devices.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    told = answer.json()
    assert [each["id"] for each in told["features"]] == ["gauge-0", "gauge-1", "gauge-2", "gauge-3"]
    one, last = told["features"][1], told["features"][3]
    assert one["geometry"] == {"type": "Point", "coordinates": [117.6, 24.5]}
    assert [(value["property"], value["result"], value["unit"]) for value in one["properties"]["values"]] == [
        ("water_level", 3.25, "m")
    ]
    assert (last["geometry"], last["properties"]["values"]) == (None, [])
    boxed = await house.ask("GET", "/api/devices.geojson?bbox=117,24,118,25&limit=1")
    assert ([each["id"] for each in boxed["features"]], boxed["next"]) == (["gauge-0"], "gauge-0")
    rest = await house.ask("GET", f"/api/devices.geojson?bbox=117,24,118,25&limit=1&cursor={boxed['next']}")
    assert ([each["id"] for each in rest["features"]], rest["next"]) == (["gauge-1"], None)
    async with house.client(None) as client:
        bound = (await client.get("/api/devices.geojson", headers={"authorization": f"Bearer {house.north}"})).json()
    assert {each["properties"]["area"] for each in bound["features"]} == {"north"}


@pytest.mark.parametrize("origin", ["*", "https://city.example/", "city.example", "null", "https://*.example", "https://a b"])
def test_origins_are_exact(origin):
    with pytest.raises(ValueError, match="is no origin"):
        Http(cors_origins=[origin])


async def test_other_sites_read_nothing_unless_they_are_named(house):
    """Off: no header, and a preflight is no method. Named: that origin alone, with a token, never with a cookie."""
    desk = house.desk
    plain = desk.settings
    asked = {
        "origin": "https://city.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    async with house.client(Role.VIEWER) as client:
        refused = await client.options("/api/latest", headers=asked)
        assert refused.status_code == 405
        assert "access-control-allow-origin" not in refused.headers
    desk.settings = Settings(http=Http(cors_origins=["https://city.example"]))
    try:
        transport = httpx.ASGITransport(make(desk))
        async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=house.headers(Role.VIEWER)) as client:
            let = await client.options("/api/latest", headers=asked)
            other = await client.options("/api/latest", headers=asked | {"origin": "https://evil.example"})
            read = await client.get("/api/latest", headers={"origin": "https://city.example"})
    finally:
        desk.settings = plain
    assert (let.status_code, let.headers["access-control-allow-origin"]) == (200, "https://city.example")
    assert "access-control-allow-credentials" not in let.headers
    assert other.headers.get("access-control-allow-origin") is None
    assert read.headers["access-control-allow-origin"] == "https://city.example"


def test_every_operation_says_what_it_does_in_both_languages():
    """/api/docs is read in Chinese and in English; nothing is told of what is not there."""
    told = description()["paths"]
    lacking = [
        f"{method} {path}"
        for path, found in told.items()
        for method, each in found.items()
        if not each.get("x-summary-zh") or not each.get("summary")
    ]
    assert lacking == []
    known = {f"{method.upper()} {path}" for path, found in told.items() for method in found}
    assert set(tomllib.loads((config_dir() / "api.toml").read_text("utf-8"))) <= known
