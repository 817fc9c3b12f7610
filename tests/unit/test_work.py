"""The forward path from log to store, on a fake adapter: what each kind of frame leaves behind."""

import random
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.ledger import balanced
from sensing.observe import observe
from sensing.store import ROW_BITS, cursor, seq
from sensing.store.reader import Wanted
from tests.forward import BASE, Bench, sums

T = BASE


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    yield made
    made.close()


def test_a_good_frame_is_a_row_and_a_reply(bench):
    """One reading, one row in canonical units, one reply to the principal's down topic."""
    bench.say({"d": "g1", "t": T, "v": 1.25})
    reader = bench.run()
    (row,) = reader.observations(Wanted(), 10)
    assert (row["device"], row["property"], row["result"], row["unit"], row["quality"]) == ("g1", "water_level", 1.25, "m", 1)
    assert sums(reader, "received", "decoded", "readings", "stored") == (1, 1, 1, 1)
    assert reader.outbox(0, 9) == [(1, "p", "sensing/v1/fake/p/down", b"ack")]


def test_the_same_reading_any_number_of_times_is_one_row(bench):
    """P2: retransmissions are counted as duplicates; each is answered again."""
    bench.say(*[{"d": "g1", "t": T, "v": 1.0}] * 5)
    reader = bench.run()
    assert len(reader.observations(Wanted(), 10)) == 1
    assert sums(reader, "decoded", "stored", "duplicate") == (5, 1, 4)
    assert len(reader.outbox(0, 9)) == 5


def test_another_content_for_the_same_time_is_a_revision(bench):
    """P2: both are kept; the higher rank is served, whichever came first."""
    bench.say({"d": "g1", "t": T, "v": 9.0, "rank": 5}, {"d": "g1", "t": T, "v": 1.0, "rank": 1})
    reader = bench.run()
    assert [row["result"] for row in reader.observations(Wanted(), 10)] == [9.0]
    assert len(reader.observations(Wanted(served=False), 10)) == 2
    assert sums(reader, "stored", "revised") == (1, 1)


def test_a_content_that_comes_again_with_a_higher_rank_is_served(bench):
    """33H after 32H: the rank of a content is the highest that it came with."""
    bench.say({"d": "g1", "t": T, "v": 1.0, "rank": 1}, {"d": "g1", "t": T, "v": 2.0, "rank": 3})
    bench.say({"d": "g1", "t": T, "v": 1.0, "rank": 5})
    reader = bench.run()
    assert [row["result"] for row in reader.observations(Wanted(), 10)] == [1.0]
    assert [row["result"] for row in reader.latest(Wanted())] == [1.0]


def test_junk_is_a_dead_letter_with_its_reason_and_place(bench):
    """P4: nothing disappears; the bytes are found by place."""
    bench.say(b"junk!", {"d": "g1", "t": T, "v": 1.0})
    reader = bench.run()
    (letter,) = reader.dead()
    assert (letter["id"], letter["reason"], letter["length"], letter["counted"]) == ("1.0", "bad_grammar", 4, 1)
    assert bench.log.get(letter["place"]).payload == b"junk!"
    assert sums(reader, "received", "decoded", "dead_lettered") == (2, 1, 1)


def test_a_part_that_is_bad_does_not_cost_the_others(bench):
    """A payload counts once: decoded, with its bad part as a partial dead letter outside the equation."""
    bench.say({"d": "g1", "t": T, "v": 1.0, "odd": True})
    reader = bench.run()
    assert sums(reader, "decoded", "dead_lettered", "stored") == (1, 0, 1)
    assert [letter["counted"] for letter in reader.dead()] == [0]


def test_a_parser_that_crashes_costs_one_frame(bench):
    """A bug in an adapter is a dead letter `parser_crash`; the flow goes on."""
    bench.say({"boom": 1}, {"d": "g1", "t": T, "v": 1.0})
    reader = bench.run()
    assert [letter["reason"] for letter in reader.dead()] == ["parser_crash"]
    assert sums(reader, "decoded", "dead_lettered") == (1, 1)


def test_an_unknown_device_is_quarantined(bench):
    """Unknown native ids wait in quarantine, by id, with their frames."""
    bench.say({"d": "new", "t": T, "v": 1.0}, {"d": "new", "t": T + 1, "v": 2.0})
    reader = bench.run()
    assert [(q["native"], q["frames"]) for q in reader.quarantine()] == [("new", 2)]
    assert sums(reader, "quarantined", "readings", "stored") == (2, 0, 0)


def test_a_principal_cannot_speak_for_another(bench):
    """P-rule: naming somebody else's station is `not_yours` and leaves no row."""
    bench.say({"d": "x1", "t": T, "v": 1.0})
    reader = bench.run()
    assert [letter["reason"] for letter in reader.dead()] == ["not_yours"]
    assert reader.observations(Wanted(), 10) == []
    assert sums(reader, "dead_lettered", "readings") == (1, 0)


def test_unmapped_readings_are_counted_and_not_stored(bench):
    """A code in no table is kept in its frame and counted."""
    bench.say({"all": [{"d": "g1", "t": T, "v": 1.0}, {"d": "g1", "t": T, "v": 2.0, "code": "76"}]})
    assert sums(bench.run(), "decoded", "readings", "stored", "unmapped") == (1, 2, 1, 1)


def test_parts_wait_and_then_count_as_the_whole(bench):
    """A part is pending until the last one comes, whatever the order."""
    bench.say({"part": 2, "of": 3, "d": "g1", "t": T, "v": 1.0}, {"part": 1, "of": 3, "d": "g1", "t": T, "v": 1.0})
    assert sums(bench.run(), "pending", "decoded") == (2, 0)
    bench.say({"part": 3, "of": 3, "d": "g1", "t": T, "v": 1.0})
    assert sums(bench.run(), "pending", "decoded", "stored") == (0, 3, 1)


def test_parts_survive_a_restart_of_work(bench):
    """Adapter state commits with the cursor: a new worker joins what an old one held."""
    bench.say({"part": 1, "of": 2, "d": "g1", "t": T, "v": 1.0})
    bench.run()
    bench.work.store.close()
    bench.work = bench.worker()
    bench.say({"part": 2, "of": 2, "d": "g1", "t": T, "v": 1.0})
    assert sums(bench.run(), "pending", "decoded", "stored") == (0, 2, 1)


def test_parts_that_never_come_become_dead_letters(bench):
    """After the deadline on the log's own clock, those held are `missing_fragment` and the sender is told."""
    bench.say({"part": 1, "of": 2, "d": "g1", "t": T, "v": 1.0})
    bench.run()
    bench.clock += 61_000_000
    bench.say({"d": "g2", "t": T, "v": 1.0})
    reader = bench.run()
    assert [(letter["reason"], letter["place"]) for letter in reader.dead()] == [("missing_fragment", 1)]
    assert sums(reader, "pending", "dead_lettered", "decoded") == (0, 1, 1)
    assert [payload for *_, payload in reader.outbox(0, 9)] == [b"nak", b"ack"]


def test_runs_never_mix(bench):
    """P6: the same device, property and time in a run is another datastream; live `latest` does not see it."""
    bench.say({"d": "g1", "t": T, "v": 1.0})
    bench.say({"d": "g1", "t": T + 5, "v": 99.0}, run="storm-1")
    reader = bench.run()
    assert [(row["result"], row["origin"]) for row in reader.latest(Wanted())] == [(1.0, "live")]
    assert [(row["result"], row["origin"]) for row in reader.latest(Wanted(runs=("storm-1",)))] == [(99.0, "simulated")]


def test_a_clock_far_ahead_is_stored_and_not_latest(bench):
    """A valid time is never rejected; one that is far ahead of its reception is flagged and does not become current."""
    bench.say({"d": "g1", "t": T, "v": 1.0}, {"d": "g1", "t": T + 3_000_000_000_000, "v": 2.0})
    reader = bench.run()
    assert [row["reason"] for row in reader.observations(Wanted(), 9)] == ["", "clock"]
    assert [row["result"] for row in reader.latest(Wanted())] == [1.0]


def test_a_run_tells_its_own_time(bench):
    """A storm of another year is neither ancient nor in the future: its clock frames say what time it is in the run."""
    then = T - 700 * 86_400_000_000
    bench.say({"d": "g1", "t": then, "v": 1.0}, run="storm-1")
    bench.say({"time": then}, run="storm-1", adapter="clock")
    bench.say({"d": "g1", "t": then + 5, "v": 2.0}, {"d": "g1", "t": T, "v": 3.0}, run="storm-1")
    rows = bench.run().observations(Wanted(runs=("storm-1",)), 9)
    assert [(row["result"], row["reason"]) for row in rows] == [(1.0, "clock"), (2.0, ""), (3.0, "clock")]
    bench.say({"time": 1}, adapter="clock")
    bench.say({"d": "g1", "t": bench.clock, "v": 4.0})
    assert bench.run().observations(Wanted(), 9)[0]["reason"] == ""


def test_a_reading_without_a_clock_keeps_its_first_time(bench):
    """Redelivered after a crash, a frame without a clock of its own is still one row."""
    bench.say({"d": "g1", "v": 1.0})
    bench.say({"d": "g1", "v": 1.0}, duplicate=True)
    assert sums(bench.run(), "stored", "duplicate") == (1, 1)


def test_a_commit_that_fails_leaves_nothing_and_is_done_again(bench, monkeypatch):
    """An error inside the transaction rolls back rows, ledger, state and cursor together."""

    def full(_batch):
        raise apsw.FullError

    bench.say({"part": 1, "of": 2, "d": "g1", "t": T, "v": 1.0}, {"part": 2, "of": 2, "d": "g1", "t": T, "v": 1.0})
    monkeypatch.setattr(bench.work.store, "_said", full)
    with pytest.raises(apsw.FullError):
        bench.run()
    monkeypatch.undo()
    assert sums(bench.run(), "received", "decoded", "stored", "pending") == (2, 2, 1, 0)


def test_a_frame_that_the_store_cannot_bear_costs_itself_only(bench):
    """A number beyond 64 bits in one of a batch: that frame is a dead letter, the others are stored, the flow goes on."""
    bench.say({"d": "g1", "t": T, "v": 1.0}, {"d": "g1", "t": T + 1, "v": 2.0, "rank": 10**30}, {"d": "g1", "t": T + 2, "v": 3.0})
    reader = bench.run()
    assert [(letter["place"], letter["reason"]) for letter in reader.dead()] == [(2, "store_rejected")]
    assert sums(reader, "received", "decoded", "dead_lettered", "stored") == (3, 2, 1, 2)


def test_a_stage_that_crashes_costs_one_frame(bench, monkeypatch):
    """A bug behind the adapters, too, is a dead letter and no stop."""
    monkeypatch.setattr("sensing.work.observe", lambda reading, *rest: 1 / 0 if reading.value == 2.0 else observe(reading, *rest))
    bench.say(*[{"d": "g1", "t": T + n, "v": float(n)} for n in range(4)])
    reader = bench.run()
    assert sums(reader, "received", "decoded", "dead_lettered", "readings", "stored") == (4, 3, 1, 3, 3)


def test_two_workers_on_one_store_cannot_count_twice(bench):
    """A store has one writer: the second one's commit is refused."""
    other = bench.worker()
    bench.say({"d": "g1", "t": T, "v": 1.0})
    bench.run()
    with pytest.raises(Exception, match="another worker"):
        other.step()
    other.store.close()


def test_a_follower_sees_every_row_once_in_commit_order(bench):
    """Cursors grow; following from any cursor yields exactly what came after it."""
    for number in range(7):
        bench.say({"d": "g1", "t": T + number, "v": float(number)})
        bench.run()
    reader = bench.run()
    rows = reader.follow(0, 100)
    assert [row["result"] for row in rows] == [float(number) for number in range(7)]
    assert [row["cursor"] for row in rows] == sorted(row["cursor"] for row in rows)
    assert [row["result"] for row in reader.follow(seq(rows[3]["cursor"]), 100)] == [4.0, 5.0, 6.0]
    assert reader.follow(reader.seq_at(bench.clock), 100) == rows[-1:]


@given(st.integers(0, 1 << 43), st.integers(0, (1 << ROW_BITS) - 1), st.integers(0, 1 << 43), st.integers(0, (1 << ROW_BITS) - 1))
def test_cursors_sort_as_commits_do(a, b, c, d):
    """String order is commit order, and a cursor reads back."""
    one, two = a << ROW_BITS | b, c << ROW_BITS | d
    assert (cursor(one) < cursor(two)) == (one < two)
    assert seq(cursor(one)) == one


def _storm():
    """Frames with everything in them: duplicates, two contents for one time, junk, unknown, parts in one payload."""
    frames = [{"d": f"g{n % 3 + 1}", "t": T + n // 3 * 60_000_000, "v": n / 10, "rank": n % 4, "sent": n} for n in range(12)]
    frames += [{"d": "g1", "t": T, "v": 7.7, "rank": 9, "sent": 3}, {"d": "g1", "t": T, "v": 7.8, "rank": 9, "sent": 3}]
    frames += [{"d": "g1", "t": T, "v": 7.7, "rank": 1, "sent": 1}, {"d": "nobody", "t": T, "v": 1.0}]
    return [*frames, *frames[:6], b"junk"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_order_duplication_and_batching_do_not_matter(tmp_path_factory, seed, batch):
    """P5: any permutation with repeats, in any batches, ends in one digest, and the ledger balances."""
    order = _storm()
    random.Random(seed).shuffle(order)
    digests = set()
    for content, size in ((_storm(), 100), (order, batch)):
        made = Bench(tmp_path_factory.mktemp("order"), size)
        made.say(*content)
        reader = made.run()
        assert sums(reader, "received") == (len(content),)
        assert all(balanced(row) for row in reader.ledger("device")["rows"])
        digests.add(made.digest())
        made.close()
    assert len(digests) == 1
