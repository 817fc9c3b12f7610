"""When a frame of a run was received is told on its own line: the same at any speed, in any shuffle of the lines."""

import json
import random

import pytest

from sensing import times
from sensing.streams import Past
from tests.forward import Bench

STORM = times.parse_instant("2016-09-14T12:00:00Z")
RUN = "storm-1"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.directory.add("mine", "p")
    made.directory.add("theirs", "other")
    yield made
    made.close()


def tell(bench, minute, principal="p", run=RUN):
    bench.say({"time": STORM + minute * times.MINUTE}, principal=principal, run=run, adapter="clock")


def stored(bench, *columns):
    """Columns of every row, in order of place."""
    bench.run().close()
    query = f"SELECT {', '.join(columns)} FROM hot h JOIN series s ON s.id = h.series ORDER BY place"
    return list(bench.work.store.connection.execute(query))


def test_a_frame_is_dated_by_its_own_principals_clock(bench):
    """Another gateway that is hours ahead changes neither the time of a frame without a clock nor a flag."""
    tell(bench, 0)
    tell(bench, 300, "other")
    bench.say({"d": "mine", "v": 1.0}, run=RUN)
    bench.say({"d": "mine", "v": 2.0, "t": STORM + 60 * times.MINUTE}, run=RUN)
    assert stored(bench, "time", "reason") == [(STORM, 0), (STORM + 60 * times.MINUTE, 8)]


def test_who_tells_no_time_gets_the_newest(bench):
    """A principal without a clock goes by the run's newest; in a run where nobody tells the time, and live, the door's stamp counts."""
    tell(bench, 5, "other")
    tell(bench, 3, "other")
    bench.say({"d": "mine", "v": 1.0}, run=RUN)
    bench.say({"d": "mine", "v": 1.0}, run="untold")
    bench.say({"d": "mine", "v": 1.0})
    assert stored(bench, "time") == [(STORM + 5 * times.MINUTE,), (bench.clock - times.SECOND,), (bench.clock,)]


def test_a_live_principal_cannot_set_the_clock(bench):
    """Frames of the clock adapter under a live credential say nothing."""
    tell(bench, 0, run="")
    bench.say({"d": "mine", "v": 1.0})
    assert stored(bench, "time") == [(bench.clock,)]


def test_any_shuffle_of_the_lines_ends_alike(tmp_path):
    """However fifty connections interleave, rows and flags are the same, for frames with and without clocks of their own."""
    digests = set()
    for seed in range(5):
        bench = Bench(tmp_path / str(seed)) if (tmp_path / str(seed)).mkdir() is None else None
        bench.directory.add("theirs", "other")
        chance, lines = random.Random(seed), {"p": list(range(40)), "other": list(range(40))}
        while any(lines.values()):
            principal = chance.choice([name for name, left in lines.items() if left])
            minute = lines[principal].pop(0)
            name = "g1" if principal == "p" else "theirs"
            tell(bench, minute * 30, principal)
            said = {"d": name, "v": minute / 10} | ({"t": STORM + minute * 31 * times.MINUTE} if minute % 2 else {})
            bench.say(said, principal=principal, run=RUN)
        digests.add(json.dumps(sorted(stored(bench, "thing", "time", "result", "quality", "reason", "served"))))
        bench.close()
    assert len(digests) == 1


def test_both_clocks_survive_a_crash(bench):
    """The time of a line and of its run are committed with the cursor, and read back by the next worker."""
    tell(bench, 7)
    tell(bench, 90, "other")
    bench.run().close()
    bench.work.store.close()
    bench.work = bench.worker()
    bench.say({"d": "mine", "v": 1.0}, run=RUN)
    assert stored(bench, "time") == [(STORM + 7 * times.MINUTE,)]
    reader = bench.run()
    assert reader.clock(RUN) == STORM + 90 * times.MINUTE
    reader.close()


def test_a_repeat_is_one_row(bench):
    """A frame without a clock is one row when it comes again: marked as a duplicate after later times, or after its own time was told again."""
    tell(bench, 1)
    bench.say({"d": "mine", "v": 1.0}, run=RUN)
    tell(bench, 2)
    bench.say({"d": "mine", "v": 1.0}, run=RUN, duplicate=True)
    tell(bench, 1)
    bench.say({"d": "mine", "v": 1.0}, run=RUN)
    assert stored(bench, "time") == [(STORM + times.MINUTE,)]


def test_parts_wait_by_the_clock_of_their_line(bench):
    """What misses a part is given up when its own line's clock says so: not by the door's, nor by another gateway's."""
    tell(bench, 0)
    bench.say({"d": "mine", "part": 1, "of": 2}, run=RUN)
    bench.clock += times.HOUR
    bench.say({"d": "g1", "v": 1.0})
    tell(bench, 30, "other")
    reader = bench.run()
    assert reader.ledger()["pending"] == 1
    reader.close()
    tell(bench, 2)
    reader = bench.run()
    assert (reader.ledger()["pending"], reader.ledger()["dead_lettered"], reader.ledger()["balanced"]) == (0, 1, True)
    reader.close()


def test_the_log_remembers_what_time_it_was(bench):
    """Looking back in the log gives the time that held for each frame, in any order of asking."""
    for minute in range(30):
        tell(bench, minute)
        tell(bench, 1000 + minute, "other")
        bench.say({"d": "mine", "v": 1.0}, run=RUN)
    frames = [frame for frame in bench.log.read(0, 1000) if frame.source.adapter == "fake"]
    wanted = [STORM + minute * times.MINUTE for minute in range(30)]
    past = Past(bench.log)
    assert [past.at(frame) for frame in frames] == wanted
    assert [past.at(frame) for frame in reversed(frames)] == wanted[::-1]


def test_decoded_again_it_is_dated_as_before(bench):
    """Redecoding a run after its end changes neither times nor flags."""
    tell(bench, 0)
    bench.say({"d": "mine", "v": 1.0}, {"d": "mine", "v": 2.0, "t": STORM + 20 * times.MINUTE}, run=RUN)
    tell(bench, 600)
    before = stored(bench, "time", "quality", "reason")
    bench.command("redecode", adapter="fake", principal="p")
    assert stored(bench, "time", "quality", "reason") == before != []
