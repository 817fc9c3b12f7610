"""The archive behind the log: what is sealed, adopted and swept reads as if it had never moved."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.errors import CheckFailedError
from sensing.framelog import archive_seal, framefile
from sensing.framelog.archive_seal import orphans, seal, tidy
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.settings import Archive
from sensing.times import HOUR

AT_ONCE = Archive(after_h=0, every_h=0)


def source(principal="dtu-1", adapter="sl651"):
    return Source(adapter, principal, f"sensing/v1/{adapter}/{principal}/up", "up")


def frames(count, start=0):
    return [Frame(source(f"dtu-{n % 3}"), start + n, b"frame %d" % (start + n), n % 5 == 0) for n in range(count)]


def archived(log, folder, upto, each=1_000):
    """Seal, adopt and sweep what is below a place."""
    while seal(folder, Archive(after_h=0, every_h=0, file_frames=each), upto):
        assert log.adopt(upto)
    while log.sweep(100):
        pass


@pytest.fixture
def log(tmp_path):
    with contextlib.closing(SqliteLog(tmp_path / "log.db")) as opened:
        yield opened


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(archive_seal, "BLOCK", 4)


FRAME = st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.binary(max_size=12), st.booleans())


@settings(max_examples=40, deadline=None)
@given(st.lists(FRAME, min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40), st.data())
def test_an_archived_log_answers_as_a_whole_one(tmp_path_factory, content, each, upto, swept, data):
    """However much of it is sealed and swept, in files and blocks of any size, every question has the same answer."""
    folder, at, sent = tmp_path_factory.mktemp("log"), 1_000, []
    for name, step, payload, duplicate in content:
        at += step
        sent.append(Frame(source(name), at, payload, duplicate))
    (folder / "plain").mkdir()
    with (
        contextlib.closing(SqliteLog(folder / "plain" / "log.db")) as plain,
        contextlib.closing(SqliteLog(folder / "log.db")) as log,
    ):
        plain.append(sent)
        log.append(sent)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(archive_seal, "BLOCK", 3)
            while seal(folder, Archive(after_h=0, every_h=0, file_frames=each), min(upto, len(sent))):
                assert log.adopt(len(sent))
        log.sweep(swept)
        after, limit = data.draw(st.integers(0, 42)), data.draw(st.integers(1, 42))
        assert (log.head(), log.tail()) == (plain.head(), plain.tail())
        for part in (range(64), range(32), range(32, 64)):
            assert log.read(after, limit, part) == plain.read(after, limit, part)
        for place in range(len(sent) + 2):
            assert log.get(place) == plain.get(place)
        received = data.draw(st.integers(998, at + 2))
        assert log.place_at(received) == plain.place_at(received)
        assert log.recent("b", after, limit, 30) == plain.recent("b", after, limit, 30)
        assert log.count(after, ["x"]) == plain.count(after, ["x"])
        assert all(log.twin(frame, limit) == plain.twin(frame, limit) for frame in plain.read(0, 50))


def test_only_what_is_worked_and_old_is_sealed(log, tmp_path):
    """Below work's cursor, `after_h` old, and enough of it or waited for long enough."""
    log.append(frames(10))
    wanted = Archive(after_h=1, every_h=2, file_frames=6)
    assert seal(tmp_path, wanted, 0, now=100 * HOUR) is None
    assert seal(tmp_path, wanted, 10, now=HOUR - 1) is None
    assert seal(tmp_path, wanted, 10, now=HOUR + 5) is None  # five are old enough, six are enough
    assert seal(tmp_path, wanted, 4, now=100 * HOUR).last == 4  # it has waited for long
    assert seal(tmp_path, wanted, 10, now=100 * HOUR) is None  # a manifest waits
    assert log.adopt(10) == 4
    assert seal(tmp_path, wanted, 10, now=HOUR + 11).last == 10


def test_every_block_is_as_it_was(log, tmp_path, small_blocks):
    """Frames of several blocks and sources, in order, from a file that another process opens."""
    log.append(frames(11))
    archived(log, tmp_path, 11)
    assert log._db.execute("SELECT count(*) FROM frames").get == 0
    with contextlib.closing(SqliteLog(tmp_path / "log.db", write=False)) as reader:
        assert reader.read(0, 100) == frames_at(11)


def frames_at(count):
    found = frames(count)
    for place, frame in enumerate(found, 1):
        frame.place = place
    return found


def test_a_damaged_block_is_named_and_hides_no_other(log, tmp_path, small_blocks):
    """One altered byte: its own block is refused with the file's name, the others are read."""
    log.append(frames(12))
    archived(log, tmp_path, 12)
    (path,) = (tmp_path / "frames").glob("*.zst")
    whole = bytearray(path.read_bytes())
    whole[len(framefile.MAGIC) + 8] ^= 1
    path.write_bytes(whole)
    assert log.get(9).payload == b"frame 8"
    with pytest.raises(CheckFailedError, match=path.name):
        log.get(2)
    path.write_bytes(whole[:-5])
    with contextlib.closing(SqliteLog(tmp_path / "log.db")) as again, pytest.raises(CheckFailedError, match="no end"):
        again.get(9)
    path.unlink()
    with contextlib.closing(SqliteLog(tmp_path / "log.db")) as again, pytest.raises(CheckFailedError, match="not there"):
        again.get(9)


def test_what_does_not_read_back_is_never_adopted(log, tmp_path, monkeypatch):
    """A writer that alters a byte leaves no manifest and no file, and the log keeps its frames."""
    honest = framefile.Writer.add
    monkeypatch.setattr(
        framefile.Writer, "add", lambda self, rows: honest(self, [(s, r + (n == 2), d, p) for n, (s, r, d, p) in enumerate(rows)])
    )
    log.append(frames(5))
    with pytest.raises(CheckFailedError, match="does not read back"):
        seal(tmp_path, AT_ONCE, 5)
    assert list((tmp_path / "frames").iterdir()) == []
    assert log.adopt(5) == 0
    assert len(log.read(0, 9)) == 5


def test_a_manifest_that_does_not_fit_is_refused(log, tmp_path):
    """Frames that work has not read, a gap before it, a file that is cut off: nothing is adopted, nothing deleted."""
    log.append(frames(5))
    piece = seal(tmp_path, AT_ONCE, 5)
    assert log.adopt(4) == 0
    assert seal(tmp_path, AT_ONCE, 5) == piece
    path = tmp_path / "frames" / piece.file
    path.write_bytes(path.read_bytes()[:-1])
    assert log.adopt(5) == 0
    assert tidy(tmp_path) == [piece.file]
    assert log.sweep(10) == 0
    assert len(log.read(0, 9)) == 5


def test_orphans_are_removed_and_what_is_named_stays(log, tmp_path):
    """A seal that was cut short leaves a file that nobody names; one that waits or is adopted is named."""
    log.append(frames(6))
    archived(log, tmp_path, 3)
    seal(tmp_path, AT_ONCE, 6)
    (tmp_path / "frames" / "frames-7-9.zst.part").write_bytes(b"x")
    (tmp_path / "frames" / "frames-8-9.zst").write_bytes(b"x")
    assert [path.name for path in orphans(tmp_path)] == ["frames-7-9.zst.part", "frames-8-9.zst"]
    assert len(tidy(tmp_path)) == 2
    assert log.adopt(6) == 3
    assert log.read(0, 9) == frames_at(6)


def test_retention_forgets_whole_files(log, tmp_path):
    """A file goes when its last frame is too old; places are not used again, and its bytes go with the next tidy."""
    log.append(frames(9))
    archived(log, tmp_path, 9, each=4)
    assert log.prune(7, 100) == 4  # the second file has a younger frame
    assert (log.tail(), log.head(), log.get(4)) == (5, 9, None)
    assert len(tidy(tmp_path)) == 1
    assert log.prune(100, 1) == 4
    assert log.prune(100, 9) == 1
    assert (log.tail(), log.append(frames(1))) == (10, 10)


def test_a_reader_of_before_sees_no_gap(log, tmp_path):
    """A reader that was open all along finds each frame at every step: sealed, adopted, half swept, swept."""
    log.append(frames(20))
    with contextlib.closing(SqliteLog(tmp_path / "log.db", write=False)) as reader:
        seal(tmp_path, AT_ONCE, 15)
        for step in (lambda: log.adopt(15), lambda: log.sweep(7), lambda: log.sweep(100), lambda: log.append(frames(2))):
            assert [frame.place for frame in reader.read(0, 20)] == list(range(1, 21))
            step()
        assert len(reader.read(0, 100)) == 22
