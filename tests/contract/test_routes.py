"""The table of routes is the law: each route against each kind of caller, and docs/api.md against the table."""

import re
from pathlib import Path

import pytest

from sensing.access import Role
from sensing.web.routes import ROUTES
from tests.house import House

API = Path(__file__).resolve().parents[2] / "docs" / "api.md"
OPEN = {
    "GET /health", "GET /ready", "POST /api/session", "POST /api/session/link", "GET /signin", "GET /static/{name:path}", "GET /words.json",
}  # fmt: skip
OWN = {"DELETE /api/session", "POST /api/session/renew", "POST /api/session/password", "DELETE /api/sessions/{id}"}
"""What everybody may do to what is theirs."""
CALLERS = [None, *Role]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    found.device("gauge-1")
    yield found
    found.close()


def address(route):
    """The route with names filled in that lead nowhere, so that nothing is changed by asking."""
    path = route.path.replace("{place}", "999").replace("{id}", "none-such").replace("{name:path}", "js/dom.js")
    return path + "?once=1" if route.path in ("/api/stream", "/api/live") else path


@pytest.mark.parametrize("caller", CALLERS, ids=lambda role: role.word if role else "none")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_each_route_is_open_to_whom_the_table_says(house, route, caller):
    """Without a token 401, with too low a role 403, else whatever the route answers, but neither of these."""
    async with house.client(caller) as client:
        answer = await client.request(route.method, address(route), json=None if route.method == "GET" else {"nonsense": 1})
    if route.name.startswith("POST /api/session") and route.role is None:
        assert answer.status_code == 422
    elif route.role is None or (caller is not None and caller >= route.role):
        assert answer.status_code not in (401, 403, 404 if "{" not in route.path else 0, 405, 500)
    elif route.page and caller is None:
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/signin")
    else:
        assert answer.status_code == (401 if caller is None else 403)
        assert set(answer.json()) == {"error", "hint", "code"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == (kept(route) if answer.status_code == 200 else "no-store")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "access-control-allow-origin" not in answer.headers


def kept(route):
    """How long a browser may keep an answer: only what says nothing of who asks, and asks each time for shells and words."""
    if route.path == "/api/places/coast":
        return "private, max-age=86400"
    return "no-cache" if route.page or route.path.startswith(("/static/", "/words.json")) else "no-store"


def test_only_few_routes_are_open():
    """A route without a role would be open to the world: only those that say nothing of the city are, and the ways in."""
    assert {route.name for route in ROUTES if route.role is None} == OPEN


def test_what_changes_something_takes_more_than_a_viewer():
    """No route that writes is a viewer's."""
    low = [route.name for route in ROUTES if route.method != "GET" and (route.role is None or route.role < Role.OPERATOR)]
    assert set(low) == OWN | {"POST /api/session", "POST /api/session/link"}


def test_no_route_is_twice_in_the_table():
    """The second of two would never be asked for its role."""
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


def documented():
    rows = re.findall(r"^\| `([A-Z]+ [^`]+)` \| (\w+) \| (.*?) \| (.*?) \| (.+?) \|$", API.read_text("utf-8"), re.MULTILINE)
    return {
        name: (role, re.findall(r"`(\w+)`", query), re.findall(r"`(\w+)`", body), text) for name, role, query, body, text in rows
    }


def test_docs_tell_each_route_with_its_role_and_parameters():
    """docs/api.md has a line for each route and none for any other."""
    told = {name: (role, query, body) for name, (role, query, body, _) in documented().items()}
    table = {
        route.name: (route.role.word if route.role else "open", list(route.parameters), list(route.body)) for route in ROUTES
    }
    assert told == table
    assert not [name for name, (*_, text) in documented().items() if len(text.strip()) < 10]
