"""Messages that came in several frames and were held: accepted or redriven they are read whole, once, and every frame's count moves."""

import json
from pathlib import Path

import pytest

from adapters import sl651
from sensing.metrics import Metrics
from sensing.store.reader import Wanted
from sensing.store.sqlite import SqliteStore
from sensing.work import Work
from tests.faults.speech import sl651 as frame
from tests.forward import BASE, Bench, FakeAdapter, sums

T = 1_790_000_040_000_000
A, B = "0000000001", "0000000002"
PACKETS = Path(__file__).resolve().parents[1] / "golden" / "sl651" / "con-m3-3pkt"


class Gateway(Bench):
    """A bench that speaks SL 651 too."""

    def worker(self):
        adapters = {"fake": FakeAdapter(), "sl651": sl651}
        return Work(self.log, SqliteStore(self.data / "store.db"), adapters, self.directory, self.settings, Metrics())

    def accept(self, adapter, native, number):
        self.directory.add(native)
        self.command("accept", f"c{number}", adapter=adapter, native=native)
        return self.run()


@pytest.fixture(params=[1, 100])
def bench(request, tmp_path):
    made = Gateway(tmp_path, batch=request.param)
    yield made
    made.close()


def results(reader):
    return sorted(row["result"] for row in reader.observations(Wanted(), 100))


def settled(reader, frames):
    """Nothing is held any more, everything is booked."""
    ledger = reader.ledger()
    assert ledger["balanced"], ledger
    assert (ledger["decoded"], ledger["quarantined"], ledger["dead_lettered"], ledger["pending"]) == (frames, 0, 0, 0), ledger
    assert reader.quarantine() == reader.dead() == []


def test_a_frame_in_two_halves_is_accepted_whole(bench):
    """Both halves wait in quarantine under the station's id."""
    whole = frame(A, T, 1.5)
    bench.say(whole[:20], whole[20:], adapter="sl651")
    (waiting,) = bench.run().quarantine()
    assert (waiting["native"], waiting["frames"]) == (A, 2)
    reader = bench.accept("sl651", A, 1)
    assert results(reader) == [1.5]
    settled(reader, 2)


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_two_stations_whose_frames_share_a_payload_are_accepted_one_by_one(bench, order):
    """One whole frame and half of another's, then the rest: whichever is accepted first."""
    other = frame(B, T, 2.5)
    bench.say(frame(A, T, 1.5) + other[:20], other[20:], adapter="sl651")
    bench.run()
    for number, native in enumerate(order):
        reader = bench.accept("sl651", native, number)
        assert reader.ledger()["balanced"]
    assert results(reader) == [1.5, 2.5]
    settled(reader, 2)


def test_a_message_in_packets_is_accepted_whole(bench):
    """The three packets of a golden case, which speaks of two stations that nobody knew."""
    packets = [bytes.fromhex(line) for line in (PACKETS / "frame.hex").read_text().split()]
    expected = [line for line in json.loads((PACKETS / "expected.json").read_text())["lines"] if "device" in line]
    bench.say(*packets, adapter="sl651")
    stations = sorted({line["device"] for line in expected})
    assert sorted((row["native"], row["frames"]) for row in bench.run().quarantine()) == [(one, 3) for one in stations]
    for number, native in enumerate(stations):
        reader = bench.accept("sl651", native, number)
        assert reader.ledger()["balanced"]
    assert sums(reader, "readings") == (len(expected),)
    settled(reader, len(packets))


def test_a_message_in_parts_that_was_refused_is_redriven_whole(bench):
    """Each of its frames is a dead letter; mended and redriven, twice, it is stored once."""
    bench.say({"d": "x1", "t": BASE, "v": 1.0, "part": 1, "of": 2}, {"d": "x1", "t": BASE, "v": 1.0, "part": 2, "of": 2})
    reader = bench.run()
    assert [(letter["place"], letter["reason"]) for letter in reader.dead()] == [(1, "not_yours"), (2, "not_yours")]
    bench.command("redrive", "too-early")
    reader = bench.run()
    assert [letter["place"] for letter in reader.dead()] == [1, 2]
    assert sums(reader, "dead_lettered") == (2,)
    bench.directory.add("x1", "p")
    for number in range(2):
        bench.command("redrive", f"c{number}")
        reader = bench.run()
        assert results(reader) == [1.0]
        settled(reader, 2)


def test_half_a_frame_redriven_alone_stays_a_dead_letter(bench):
    """Its other half never came: it is not read, not counted anew, and not lost from the list."""
    bench.say(frame(A, T, 1.5)[:20], adapter="sl651")
    bench.clock += 120_000_000
    bench.say(frame(A, T + 60_000_000, 2.5), adapter="sl651")
    bench.directory.add(A)
    assert [letter["reason"] for letter in bench.run().dead()] == ["bad_length"]
    bench.command("redrive", "c1")
    reader = bench.run()
    assert reader.command("c1") == {"redriven": {"waiting": 1}}
    assert [letter["reason"] for letter in reader.dead()] == ["bad_length"]
    assert reader.ledger()["balanced"]


def test_what_is_redecoded_in_quarantine_is_still_counted_there(bench):
    """Nobody knows the device yet, so its frames wait on; accepted later, their count moves."""
    bench.say({"d": "new", "t": BASE, "v": 1.0}, {"d": "new", "t": BASE + 1, "v": 2.0, "part": 1, "of": 2}, {"d": "new", "t": BASE + 1, "v": 2.0, "part": 2, "of": 2})  # fmt: skip
    bench.command("redecode", "too-early")
    reader = bench.run()
    assert (reader.ledger()["quarantined"], reader.quarantine()[0]["frames"]) == (3, 3)
    reader = bench.accept("fake", "new", 1)
    assert results(reader) == [1.0, 2.0]
    settled(reader, 3)
