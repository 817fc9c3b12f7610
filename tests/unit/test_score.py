"""The scorer is honest: errors planted in a perfect store come out as exactly those, and nothing else does."""

import json
from functools import partial

import numpy as np
import pytest

from sensing.errors import NotFoundError
from sensing.model import QualityReason
from sensing.times import HOUR, MINUTE
from simulators.faults.kinds import FLAGGED, Kind, mask, named
from simulators.score import made_of, score
from simulators.score.events import compare
from simulators.score.expected import episodes
from simulators.score.tables import Names, said_rows
from simulators.truth_reader import TruthReader
from tests.storm_fleet import BEGIN, REASONS, THRESHOLDS, Fleet, PerfectStore, play

SUSPECT, GOOD = 3, 1
RIGHT = {
    Kind.SPIKE: "spike", Kind.STUCK: "flat_line", Kind.DRIFT: "drift", Kind.UNIT_FLIP: "unit_flip", Kind.SENTINEL: "sentinel",
    Kind.CLOCK_STEP: "clock", Kind.CLOCK_SKEW: "clock", Kind.CLOCK_UNSET: "clock",
}  # fmt: skip


def knowing(kinds):
    """Flags of a service that knows the truth."""
    faults = [kind for kind in named(kinds) if kind in FLAGGED]
    return (SUSPECT, RIGHT[faults[0]]) if faults else (GOOD, "")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A day of twelve gauges with every fault."""
    return play(tmp_path_factory.mktemp("truth"), "all,truncated=0.5," + ",".join(f"{kind}=0.5" for kind in FLAGGED), seed=105)[1]


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A day of six gauges without a fault."""
    return play(tmp_path_factory.mktemp("calm"), "none", fleet=Fleet(6))[1]


def raised(folder, *, device=None):
    """The events that a service without fault raises of a folder's truth, found by walking through it."""
    by_device = {}
    for batch in TruthReader(folder).values():
        for row in batch.to_pylist():
            if row["property"] == "water_level" and row["fate"] == 0:
                by_device.setdefault(row["device"], {})[row["time"]] = row["result"]
    levels = [THRESHOLDS["water_level"][word] for word in ("watch", "warning", "danger")]
    found = []
    for name, values in sorted(by_device.items()):
        event = None
        for time, value in sorted(values.items()):
            severity = sum(value >= level for level in levels) - 1
            if event is None and severity >= 0:
                event = {"id": f"{name}-{time}", "kind": "water_level_high", "device": name, "property": "water_level", "channel": "",
                         "statistic": "instant", "start": time, "end": None, "severity": severity, "steps": [(severity, time)],
                         "heard": time + MINUTE}  # fmt: skip
                found.append(event)
            elif event is not None and value < levels[0] - 0.1:
                event["end"], event = time, None
            elif event is not None and severity > event["severity"]:
                event["severity"] = severity
                event["steps"].append((severity, time))
    return [event for event in found if device in (None, event["device"])]


def test_a_perfect_service_scores_perfectly(truth):
    """Every value stored once and flagged as it deserves: no loss, no duplicate, recall and precision 1, no letter missing."""
    store = PerfectStore(truth, knowing)
    result = score(store, truth)
    assert {"loss", "duplicates", "events", "quality"} <= set(result)
    assert (result["loss"], result["duplicates"], result["values"]["unexplained"]) == (0, 0, 0)
    assert result["order"]["independent"]
    assert (result["dead_letters"]["missing"], result["dead_letters"]["beyond"], result["dead_letters"]["strange"]) == (0, 0, {})
    assert set(result["quality"]) == set(FLAGGED)
    for kind, row in result["quality"].items():
        assert (row["recall"], row["precision"]) in [(1.0, 1.0), (None, 1.0), (None, None)], kind
    assert sum(row["rows"] > 0 for row in result["quality"].values()) >= 7
    assert result["clean"]["flagged"] == 0
    json.dumps(result)


def test_without_flags_recall_is_nothing(truth):
    """With quality control off nothing is noticed, and nothing is claimed."""
    result = score(PerfectStore(truth), truth)
    assert all(row["recall"] in (0.0, None) and row["precision"] is None for row in result["quality"].values())
    assert result["loss"] == 0


def test_lost_rows_are_counted(truth):
    """Seventeen rows taken away are seventeen lost."""
    store = PerfectStore(truth, knowing)
    gone = [row for row in store.rows if row[2] is not None][5:700:41]
    store.rows = [row for row in store.rows if row not in gone]
    result = score(store, truth)
    assert (result["loss"], result["duplicates"]) == (len(gone), 0)
    assert result["values"]["examples"]["lost"]


def test_a_changed_value_is_lost_and_unexplained(calm):
    """A value that is stored otherwise than it was said is not stored."""
    store = PerfectStore(calm)
    store.rows[10][2] += 0.01
    result = score(store, calm)
    assert (result["loss"], result["values"]["different"], result["values"]["unexplained"], result["duplicates"]) == (1, 1, 1, 0)


def test_the_same_content_under_another_revision_is_a_duplicate(truth):
    """Nine rows stored twice are nine duplicates, and who is served no longer follows from the rows."""
    store = PerfectStore(truth, knowing)
    again = [[*row[:6], row[6] ^ 0x10000] for row in store.rows[3:900:100]]
    store.rows += again
    assert score(store, truth)["duplicates"] == len(again) == 9


def test_a_revision_that_should_not_be_served_is_seen(truth):
    """Order matters when the lower of two revisions is served."""
    store = PerfectStore(truth, knowing)
    (batch,) = store.batches()
    batch["served"][0] = False
    store.batches = lambda: [batch]
    assert not score(store, truth)["order"]["independent"]


def test_flags_on_good_values_are_false(calm):
    """Eleven good values flagged are eleven wrong, of all there are; the reason's kind loses its precision."""
    store = PerfectStore(calm)
    for row in store.rows[100:430:30]:
        row[3:5] = [SUSPECT, REASONS.index(QualityReason.SPIKE)]
    result = score(store, calm)
    assert result["clean"]["flagged"] == 11
    assert result["clean"]["share"] == pytest.approx(11 / result["clean"]["rows"], abs=1e-6)
    assert sum(result["clean"]["reasons"].values()) == 11


def test_mislabelled_flags_cost_precision_and_recall(tmp_path):
    """A third of the spikes called something else lowers recall by a third; as many false `spike` flags as right ones halve precision."""
    _, folder = play(tmp_path, "spike=1", fleet=Fleet(8))
    store = PerfectStore(folder, knowing)
    spikes = [row for row in store.rows if row[3] == SUSPECT]
    for row in spikes[::3]:
        row[4] = REASONS.index("drift")
    right = len(spikes) - len(spikes[::3])
    for row in [row for row in store.rows if row[3] == GOOD][:right]:
        row[3:5] = [SUSPECT, REASONS.index("spike")]
    result = score(store, folder)["quality"]["spike"]
    assert (result["rows"], result["noticed"], result["wrong"]) == (len(spikes), right, right)
    assert (result["precision"], result["recall"]) == (0.5, round(right / len(spikes), 6))


def test_the_events_of_the_truth_are_expected(calm):
    """Every crossing of the truth, once, with start, end and severity, as a walk through the values finds them."""
    store = PerfectStore(calm)
    store.raised = raised(calm)
    events = score(store, calm)["events"]
    assert events["expected"] == events["raised"] == len(store.raised) > 10
    assert (events["missed"], events["false"], events["repeated"], events["hidden"]) == (0, 0, 0, 0)
    assert (events["same_start"], events["same_severity"], events["delay_s"]) == (1.0, 1.0, 60.0)
    assert (
        events["lead_time_s"] == 55 * 60
    )  # a sine of 8 h and 1 m takes 56 minutes from 3.5 m to 3.95 m; reports are 5 minutes apart


def test_a_missed_a_false_and_a_repeated_event_are_told_apart(calm):
    """One taken away, one made up, one told twice."""
    store = PerfectStore(calm)
    store.raised = raised(calm)
    gone = store.raised.pop(3)
    store.raised.append(gone | {"id": "false", "start": gone["start"] - 3 * HOUR, "end": gone["start"] - 2 * HOUR})
    store.raised.append(store.raised[0] | {"id": "twice"})
    events = score(store, calm)["events"]
    assert (events["missed"], events["false"], events["repeated"]) == (1, 1, 1)


def test_what_nobody_could_know_is_not_missed(tmp_path):
    """An episode of which every sample was said wrongly is hidden: not expected, not missed."""
    _, folder = play(tmp_path, "clock_unset=1@..20h", fleet=Fleet(4))
    store = PerfectStore(folder)
    events = score(store, folder)["events"]
    assert events["hidden"] + events["expected"] == len(raised(folder))
    assert events["missed"] == events["expected"]


def test_a_peak_that_was_said_wrongly_is_hidden_though_its_end_was_not():
    """Right values between the level and where it ends, after a fault: they alone make no event, so nobody could know of one."""
    times, values = np.arange(5) * MINUTE, np.array([1.0, 3.0, 3.1, 2.75, 1.0])
    rule = {"watch": 2.8, "hysteresis": 0.1}
    (hidden,) = episodes(0, "water_level", times, values, np.array([0, 1, 1, 0, 0], bool), rule)
    (known,) = episodes(0, "water_level", times, values, np.array([0, 1, 0, 0, 0], bool), rule)
    assert hidden.hidden
    assert not known.hidden


def test_a_false_event_is_listed_with_what_was_planted_in_it(calm):
    """Whoever looks for its cause sees which fault its values have."""
    names = Names()
    said = said_rows(TruthReader(calm), names)
    rows = np.nonzero(said.series == 0)[0][10:20]
    said.kinds[rows] = mask([Kind.DRIFT])
    device, name, statistic, channel = names.words()[0]
    event = {
        "device": device,
        "property": name,
        "statistic": statistic,
        "channel": channel,
        "kind": "made_up",
        "severity": 1,
        "id": "x",
    }
    first, end = int(said.said_time[rows[0]]), int(said.said_time[rows[-1]])
    planted = partial(made_of, said, names.words())
    false = [
        event | {"start": first, "end": end, "steps": [(1, first)]},
        event | {"start": end + 1, "end": None, "steps": [(1, end + 1)]},
    ]
    found = compare([], false, names.words(), planted=planted)
    assert [row["faults"] for row in found["false_list"]] == [["drift"], []]
    assert found["false"] == 2


def test_dead_letters_are_compared_by_adapter(truth):
    """One letter fewer is missing; a letter that no damage explains is strange."""
    store = PerfectStore(truth, knowing)
    store.letters[0] = store.letters[0] | {"frames": store.letters[0]["frames"] - 1}
    store.letters.append({"adapter": "sl651", "reason": "parser_crash", "frames": 2})
    letters = score(store, truth)["dead_letters"]
    assert (letters["missing"], letters["strange"]) == (1, {"sl651 parser_crash": 2})


def test_recovery_is_from_the_blow_to_the_next_frame(calm):
    """The first frame received after a kill ends it, unless whoever dealt it knows better."""
    faults = [
        {"kind": "door-kill", "at": BEGIN, "wall": BEGIN + 7 * MINUTE},
        {"kind": "work-kill", "wall": BEGIN, "recovered_s": 2.5},
    ]
    path = calm / "faults.ndjson"
    path.write_text("".join(json.dumps(fault) + "\n" for fault in faults))
    recovery = score(PerfectStore(calm), calm)["recovery"]
    path.write_text("")
    assert recovery["door-kill"] == {"n": 1, "median_s": 180.0, "worst_s": 180.0}
    assert recovery["work-kill"]["median_s"] == 2.5


def test_a_run_that_was_stopped_is_scored_as_far_as_it_came(calm):
    """What was not sent any more is not lost."""
    about = json.loads((calm / "run.json").read_text())
    store = PerfectStore(calm)
    store.rows = [row for row in store.rows if row[5] < BEGIN + 6 * HOUR]
    (calm / "run.json").write_text(json.dumps(about | {"played_until": BEGIN + 6 * HOUR}))
    try:
        assert score(store, calm)["loss"] == 0
    finally:
        (calm / "run.json").write_text(json.dumps(about))
    assert score(store, calm)["loss"] > 0


def test_a_run_without_a_truth_cannot_be_scored(tmp_path):
    """The message says what is not there and what leaves it."""
    with pytest.raises(NotFoundError, match="storm run"):
        TruthReader(tmp_path)


def test_what_a_broker_lost_is_told_apart(tmp_path):
    """Rows of frames that never arrived are the broker's loss, rows of frames that did are ours; broken frames that never came are not missed."""
    truth = play(tmp_path, "truncated=0.5", fleet=Fleet(6), via="mqtt://there")[1]
    table = TruthReader(truth).marks()
    store = PerfectStore(truth)
    whole = [(int(frame), int(mark)) for frame, mark, fate in zip(*(table[name].to_pylist() for name in ("frame", "mark", "fate")), strict=True)
             if fate == 0]  # fmt: skip
    broken = [int(mark) for mark, fate in zip(table["mark"].to_pylist(), table["fate"].to_pylist(), strict=True) if fate != 0]
    swallowed, eaten = dict(whole[5:400:40]), dict(whole[7:400:90])
    told = {}
    for part in TruthReader(truth).values():
        for row in part.to_pylist():
            told.setdefault(row["frame"], []).append((row["device"], row["property"], row["time"]))
    gone = {each for frame in (*swallowed, *eaten) for each in told[frame]}
    words = store.words()
    store.rows = [row for row in store.rows if (*words[row[0]][:2], row[1]) not in gone]
    store.letters = [{**letter, "frames": letter["frames"] - 3} for letter in store.letters]
    arrived = {mark for _, mark in whole} | set(broken[3:])
    result = score(store, truth, arrived=lambda: arrived - set(swallowed.values()))
    assert result["loss"] == sum(len(told[frame]) for frame in eaten)
    assert result["lost_in_broker"]["values"] == sum(len(told[frame]) for frame in swallowed)
    assert result["lost_in_broker"]["frames"] == len(swallowed) + 3
    assert result["dead_letters"]["missing"] == 0
    assert score(store, truth)["lost_in_broker"] is None
