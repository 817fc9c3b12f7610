"""How the service says that it is well: health, ready, status, and every role's numbers."""

import os
import re

import pytest

from sensing import runfile
from sensing.access import Role
from sensing.store.reader import StoreReader
from sensing.times import SECOND
from tests.house import House, reading


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("gauge-1")
    yield found
    found.close()


def running(house, **roles):
    """run.json as the supervisor writes it; every role is this process unless told otherwise."""
    pids = dict.fromkeys(("door", "work", "web"), os.getpid()) | roles
    about = {
        "pid": os.getpid(),
        "started": "2026-01-01T00:00:00Z",
        "http": "http://127.0.0.1:1",
        "roles": pids,
        "demo_run": "demo-1",
    }
    runfile.write(house.data, about | {"mqtt": {"host": "127.0.0.1", "port": 1883, "tls_port": None}})
    for role in ("door", "work"):
        house.metrics.write(house.data / "run" / f"{role}.prom")


async def get(house, path, status=200, role=Role.VIEWER):
    async with house.client(role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer


async def test_ready_is_roles_alive_and_ledger_balanced(house):
    """Both, or 503 with what is lacking."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    assert (await get(house, "/ready", 503, None)).json()["lacking"] == ["door", "work", "web"]
    running(house)
    assert (await get(house, "/ready", 200, None)).json() == {"ready": True, "lacking": [], "balanced": True}
    running(house, work=0)
    assert (await get(house, "/ready", 503, None)).json()["lacking"] == ["work"]


async def test_a_role_that_stands_still_is_not_ready(house):
    """A process that lives but has written no numbers for long does not answer."""
    running(house)
    os.utime(house.data / "run" / "door.prom", (1, 1))
    assert (await get(house, "/ready", 503, None)).json()["lacking"] == ["door"]


async def test_a_ledger_that_does_not_balance_is_not_ready(house):
    """A frame that was taken and not booked shows at once."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    house.work.store.connection.execute("UPDATE accounts SET decoded = decoded - 1")
    running(house)
    assert (await get(house, "/ready", 503, None)).json()["balanced"] is False
    assert (await get(house, "/api/status")).json()["balanced"] is False


async def test_health_tells_nothing_of_the_city(house):
    """Open to all: that it is up, and which roles are."""
    running(house, door=0)
    found = (await get(house, "/health", 200, None)).json()
    assert found["roles"] == {"door": False, "work": True, "web": True}
    assert set(found) == {"status", "version", "roles"}


async def test_status_is_the_contracts(house):
    """Its keys, and how far the log is before work."""
    running(house)
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    house.send("gauge-1", reading("gauge-1", 1.0, house.now + 1), received=house.now - SECOND, work=False)
    found = (await get(house, "/api/status")).json()
    assert {"ready", "processes", "mqtt", "http", "ingest_rate", "lag_ms", "balanced"} <= set(found)
    assert found["processes"][0] == {"role": "door", "pid": os.getpid(), "alive": True}
    assert (found["log_head"], found["place"]) == (2, 1)
    assert found["lag_ms"] >= 1000
    assert found["ingest_rate"] == 0.2
    assert found["run"] == "demo-1"
    assert found["mqtt"] == "mqtt://127.0.0.1:1883"


async def test_metrics_of_all_roles_are_one_text(house):
    """Each family is told once, each sample by its role, and each role's age stands beside."""
    running(house)
    house.desk.metrics.count("sensing_shared_total", 3, reason='say "x"')
    for role in ("door", "work"):
        house.desk.metrics.write(house.data / "run" / f"{role}.prom")
    answer = await get(house, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'sensing_shared_total{role="door",reason="say \\"x\\""} 3' in lines
    assert 'sensing_shared_total{role="work",reason="say \\"x\\""} 3' in lines
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert {found[1] for line in lines if (found := re.match(r'sensing_role_age_seconds\{role="(\w+)"\}', line))} == {
        "door",
        "web",
        "work",
    }


async def test_the_demo_of_this_service_is_shown_and_other_runs_are_not(house):
    """Without `run`: live and the run that run.json names."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    house.send("gauge-1", reading("gauge-1", 2.0, house.now), run="demo-1")
    house.send("gauge-1", reading("gauge-1", 3.0, house.now), run="storm-1")
    running(house)
    rows = (await get(house, "/api/latest")).json()["items"]
    assert sorted(row["run"] for row in rows) == ["", "demo-1"]
    assert [row["run"] for row in (await get(house, "/api/latest?run=live")).json()["items"]] == [""]


async def test_a_store_that_is_not_there_yet_is_a_503(tmp_path, house):
    """Work has not started: the answer says so, and is no defect."""
    house.desk.stores.close()
    house.desk.stores._make = lambda: StoreReader(tmp_path / "elsewhere" / "store.db")
    assert (await get(house, "/api/latest", 503)).json()["code"] == 5
    assert "store" in (await get(house, "/ready", 503, None)).json()["lacking"]
