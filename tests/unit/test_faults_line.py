"""Frame and line faults: what arrives broken, late, twice or in another order; and what if."""

import itertools
from collections import Counter
from random import Random

import pytest

from adapters import ais, hj212, sl651
from sensing.errors import DecodeError, Reason, UsageError
from sensing.model import Context
from sensing.times import HOUR, MINUTE
from simulators.faults import Break, Kind, apply, frames, parse
from simulators.faults.kinds import BIT
from simulators.faults.whatif import delay, parse_delays, without
from simulators.said import Sent
from simulators.truth import Nothing
from simulators.truth_reader import TruthReader
from tests.storm_fleet import BEGIN, Fleet, payloads, play

END = BEGIN + 24 * HOUR


def rows(folder):
    return [row for batch in TruthReader(folder).values() for row in batch.to_pylist()]


def test_without_faults_frames_are_as_said(tmp_path):
    """No plan, no change: what is sent is what is encoded, when it is said."""
    fleet = Fleet()
    sent, folder = play(tmp_path, "none", fleet=fleet, hours=3)
    assert [(frame.time, frame.payload) for frame in sent] == [
        (s.time, fleet.encode(s)) for s in fleet.sayings(BEGIN, BEGIN + 3 * HOUR)
    ]
    about = TruthReader(folder).about
    assert (about["said"], about["sent"], about["finished"]) == (len(sent), len(sent), True)


def test_everything_at_once_is_in_order_of_time_and_the_same_again(tmp_path):
    """All faults together: time never goes back, the same seed gives the same bytes, another gives others."""
    first, folder = play(tmp_path / "a", "all")
    again, other = play(tmp_path / "b", "all")[0], play(tmp_path / "c", "all", seed=102)[0]
    assert first == again != other
    assert all(a.time <= b.time for a, b in itertools.pairwise(first))
    assert TruthReader(folder).about["sha256"] == TruthReader(tmp_path / "b").about["sha256"]


@pytest.mark.parametrize("kind", ["late", "reorder", "burst", "gateway_outage", "duplicate", "retransmit", "flap"])
def test_the_line_loses_nothing(tmp_path, kind):
    """Whatever the line does, each thing said arrives, unchanged; only copies are more than was said."""
    sent, folder = play(tmp_path, f"{kind}=1")
    plain, _ = play(tmp_path / "plain", "none")
    told, wanted = Counter(payloads(sent)), Counter(payloads(plain))
    assert set(told) == set(wanted)
    about = TruthReader(folder).about
    if kind in ("duplicate", "retransmit"):
        assert about["copies"] == len(sent) - len(plain) > 0
    else:
        assert told == wanted
    befallen = [row for row in rows(folder) if row["kinds"] >> BIT[Kind(kind)] & 1]
    assert bool(befallen) == (kind != "flap")


def test_late_is_hours(tmp_path):
    """A late frame sets off one to six hours after it was said, or when the run ends."""
    _, folder = play(tmp_path, "late=1")
    late = [row for row in rows(folder) if row["kinds"]]
    assert all(HOUR <= row["sent"] - row["time"] <= 6 * HOUR + MINUTE or row["sent"] == END for row in late)
    assert any(row["sent"] == END for row in late)


def test_reorder_lets_a_later_frame_pass(tmp_path):
    """Frames of one device arrive in another order than they were said in."""
    sent, _ = play(tmp_path, "reorder=1")
    times = [time for device, code, _, time in payloads(sent) if (device, code) == ("g-000", "water_level")]
    assert times != sorted(times)


def test_an_outage_is_silence_and_then_a_backlog(tmp_path):
    """A gateway that is out says nothing; then its backlog comes, in order."""
    sent, folder = play(tmp_path, "gateway_outage=1")
    reader = TruthReader(folder)
    for fault in (fault for fault in reader.faults if "backlog" not in fault):
        own = [frame for frame in sent if frame.gateway == fault["victim"]]
        assert not [frame for frame in own if fault["from"] <= frame.time < fault["to"]]
        backlog = next(
            f["backlog"]
            for f in reader.faults
            if "backlog" in f and f["victim"] == fault["victim"] and f["from"] == fault["from"]
        )
        assert backlog >= 30


def test_flap_breaks_the_connection(tmp_path):
    """The player is told, in order, to break a gateway's connection, every few minutes of an episode."""
    sent, folder = play(tmp_path, "flap=1")
    breaks = [each for each in sent if isinstance(each, Break)]
    spans = [(fault["victim"], fault["from"], fault["to"]) for fault in TruthReader(folder).faults]
    assert len(breaks) > 4 * len(spans)
    assert all(any(who == each.gateway and begin <= each.time < end for who, begin, end in spans) for each in breaks)


def test_broken_frames_are_counted_as_what_they_are(tmp_path):
    """What is truncated cannot be read, is not repeated, and stands in run.json as a dead letter to come."""
    sent, folder = play(tmp_path, "truncated=1,duplicate=1")
    about = TruthReader(folder).about
    broken = len([frame for frame in sent if not frame.payload.endswith(b"]]")])
    assert about["damaged"] == [{"kind": "truncated", "adapter": "plainjson", "frames": broken}]
    assert about["broken"] == broken > 0


@pytest.mark.parametrize(("adapter", "module"), [("sl651", sl651), ("hj212", hj212), ("ais", ais)])
@pytest.mark.parametrize("damage", [frames.bad_checksum, frames.truncated])
def test_a_damaged_frame_has_nothing_to_read(adapter, module, damage):
    """Each adapter refuses it, or waits for the rest, and reads nothing of it; a sum that is wrong is `bad_checksum`."""
    for number, readings in enumerate(module.EXAMPLES.values()):
        for payload in module.encode(readings)[:1]:
            found, reason = None, None
            try:
                found = module.decode(damage(adapter, payload, Random(number)), Context("p"), None)
            except DecodeError as error:
                reason = error.reason
            if damage is frames.bad_checksum and found is None:
                assert reason is Reason.BAD_CHECKSUM
            elif found is not None:
                assert not found.readings
                assert found.waiting or found.errors


def test_a_protocol_without_a_sum_has_no_wrong_one(tmp_path):
    """bad_crc befalls nobody who speaks JSON, and is refused when asked for directly."""
    assert not TruthReader(play(tmp_path, "bad_crc=1")[1]).faults
    with pytest.raises(ValueError, match="no sum"):
        frames.bad_checksum("plainjson", b"{}", Random(1))


def test_speakers_are_merged_by_time():
    """Two speakers come out as one stream, in order of time; a fault of one is none of the other's."""
    both = [Fleet(6), Fleet(6, prefix="h")]
    plan = parse("late=1,spike=0.5")
    merged = list(apply(both, plan, 9, Nothing(), BEGIN, BEGIN + 6 * HOUR))
    alone = list(apply([Fleet(6)], plan, 9, Nothing(), BEGIN, BEGIN + 6 * HOUR))
    assert all(a.time <= b.time for a, b in itertools.pairwise(merged))
    assert Counter((f.gateway, f.payload) for f in merged if f.gateway.startswith("g")) == Counter(
        (f.gateway, f.payload) for f in alone
    )


def test_what_if_a_device_were_not_there():
    """`without` takes one device away and leaves all other frames as they were; an unknown one is named."""
    fleet = Fleet(4)
    frames_ = list(apply(without([fleet], {"g-001"}), parse("none"), 1, Nothing(), BEGIN, BEGIN + HOUR))
    plain = list(apply([fleet], parse("none"), 1, Nothing(), BEGIN, BEGIN + HOUR))
    assert frames_ == [f for f in plain if b'"g-001"' not in f.payload]
    with pytest.raises(UsageError, match="no such device"):
        without([fleet], {"nobody"})


def test_what_if_the_way_in_were_slower():
    """`delay` puts off one gateway, one adapter or all, keeps each way's order, and comes out in order of time."""
    stream = [
        Sent(BEGIN + n * MINUTE, f"w{n % 2}", f"sensing/v1/{('sl651', 'ais')[n % 2]}/w{n % 2}/up", bytes([n])) for n in range(60)
    ]
    late = list(delay(stream, parse_delays(["ais=40m"])))
    assert [f.time for f in late] == sorted(f.time for f in late)
    assert [f.payload for f in late if f.gateway == "w1"] == [f.payload for f in stream if f.gateway == "w1"]
    assert {f.time - BEGIN - f.payload[0] * MINUTE for f in late} == {0, 40 * MINUTE}
    assert [f.time - 40 * MINUTE for f in delay(stream, parse_delays(["mqtt=40m"]))] == [f.time for f in stream]
    with pytest.raises(UsageError, match="how long"):
        parse_delays(["mqtt"])
