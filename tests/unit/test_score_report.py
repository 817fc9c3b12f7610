"""Bounds on a score, its report, and the truth channel itself."""

import shutil

import pytest

from sensing.errors import UsageError
from simulators.faults import apply, parse
from simulators.score import failures, read_bounds, score
from simulators.score.tables import Names, said_rows
from simulators.truth import TruthFile
from simulators.truth_reader import TruthReader
from tests.storm_fleet import BEGIN, HOUR, Fleet, PerfectStore, play

RESULT = {"loss": 0, "duplicates": 2, "quality": {"spike": {"recall": 0.93, "precision": None}, "late": {"recall": None}},
          "ledger": {"balanced": True}}  # fmt: skip
FILES = {
    "b.txt": "loss = 0  # nothing\n\nquality.spike.recall >= 0.9\nduplicates < 2\n",
    "b.toml": 'loss = 0\nduplicates = "< 2"\n[quality.spike]\nrecall = ">= 0.9"\n',
    "b.json": '["loss = 0", "quality.spike.recall >= 0.9", "duplicates < 2"]',
}


@pytest.mark.parametrize("name", FILES)
def test_bounds_are_read_from_text_toml_and_json(tmp_path, name):
    """The same three bounds, and the one that does not hold is named with its figure."""
    (tmp_path / name).write_text(FILES[name])
    assert failures(RESULT, read_bounds(tmp_path / name)) == ["duplicates < 2: duplicates is 2"]


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        ("quality.*.recall >= 0.9", []),
        ("quality.*.recall >= 0.95", ["quality.spike.recall is 0.93"]),
        ("quality.spike.precision >= 0.9", ["quality.spike.precision is null"]),
        ("quality.drift.recall >= 0.7", ["there is no such figure"]),
        ("ledger.balanced = true", []),
        ("ledger.balanced >= 1", ["ledger.balanced is true"]),
    ],
)
def test_a_figure_that_is_not_there_does_not_hold(tmp_path, bound, told):
    """A named figure must be a figure; `*` passes over those that have none."""
    (tmp_path / "b").write_text(bound)
    found = failures(RESULT, read_bounds(tmp_path / "b"))
    assert len(found) == len(told)
    assert all(words in line for words, line in zip(told, found, strict=True))


@pytest.mark.parametrize(("name", "text"), [("b", "loss"), ("b.toml", "loss ="), ("b.json", "[1"), ("b.toml", "loss = [1]")])
def test_a_bad_bound_is_named(tmp_path, name, text):
    """The error names the file."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=name):
        read_bounds(tmp_path / name)


def test_the_report_says_drill_first_and_has_its_pictures(tmp_path):
    """An operator reads that it is a drill before anything else; Chinese first; two PNGs lie beside it."""
    _, folder = play(tmp_path / "truth", "all", fleet=Fleet(6), hours=12)
    score(PerfectStore(folder), folder, report=tmp_path / "report")
    text = (tmp_path / "report" / "report.md").read_text("utf-8")
    assert text.startswith("# 演练 DRILL")
    assert "账本平衡 ledger balanced" in text
    assert "spike" in text
    for name in ("storm.png", "score.png"):
        assert f"({name})" in text
        assert (tmp_path / "report" / name).read_bytes().startswith(b"\x89PNG")


def test_a_truth_that_is_taken_away_does_not_stop_the_run(tmp_path):
    """The folder removed in the middle: the same frames come, and closing is quiet."""
    plain, _ = play(tmp_path / "kept", "all", hours=12)
    folder = tmp_path / "gone"
    frames = []
    end = BEGIN + 12 * HOUR
    with TruthFile(folder, {}) as truth:
        for frame in apply([Fleet()], parse("all"), 101, truth, BEGIN, end):
            frames.append(frame)
            if len(frames) == 100:
                shutil.rmtree(folder)
    assert frames == plain
    assert not folder.exists()


def test_the_truth_is_written_in_bounded_groups(tmp_path, monkeypatch):
    """What is held is never more than a group; what is read back is all of it, whatever the words in each group."""
    monkeypatch.setattr("simulators.truth.ROWS", 100)
    _, folder = play(tmp_path, "none", hours=4)
    batches = list(TruthReader(folder).values())
    names = Names()
    said = said_rows(TruthReader(folder), names)
    assert sum(len(batch) for batch in batches) == len(said) == 4 * 12 * 12 * 3
    assert sorted(names.words())[:3] == [("g-000", name, "instant", "") for name in ("pm2_5", "supply_voltage", "water_level")]
    assert len(names) == 36
