"""A backup of a service in the middle of a storm, restored elsewhere: the digest of its mark, and work goes on from there."""

import contextlib
import json

import pytest

from sensing.framelog.sqlite import SqliteLog
from sensing.sqlite import reader
from sensing.store.reader import StoreReader, digest
from tests.e2e.service import Sensing, eventually

pytestmark = pytest.mark.slow
EAGER = {
    "SENSING_LAKE__SEAL_AFTER_MIN": "0", "SENSING_LAKE__SEAL_ROWS": "200", "SENSING_LAKE__SEAL_EVERY_MIN": "0",
    "SENSING_LAKE__COMPACT_FILES": "2", "SENSING_LAKE__GRACE_MIN": "0.01", "SENSING_LAKE__CHECK_S": "0.1",
    "SENSING_ARCHIVE__AFTER_H": "0", "SENSING_ARCHIVE__EVERY_H": "0", "SENSING_ARCHIVE__CHECK_S": "0.1",
}  # fmt: skip


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """A demo that plays fast, with sealing, merging and archiving going on all the time, and a backup from the midst of it."""
    command = Sensing(tmp_path_factory.mktemp("backup") / "data")
    command.environ |= EAGER
    try:
        command.up("--demo", "--devices", "60", "--speed", "60")
        eventually(lambda: list(command.data.glob("lake/*.parquet")) and list(command.data.glob("frames/*.zst")), "sealed", 60)
        before = rows(command.data)
        command.made = command.json("backup", command.data.parent / "b.zip", "--digest")
        assert rows(command.data) > before  # it was busy all the while
        yield command
    finally:
        command.down_if_up()


def rows(data):
    with contextlib.closing(StoreReader(data / "store.db")) as store:
        return store.place()


def test_a_backup_mid_storm_restores_to_the_digest_of_its_mark(storm):
    """Every step is told with its time, the digest is the one of the mark, and the service goes on from there: it balances."""
    made, new = storm.made, Sensing(storm.data.parent / "new")
    new.environ |= EAGER
    told = new.json("restore", made["file"])
    assert [step["step"] for step in told["steps"]][-1] == "placed"
    with contextlib.closing(reader(new.data / "store.db")) as db:
        assert digest(db) == made["digest"]
    assert rows(new.data) == made["place"]
    try:
        new.up()
        eventually(lambda: rows(new.data) >= made["place"] + made["frames_after"], "work has caught up", 60)
        eventually(lambda: new.json("status")["balanced"], "the ledger balances", 30)
        ledger = new.json("ledger")
        assert ledger["balanced"]
        row = new.rows("query", "--property", "water_level", "--run", "all")[0]
        told = new.json("explain", row["device"], "water_level", row["time"], "--run", row["run"])
        with contextlib.closing(SqliteLog(new.data / "log.db", write=False)) as log:
            frame = next(step for step in told["steps"] if step["step"] == "frame")
            assert frame["place"] <= log.archive.ends()[1]
            assert frame["hex"]
        assert json.dumps(told).count(row["revision"])
    finally:
        new.down_if_up()


def test_a_backup_that_was_cut_off_is_refused(storm):
    """As a power cut leaves it: exit code 7, a clear word, nothing in the folder."""
    whole = storm.data.parent / "b.zip"
    cut = storm.data.parent / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-1000])
    other = Sensing(storm.data.parent / "other")
    other.say("restore", cut, code=7)
    assert not other.data.exists()
    storm.say("restore", whole, "--verify-only")
