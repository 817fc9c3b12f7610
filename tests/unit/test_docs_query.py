"""The walk-through of docs/query.md is run as it stands, over a small store with hot and sealed rows."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from sensing import times
from sensing.observe import revision
from sensing.store import Row, SeriesKey
from sensing.store.sqlite import SqliteStore
from tests.lake import ACCOUNT, batch, sealed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "query.md"
HOUR = times.HOUR


def snippets(page):
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def fill(store, begin):
    """Two gauges with an hour of levels and rain, a minute apart."""
    for place, prop, statistic, period in ((1, "water_level", "instant", 0), (2, "rainfall", "sum/PT5M", 5 * times.MINUTE)):
        rows = []
        for device in ("gauge-17", "gauge-18"):
            number = store.series(SeriesKey(device, prop, statistic, "", ""), "live", "m")
            for minute in range(0, 60, 5):
                time = begin + minute * times.MINUTE
                start = time - period if period else None
                quality = 4 if minute == 30 else 1
                rows.append(
                    Row(
                        number,
                        time,
                        start,
                        1.5,
                        quality,
                        0,
                        revision(1.5, start),
                        0,
                        0,
                        0,
                        time + 5,
                        1,
                        None,
                        None,
                        True,
                        ACCOUNT,
                    )
                )
        store.commit(batch(place, rows))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "data" / "store.db"
    path.parent.mkdir()
    with contextlib.closing(SqliteStore(path)) as store:
        fill(store, times.now() - 2 * HOUR)
        sealed(store, path)
        fill(store, times.now() - HOUR + times.MINUTE)
        yield tmp_path


def test_the_walk_through_runs(folder, monkeypatch):
    """Each snippet in its turn, in one process, in a folder that has `data`; and it says what the page says that it does."""
    monkeypatch.chdir(folder)
    known, said = {}, io.StringIO()
    found = snippets(PAGE.read_text("utf-8"))
    assert len(found) == 4
    with contextlib.redirect_stdout(said):
        for number, code in enumerate(found):
            exec(compile(code, f"{PAGE.name}[{number}]", "exec"), known)
    assert "gauge-17" in said.getvalue()
    assert known["written"] == 96
    assert Path("week.parquet").is_file()
    means = dict(known["by_duckdb"])
    assert means == dict(known["by_polars"].rows()) == known["by_pandas"].to_dict() == {"gauge-17": 1.5, "gauge-18": 1.5}
