"""One suite for every implementation of the Log port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.framelog import Log, LogBrokenError, LogFullError
from sensing.framelog.archive_seal import seal
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.settings import Archive
from sensing.topics import partition

Open = Callable[[], Log]


def source(principal: str = "dtu-1", run: str = "") -> Source:
    """A source of one principal."""
    return Source("sl651", principal, f"sensing/v1/sl651/{principal}/up", "up", "simulated" if run else "live", run)


def frames(count: int, principal: str = "dtu-1", start: int = 0) -> list[Frame]:
    """Frames received a microsecond apart, each with its own payload."""
    return [Frame(source(principal), start + index, b"%d" % (start + index), index % 2 == 1) for index in range(count)]


class Archived(SqliteLog):
    """The log with everything archived as soon as it is appended, a frame a file: what readers find comes from the archive."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        self._path = path
        super().__init__(path, write=write)

    def append(self, frames: Sequence[Frame]) -> int:
        place = super().append(frames)
        while seal(self._path.parent, Archive(after_h=0, every_h=0, file_frames=1), place):
            assert self.adopt(place) == 1
        while self.sweep(2):
            pass
        return place


@pytest.fixture(params=[SqliteLog, Archived])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the log under test; every call is a process that starts anew on the same bytes."""
    logs: list[Log] = []

    def opener() -> Log:
        while logs:
            logs.pop().close()
        logs.append(request.param(tmp_path / "log.db"))
        return logs[0]

    yield opener
    for log in logs:
        log.close()


def test_frames_come_back_as_they_were_in_order(opened: Open) -> None:
    """What was appended is read back: source, bytes, time, duplicate mark; places are dense from 1."""
    log = opened()
    given_frames = frames(5) + frames(3, "dtu-2", 100)
    assert log.append(given_frames) == 8
    found = log.read(0, 100)
    assert [frame.place for frame in found] == list(range(1, 9))
    assert found == given_frames


def test_reading_starts_after_the_cursor_and_stops_at_the_limit(opened: Open) -> None:
    """A cursor is the place of the last frame seen."""
    log = opened()
    log.append(frames(10))
    assert [frame.place for frame in log.read(4, 3)] == [5, 6, 7]
    assert list(log.read(10, 3)) == []


def test_places_go_on_after_a_restart(opened: Open) -> None:
    """No place is used twice, not even after everything was pruned."""
    log = opened()
    log.append(frames(3))
    log = opened()
    assert (log.head(), log.append(frames(2))) == (3, 5)
    while log.prune(1_000_000, 2):
        pass
    assert (log.tail(), log.head()) == (6, 5)
    log = opened()
    assert log.append(frames(1)) == 6


def test_partitions_divide_the_frames(opened: Open) -> None:
    """Readers of disjoint ranges see every frame once between them, each principal on one side only."""
    log = opened()
    for number in range(40):
        log.append(frames(2, f"dtu-{number}"))
    low, high = log.read(0, 1000, range(32)), log.read(0, 1000, range(32, 64))
    assert len(low) + len(high) == 80
    assert all(partition(frame.source.principal) < 32 for frame in low)
    assert all(partition(frame.source.principal) >= 32 for frame in high)


def test_a_place_finds_its_frame(opened: Open) -> None:
    """`explain` goes from a row to its bytes by place."""
    log = opened()
    log.append(frames(3))
    assert getattr(log.get(2), "payload", None) == b"1"
    assert log.get(4) is None


def test_a_time_finds_its_place(opened: Open) -> None:
    """`redecode --since` starts behind the last frame received before a time, wherever the frames lie."""
    log = opened()
    assert log.place_at(5) == 0
    log.append(frames(10, start=100))
    assert [log.place_at(at) for at in (0, 100, 101, 105, 109, 110, 1000)] == [0, 0, 1, 5, 9, 10, 10]


def test_a_principals_last_frames_come_newest_first(opened: Open) -> None:
    """Strictly between two places, no more than asked for; and frames are counted but for some adapters."""
    log = opened()
    for number in range(6):
        log.append(frames(1, f"dtu-{number % 2}", number))
    assert isinstance(log, SqliteLog)
    assert [frame.place for frame in log.recent("dtu-1", 0, 9)] == [6, 4, 2]
    assert [frame.place for frame in log.recent("dtu-1", 2, 1)] == [6]
    assert [frame.place for frame in log.recent("dtu-1", 0, 9, 6)] == [4, 2]
    assert (log.count(2), log.count(0), log.count(0, ["sl651"])) == (4, 6, 0)


def test_pruning_forgets_the_oldest_only(opened: Open) -> None:
    """Retention removes frames received before a time, a few at a time."""
    log = opened()
    log.append(frames(10))
    assert log.prune(5, 3) == 3
    assert log.prune(5, 3) == 2
    assert log.prune(5, 3) == 0
    assert [frame.place for frame in log.read(0, 100)] == [6, 7, 8, 9, 10]


def test_a_run_is_part_of_the_source(opened: Open) -> None:
    """Simulated and live frames of one principal stay apart (P6)."""
    log = opened()
    log.append([Frame(source(), 1, b"a"), Frame(source(run="storm-1"), 2, b"b")])
    assert [(frame.source.origin, frame.source.run) for frame in log.read(0, 9)] == [("live", ""), ("simulated", "storm-1")]


def test_a_full_disk_writes_nothing_and_passes(tmp_path: Path) -> None:
    """When there is no room the whole batch is refused, and the same frames fit when there is room again."""
    log = SqliteLog(tmp_path / "log.db")
    log.append(frames(1))
    pages = log._db.pragma("page_count")
    log._db.pragma("max_page_count", pages + 2)
    large = [Frame(source(), 1, bytes(60_000)) for _ in range(4)]
    with pytest.raises(LogFullError):
        log.append(large)
    assert log.head() == 1
    log._db.pragma("max_page_count", 1_000_000)
    assert log.append(large) == 5
    log.close()


def test_a_failed_fsync_is_not_a_full_disk(tmp_path: Path) -> None:
    """After a failed fsync nobody knows what is on disk: the process must not go on."""
    from sensing.framelog.sqlite import _judged

    error = apsw.IOError("fsync")
    error.extendedresult = apsw.SQLITE_IOERR_FSYNC
    assert isinstance(_judged(error), LogBrokenError)
    error.extendedresult = apsw.SQLITE_IOERR_SHMSIZE
    assert isinstance(_judged(error), LogFullError)


def test_commits_are_synchronous_full(tmp_path: Path) -> None:
    """P1 stands on synchronous=FULL in WAL mode: NORMAL loses commits in a power cut."""
    log = SqliteLog(tmp_path / "log.db")
    assert (log._db.pragma("synchronous"), log._db.pragma("journal_mode")) == (2, "wal")
    log.close()


def test_a_redelivered_frame_finds_its_first_delivery(opened: Open) -> None:
    """Same source and bytes, within reach: what has no clock of its own keeps the time it came first."""
    log = opened()
    log.append(
        [Frame(source(), 1, b"x"), Frame(source("dtu-2"), 2, b"x"), Frame(source(), 3, b"y"), Frame(source(), 4, b"x", True)]
    )
    again = log.get(4)
    assert again is not None
    assert getattr(log.twin(again, 10), "place", None) == 1
    assert log.twin(again, 2) is None


def test_refusals_are_counted_and_no_frames(opened: Open) -> None:
    """Refused publishes add up by hour, principal and reason."""
    log = opened()
    assert isinstance(log, SqliteLog)
    log.refuse({(1, "sl651", "dtu-1", "wrong_topic"): 2})
    log.refuse({(1, "sl651", "dtu-1", "wrong_topic"): 3, (2, "", "x", "too_large"): 1})
    assert log.refusals() == {(1, "sl651", "dtu-1", "wrong_topic"): 5, (2, "", "x", "too_large"): 1}
    assert log.head() == 0


def test_marks_survive(opened: Open) -> None:
    """The outbox cursor is where it was after a restart."""
    log = opened()
    assert isinstance(log, SqliteLog)
    assert log.marked("outbox") == 0
    log.mark("outbox", 7)
    log = opened()
    assert isinstance(log, SqliteLog)
    assert log.marked("outbox") == 7


def test_a_reader_needs_no_writer(tmp_path: Path) -> None:
    """Any process may read while the door writes."""
    log = SqliteLog(tmp_path / "log.db")
    log.append(frames(3))
    other = SqliteLog(tmp_path / "log.db", write=False)
    log.append(frames(2))
    assert len(other.read(0, 10)) == 5
    other.close()
    log.close()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.binary(max_size=200)), max_size=30), st.integers(1, 7))
def test_batches_do_not_matter(tmp_path_factory: pytest.TempPathFactory, content: list[tuple[str, bytes]], size: int) -> None:
    """However frames are grouped into commits, the log reads the same."""
    folder = tmp_path_factory.mktemp("log")
    log = SqliteLog(folder / "log.db")
    given_frames = [Frame(source(name), index, payload) for index, (name, payload) in enumerate(content)]
    for start in range(0, len(given_frames), size):
        log.append(given_frames[start : start + size])
    assert log.read(0, 1000) == given_frames
    log.close()
