"""HJ 212 through the whole forward path: what is stored, answered and booked, also across a crash between two parts."""

from contextlib import closing

import pytest

from adapters import hj212
from sensing.errors import Reason
from tests.forward import Bench, sums
from tests.hj212_frames import MN, frame, parts

STACK = "DataTime=20260821140000;a21026-Avg=4.2,a21026-Cou=1.5,a21026-ZsAvg=4.6,a21026-Flag=N;a24088-Avg=0.9,a24088-Flag=D"
CUT = ("DataTime=20260821143000;a21026-A", "vg=4.2,a21026-Flag=N")
DAY_US = 86_400_000_000


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.adapter = hj212
    made.directory.add(MN)
    made.work.store.close()
    made.work = made.worker()
    with closing(made):
        yield made


def rows(bench):
    query = (
        "SELECT s.property, s.statistic, s.unit, h.result, h.quality FROM hot h JOIN series s ON s.id = h.series ORDER BY 1, 2"
    )
    return list(bench.work.store.connection.execute(query))


def test_statistics_amounts_and_flags_are_stored(bench):
    """Concentration, amount and converted value are series of their own; a fault of the instrument is quality 4."""
    bench.say(frame(STACK, cn="2061", st="31"))
    reader = bench.run()
    assert [(p, s, u, r) for p, s, u, r, _ in rows(bench)] == [
        ("nmhc", "mean/PT1H", "mg/m3", 0.9),
        ("so2", "mean/PT1H", "ug/m3", 4200.0),
        ("so2", "sum/PT1H", "kg", 1.5),
        ("so2_converted", "mean/PT1H", "mg/m3", 4.6),
    ]
    assert rows(bench)[0][-1] == 4
    assert sums(reader, "received", "decoded", "readings", "stored") == (1, 1, 4, 4)


def test_a_crash_between_two_parts_loses_nothing(bench):
    """The held part is committed with the cursor; a new worker joins it. The same again is a duplicate."""
    one, two = parts(*CUT)
    bench.say(one)
    assert sums(bench.run(), "received", "pending", "stored") == (1, 1, 0)
    bench.work.store.close()
    bench.work = bench.worker()
    bench.say(two)
    assert sums(bench.run(), "received", "decoded", "pending", "stored") == (2, 2, 0, 1)
    bench.say(one, two)
    assert sums(bench.run(), "received", "readings", "stored") == (4, 1, 1)


def test_a_part_that_never_came_is_a_dead_letter(bench):
    """After its time, by the next frame of anybody."""
    bench.say(parts(*CUT)[0])
    bench.run()
    bench.clock += DAY_US
    bench.say(frame("", qn="20260822143000123", cn="9015"))
    reader = bench.run()
    assert sums(reader, "received", "pending", "dead_lettered", "silent") == (2, 0, 1, 1)
    assert [row[0] for row in bench.work.store.connection.execute("SELECT reason FROM dead")] == [Reason.MISSING_FRAGMENT]
