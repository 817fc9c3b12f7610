"""A service with people and devices for its pages to show, filled through its API, which is quicker than a command each."""

import contextlib
import json

import httpx

from sensing.registry import read_admin_token
from tests.e2e.service import Gauge, Sensing

PASSWORD = "rain-and-gloves-9"
PEOPLE = {"vw": "viewer", "op": "operator", "eng": "engineer"}


def asking(service):
    """The service's web, as whoever runs it on the machine."""
    token = read_admin_token(service.data / "admin.token")
    return httpx.Client(base_url=service.about()["http"], headers={"authorization": f"Bearer {token}"}, timeout=30)


def got(service, path, **params):
    """What it answers."""
    with asking(service) as client:
        answer = client.get(path, params=params)
    assert answer.is_success, answer.text
    return answer.json()


def told(service, path, body):
    """What it answers to something new."""
    with asking(service) as client:
        answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def make_people(service, people=None):
    """Persons, who have chosen their password."""
    for name, role in (people or PEOPLE).items():
        told(service, "/api/users", {"id": name, "role": role, "password": PASSWORD})


def sign_in(service, name, password=PASSWORD):
    """The cookies of a new session."""
    with httpx.Client(base_url=service.about()["http"], timeout=30) as client:
        answer = client.post("/api/session", json={"user": name, "password": password})
        assert answer.is_success, answer.text
        return dict(client.cookies)


def make_principal(service, name, kind="gateway"):
    """Its password."""
    return told(service, "/api/principals", {"id": name, "kind": kind})["password"]


def make_device(service, identity, **fields):
    """Register one; fields as the API takes them."""
    return told(service, "/api/devices", {"id": identity, **fields})


def import_sheet(service, text):
    """Register those of a spreadsheet."""
    with asking(service) as client:
        answer = client.post("/api/devices/import", content=text.encode(), params={"name": "list.csv"})
    assert answer.is_success, answer.text
    last = json.loads(answer.text.splitlines()[-1])
    assert last["import"].get("bad", 0) == 0, last


def speaker(service, name, adapter="plainjson", kind="gateway"):
    """A client that is connected as a new principal."""
    password = make_principal(service, name, kind)
    return Gauge(int(service.about()["mqtt"]["port"]), name, password, adapter=adapter)


@contextlib.contextmanager
def running(folder, *words, people=None, types=None):
    """A service of its own, with people, ended in the end. types: of things that only this site has, id: TOML."""
    found = Sensing(folder / "data")
    for name, text in (types or {}).items():
        (found.data / "things").mkdir(parents=True, exist_ok=True)
        (found.data / "things" / f"{name}.toml").write_text(text, "utf-8")
    try:
        found.up(*words)
        make_people(found, people)
        yield found
    finally:
        found.down_if_up()
