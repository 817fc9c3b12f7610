"""The API asked what its own description allows, and what it does not, by schemathesis, against a real process: it never answers with a 5xx.

What writes is asked too, as an administrator: the house is there to be broken. Rights are asked of every route in tests/contract/test_routes.py; here
of the process, over the network, with real tokens.
"""

import json
import os
import subprocess
import sys
import time
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sensing import app, runfile
from sensing.access import Role
from sensing.audit import Actor
from sensing.registry import DeviceForm, read_admin_token
from sensing.web.openapi import description
from sensing.web.parameters import PARAMETERS
from sensing.web.routes import ROUTES

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
TESTER = Actor("tester")
CASES = 8
"""Of each operation: some 80 operations in about a minute."""
BUSY = {"GET /api/stream", "GET /api/live"}
"""What has no end."""
DANGEROUS = {"POST /api/session/password", "POST /api/session/renew", "DELETE /api/session"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """door, work and web of a small house, and a token of each role."""
    data = tmp_path_factory.mktemp("data")
    app.prepare(data)
    registry = app.open_registry(data)
    tokens = {role: registry.create_token(role.word, role, actor=TESTER).text for role in Role}
    for name in ("gauge-1", "gauge-2"):
        registry.register_device(DeviceForm.read({"id": name, "type": "generic", "adapter": "plainjson"}), actor=TESTER)
    registry.close()
    environ = os.environ | {
        "SENSING_HTTP__PORT": "0", "SENSING_MQTT__PORT": "0", "SENSING_HTTP__MAX_RATE": "100000", "SENSING_HTTP__MAX_BURST": "100000",
    }  # fmt: skip
    up = [sys.executable, "-m", "sensing", "--data", str(data), "up", "--http-port", "0", "--mqtt-port", "0"]
    process = subprocess.Popen(up, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = _ready(data, process)
        yield url, tokens, read_admin_token(data / "admin.token")
    finally:
        process.terminate()
        process.wait(30)


def _ready(data, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        about = runfile.running(data) or {}
        try:
            if about.get("http") and httpx.get(f"{about['http']}/ready").status_code == 200:
                return about["http"]
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")


def operations():
    """(name, operation) of everything that the description tells of and that ends."""
    schema = schemathesis.openapi.from_dict(description())
    for found in schema.get_all_operations():
        operation = found.ok()
        name = f"{operation.method.upper()} {operation.path}"
        if name not in BUSY | DANGEROUS:
            yield name, operation


def _told(answer):
    return (
        f"{answer.request.method} {answer.request.url} {answer.request.content[:300]!r}: {answer.status_code} {answer.text[:200]}"
    )


@pytest.mark.parametrize(("name", "operation"), list(operations()), ids=lambda each: each if isinstance(each, str) else "")
def test_whatever_is_asked_is_answered_without_a_5xx(house, name, operation):
    """Bodies and parameters as described: an answer or a refusal that says what was wrong, never a failure of ours. 503 and 504 are none."""
    url, _, admin = house
    headers = {"authorization": f"Bearer {admin}"}
    with httpx.Client(base_url=url, timeout=40) as client:

        @given(case=operation.as_strategy(), known=st.sampled_from([None, "gauge-1", "gauge-2", "tester"]))
        @settings(
            max_examples=CASES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case, known):
            if known and "id" in (case.path_parameters or {}):
                case.path_parameters["id"] = known
            answer = client.request(**_request(case, headers))
            assert answer.status_code < 500 or answer.status_code in (503, 504), _told(answer)
            if answer.status_code >= 400:
                assert {"error", "hint", "code"} <= set(answer.json()), _told(answer)

        ask()


def _request(case, headers):
    made = case.as_transport_kwargs(base_url="")
    made.pop("cookies", None)
    found = {"method": made["method"], "url": made["url"], "headers": {"content-type": "application/json", **headers}}
    if made.get("params"):
        found["params"] = made["params"]
    if "json" in made:
        found["json"] = made["json"]
    elif made.get("data") is not None:
        found["content"] = made["data"] if isinstance(made["data"], bytes | str) else b""
    return found


NASTY = (
    "", " ", "0", "-1", "1", "1e400", "nan", "-inf", "999999999999999999999999", "\u0663", "\x00", "\ud800", "%00", "../..", "'", "gauge-1", "*", "[", "[a",
    "null", "true", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1s", "99999999d", "P1D", "mean,max", "5m",
    "1,2,3,4", "181,91,-181,-91", "117,24,118,25", "nan,nan,nan,nan", "value>1", "value>", "(((", "a=b or", "csv", "parquet", "json", "all", "live",
    "s-1", "1.1", "-9223372036854775809", "<script>alert(1)</script>", "\r\nx: y",
)  # fmt: skip
"""What has broken other people's parsers."""
values = st.sampled_from(NASTY)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | values, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(values, inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def good(path, name):
    """Values that a parameter takes, so that what is wrong is not always the first one."""
    told = PARAMETERS.get(f"{path} {name}") or PARAMETERS.get(name) or {}
    return told.get("enum") or told.get("examples") or ("1", "gauge-1", "2026-01-01T00:00:00Z")


@st.composite
def nonsense(draw):
    """A route with values that it did not expect in its own parameters and fields, and sometimes in ones that it does not have."""
    route = draw(st.sampled_from([route for route in ROUTES if route.name not in BUSY | DANGEROUS and not route.page]))
    names = st.lists(st.sampled_from(route.parameters or ("unknown",)), max_size=3, unique=True)
    query = {name: draw(values | st.sampled_from(good(route.path, name))) for name in draw(names)}
    fields = st.sampled_from(route.body) if route.body else st.just("unknown")
    body = draw(st.dictionaries(fields, anything, max_size=4) | anything)
    return route, query, body, draw(values)


@settings(
    max_examples=500,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(made=nonsense())
def test_nonsense_is_refused_in_words(house, made):
    """Values of every wrong kind in a route's own parameters, fields and path: an answer or a 4xx, in words."""
    url, _, admin = house
    route, query, body, part = made
    path = "/".join(_quoted(part) or "x" if "{" in word else word for word in route.path.split("/"))
    content = None if route.method == "GET" else json.dumps(body).encode()
    asked = f"{url}{path}?{'&'.join(f'{name}={_quoted(value)}' for name, value in query.items())}"
    answer = httpx.request(route.method, asked, content=content, timeout=40, headers={"authorization": f"Bearer {admin}"})
    assert answer.status_code < 500 or answer.status_code in (503, 504), _told(answer)
    if answer.status_code >= 400:
        assert {"error", "hint", "code"} <= set(answer.json()), _told(answer)


def _quoted(text):
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.word if role else "nobody")
def test_no_route_is_open_without_its_role(house, role):
    """Over the network, as nobody and as each role: too low is 401 or 403, and for a page the way in."""
    url, tokens, _ = house
    headers = {"authorization": f"Bearer {tokens[role]}"} if role else {}
    for route in ROUTES:
        if route.role is None or (role is not None and role >= route.role):
            continue
        path = "/".join("1" if "{" in word else word for word in route.path.split("/"))
        answer = httpx.request(route.method, url + path, headers=headers, timeout=20)
        if route.page:
            assert (answer.status_code, answer.headers["location"][:7]) == (303, "/signin"), route.name
        else:
            assert answer.status_code == (401 if role is None else 403), route.name
