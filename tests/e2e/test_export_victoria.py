"""The whole service with an export target: what a gauge says is in VictoriaMetrics a moment later, and status says how far it is."""

import json
import time

import pytest

from sensing.export import Series
from sensing.export.line import Line
from sensing.export.lines import coded, prefix
from sensing.settings import Export
from tests.e2e.service import Gauge, Sensing, eventually
from tests.victoria import Victoria


@pytest.fixture
def victoria(tmp_path):
    with Victoria(tmp_path / "victoria") as found:
        yield found


@pytest.fixture
def sensing(tmp_path):
    found = Sensing(tmp_path / "data")
    yield found
    found.down_if_up()


def reports(first, numbers):
    return [json.dumps({"device": "gauge-1", "time": (first + n) * 1000, "water_level": 2 + n / 8}).encode() for n in numbers]


def test_what_is_stored_is_exported(sensing, victoria):
    """From PUBACK to VictoriaMetrics, through an outage of it, with lag and points in `status` and /metrics."""
    sensing.data.mkdir()
    (sensing.data / "config.toml").write_text(
        f'[[export]]\nname = "city"\nkind = "victoriametrics"\nurl = "{victoria.url}"\nevery_s = 0.1\n'
    )
    sensing.up()
    made = sensing.json("device", "register", "gauge-1", "--type", "generic", "--adapter", "plainjson")
    port = int(sensing.about()["mqtt"]["port"])
    first = int(time.time()) - 100
    with Gauge(port, made["username"], made["password"], "plainjson") as gauge:
        gauge.publish(*reports(first, range(40)))
        eventually(lambda: exported(sensing)["points"] >= 40, "the first points are exported", 30)
        victoria.kill()
        gauge.publish(*reports(first, range(40, 100)))
        eventually(lambda: exported(sensing)["state"] == "waiting", "status says that it waits", 30)
        victoria.start()
        eventually(lambda: (found := exported(sensing))["lag_s"] == 0 and found["state"] == "sending", "all is exported", 60)
    ((labels, points),) = victoria.series('{__name__="water_level_result"}')
    assert labels == {
        "__name__": "water_level_result", "device": "gauge-1", "statistic": "instant", "domain": labels["domain"], "origin": "live",
    }  # fmt: skip
    assert points == [((first + n) * 1000, 2 + n / 8) for n in range(100)]
    assert {point[1] for _, found in victoria.series('{__name__="water_level_quality"}') for point in found} <= {1, 2, 3, 4, 9}
    assert "export" in {each["role"] for each in sensing.json("status")["processes"]}


def exported(sensing):
    return next(iter(sensing.json("status")["exports"]), {"points": 0, "state": "", "lag_s": 1})


def test_odd_words_arrive_as_they_are(victoria):
    """Spaces, commas, equals, Chinese and quotes in words: VictoriaMetrics reads what we mean."""
    words = [
        "plain", "with space", "a,b", "a=b", "漳州 水位", 'quo"ted', "back\\slash", "trailing\\", "new\nline", "100%", " lead", "'", "#x", "é",
    ]  # fmt: skip
    at = int(time.time()) * 1000
    starts = [prefix(Series(word, "odd", "instant", word, "", "live"), "city") for word in words]
    lines = [f"{start}result={n}.5,quality=1i {at}000000\n" for n, start in enumerate(starts)]
    line = Line(Export(url=victoria.url))
    assert line.post("".join(lines).encode()).status == 204
    line.close()
    found = {labels["device"]: (labels["channel"], points) for labels, points in victoria.series('{__name__="odd_result"}')}
    assert found == {coded(word): (coded(word), [(at, n + 0.5)]) for n, word in enumerate(words)}
