"""Commands through the log: redrive, accept, drop, annotate; each obeyed once and entered in the ledger."""

from pathlib import Path

import pytest

from sensing.store.reader import Wanted
from tests.forward import BASE, Bench, sums

T = BASE


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    yield made
    made.close()


def test_redrive_stores_once_and_moves_the_count(bench):
    """A dead letter that can be read now is stored; redriven twice it is stored once (P4)."""
    bench.directory.things.pop("x1")
    bench.say({"d": "g1", "t": T, "v": 1.0}, b"junk", {"d": "x1", "t": T, "v": 5.0})
    bench.directory.add("x1", "other")
    bench.run()
    assert len(bench.run().dead()) == 2
    bench.directory.add("x1", "p")
    bench.command("redrive", "c1")
    reader = bench.run()
    assert [letter["reason"] for letter in reader.dead()] == ["bad_grammar"]
    assert sums(reader, "decoded", "dead_lettered", "stored") == (2, 1, 2)
    bench.command("redrive", "c2", places=[[3, 0]])
    reader = bench.run()
    assert sums(reader, "decoded", "dead_lettered", "stored") == (2, 1, 2)
    assert reader.command("c2") == {"redriven": {}}
    assert reader.dead()[0]["attempts"] == 2


def test_accept_reads_the_quarantined_frames_in_order_once(bench):
    """After registration, `accept` stores what waited; again it finds nothing new."""
    bench.say(*[{"d": "new", "t": T + n, "v": float(n)} for n in range(5)])
    bench.run()
    bench.directory.add("new")
    bench.command("accept", "c1", adapter="fake", native="new")
    reader = bench.run()
    assert [row["result"] for row in reader.observations(Wanted(), 10)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert reader.command("c1") == {"accepted": {"decoded": 5}}
    assert reader.quarantine() == []
    bench.command("accept", "c2", adapter="fake", native="new")
    assert bench.run().command("c2") == {"accepted": {}}
    assert sums(bench.run(), "quarantined", "decoded", "stored", "duplicate") == (0, 5, 5, 0)


def test_two_unknown_devices_in_one_frame_are_accepted_one_by_one(bench):
    """The frame's count moves once, whichever device is accepted first."""
    bench.say({"all": [{"d": "n1", "t": T, "v": 1.0}, {"d": "n2", "t": T, "v": 2.0}]})
    bench.run()
    for name in ("n2", "n1"):
        bench.directory.add(name)
        bench.command("accept", f"c-{name}", adapter="fake", native=name)
        bench.run()
    reader = bench.run()
    assert sums(reader, "quarantined", "decoded", "stored", "duplicate") == (0, 1, 2, 0)
    assert reader.quarantine() == []


def test_a_command_sent_twice_is_obeyed_once(bench):
    """The id makes it one command; the second frame changes nothing."""
    bench.say(b"junk")
    bench.command("drop", "c1", reason="bad_grammar")
    bench.command("drop", "c1", reason="bad_grammar")
    reader = bench.run()
    assert reader.command("c1") == {"dropped": 1}
    assert reader.dead() == []
    assert len(reader.dead(state="done")) == 1


def test_a_bad_command_says_so(bench):
    """An unknown operation or a missing argument is answered, not crashed on."""
    bench.command("explode", "c1")
    bench.command("accept", "c2")
    bench.say(b"not json", adapter="command", principal="web")
    reader = bench.run()
    assert "explode" in reader.command("c1")["error"]
    assert "native" in reader.command("c2")["error"]


def test_annotations_are_kept(bench):
    """What people said of a range is stored with who and when."""
    bench.command("annotate", "c1", device="g1", property="water_level", **{"from": T, "to": T + 10}, quality=4, reason="manual")
    bench.run()
    found = bench.work.store.connection.execute("SELECT device, quality, by FROM annotations").fetchall()
    assert found == [("g1", 4, "wang")]


def test_redecode_overwrites_nothing_and_is_served(bench):
    """After a decoder is mended, what its frames say now outranks what they said; both stay; late frames follow the new reading."""
    bench.say({"d": "g1", "t": T, "v": 1.0, "sent": 9}, {"d": "g2", "t": T, "v": 5.0}, b"junk")
    bench.run()
    bench.adapter.factor = 100.0
    bench.command("redecode", "c1", adapter="fake", native="g1")
    reader = bench.run()
    assert reader.command("c1") == {"redecoded": {"decoded": 1, "silent": 1, "dead_lettered": 1}}
    assert [(row["device"], row["result"]) for row in reader.observations(Wanted(), 9)] == [("g2", 5.0), ("g1", 100.0)]
    assert len(reader.observations(Wanted(devices=["g1"], served=False), 9)) == 2
    assert sums(reader, "received", "decoded", "dead_lettered") == (3, 2, 1)
    bench.say({"d": "g1", "t": T, "v": 1.5, "sent": 10})
    assert [row["result"] for row in bench.run().observations(Wanted(devices=["g1"]), 9)] == [150.0]


def test_redecode_stores_what_was_unmapped(bench):
    """A code that has a property now is stored from the frames of before."""
    bench.say({"d": "g1", "t": T, "v": 1.0, "code": "76"})
    assert sums(bench.run(), "unmapped", "stored") == (1, 0)
    bench.adapter.mapped = True
    bench.command("redecode", "c1")
    assert sums(bench.run(), "unmapped", "stored") == (1, 1)


def test_redecode_twice_changes_nothing_more(bench):
    """The same decoder over the same frames gives the same contents."""
    bench.say(
        {"d": "g1", "t": T, "v": 1.0},
        {"part": 1, "of": 2, "d": "g2", "t": T, "v": 2.0},
        {"part": 2, "of": 2, "d": "g2", "t": T, "v": 2.0},
    )
    bench.run()
    before = bench.digest()
    for number in range(2):
        bench.command("redecode", f"c{number}")
        bench.run()
    assert bench.digest() == before
    assert sums(bench.run(), "stored", "revised") == (2, 0)
