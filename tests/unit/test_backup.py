"""A backup holds one moment of a folder that is being written, restores to its digest, and is refused when a byte is wrong."""

import contextlib
import json
import threading
import zipfile

import pytest
from typer.testing import CliRunner

from sensing import app, audit, runfile, times
from sensing.backup import FORMAT, MANIFEST
from sensing.backup import snapshot as snapshots
from sensing.backup import take as taking
from sensing.backup.bundle import Bundle
from sensing.backup.restore import restore, verify
from sensing.backup.snapshot import snapshot
from sensing.backup.take import take
from sensing.cli.main import app as commands
from sensing.errors import CheckFailedError, ConflictError, Exit, NotFoundError
from sensing.framelog.archive_seal import seal as seal_frames
from sensing.framelog.sqlite import SqliteLog
from sensing.registry import bootstrap
from sensing.registry.forms import DeviceChanges
from sensing.settings import Archive, Lake
from sensing.sqlite import reader
from sensing.store.lake.seal import seal
from sensing.store.reader import StoreReader, digest
from tests.house import TESTER, House, reading

KEY = "00112233445566778899aabbccddeeff"
run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke


def quiet(*_told):
    """Nobody watches."""


@pytest.fixture
def house(tmp_path):
    """Rows in hot and lake, frames in log and archive, a device with a payload key, settings, a type and a storm of the site."""
    data = tmp_path / "data"
    built = House(data)
    built.device("g1")
    at = times.now() - times.HOUR
    for number in range(30):
        built.send("g1", reading("g1", number / 10, at + number * times.SECOND))
        if number == 19:
            seal_frames(data, Archive(after_h=0, every_h=0), built.work.store.place())
            built.log.adopt(built.work.store.place())
            built.log.sweep(1_000)
            seal(data / "store.db", Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
            built.work.store.tend_lake()
    (data / "config.toml").write_text('city = "Gulei"\n')
    (data / "storms").mkdir()
    (data / "storms" / "mine.toml").write_text("x = 1\n")
    (data / "run.json").write_text('{"pid": 1, "secret": "never"}')
    yield built
    built.close()


def digest_of(data):
    with contextlib.closing(reader(data / "store.db")) as db:
        return digest(db)


def first_run(folder):
    """As the command does it, without the adapters' types."""
    bootstrap(folder, {}).close()


def restored(tmp_path, file, **more):
    return restore(file, tmp_path / "new", quiet, quiet, first_run=first_run, **more)


def test_a_backup_restores_to_the_digest_of_its_mark(house, tmp_path):
    """Hot rows, segments, archived frames and settings come back; what came after the mark is not in it; the token is new."""
    file = tmp_path / "b.zip"
    manifest, size = take(house.data, file, quiet)
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, size)
    before = digest_of(house.data)
    house.send("g1", reading("g1", 99.0, times.now()))
    assert manifest.digest == before != digest_of(house.data)
    done = restored(tmp_path, file)
    new = tmp_path / "new"
    assert [step.step for step in done.steps] == [
        "opened", "unpacked", "integrity", "named", "digest", "ledger", "keys", "token", "placed",
    ]  # fmt: skip
    assert digest_of(new) == before
    assert (new.stat().st_mode & 0o777, (new / "config.toml").read_text()) == (0o700, 'city = "Gulei"\n')
    assert (new / "storms" / "mine.toml").exists()
    assert {path.name for path in new.iterdir()} >= {"lake", "frames", "admin.token"}
    assert (new / "admin.token").read_text() != (house.data / "admin.token").read_text()
    with contextlib.closing(SqliteLog(new / "log.db", write=False)) as log:
        assert [json.loads(frame.payload)[0]["v"] for frame in log.read(0, 100)] == [number / 10 for number in range(30)]
        assert log.archive.ends() == (1, 20)
    assert not list(house.data.glob("backup-*"))
    assert not list(tmp_path.glob(".restore-*"))


def test_frames_after_the_mark_are_worked_again(house, tmp_path, monkeypatch):
    """A frame that arrives between the two snapshots is in the log, not in the store: after a restore it is worked."""
    honest = snapshots._store

    def late(data, folder, tell):
        honest(data, folder, tell)
        house.send("g1", reading("g1", 77.0, times.now()))

    monkeypatch.setattr(snapshots, "_store", late)
    manifest, _ = take(house.data, tmp_path / "b.zip", quiet)
    assert (manifest.place, manifest.log_head) == (30, 31)
    monkeypatch.undo()
    restored(tmp_path, tmp_path / "b.zip")
    again = House(tmp_path / "new")
    try:
        assert again.work.step() == 1
        assert digest_of(tmp_path / "new") == digest_of(house.data)
        with contextlib.closing(StoreReader(tmp_path / "new" / "store.db")) as store:
            assert store.ledger()["balanced"]
    finally:
        again.close()


def test_a_backup_holds_no_secrets(house, tmp_path):
    """No admin token, no run.json, no payload key in clear; the device whose key is missing is named."""
    changes = DeviceChanges.read({"settings": {"sm4_key": KEY, "tolerate": "x"}})
    house.registry.edit_device("g1", changes, actor=TESTER)
    token = (house.data / "admin.token").read_text().strip()
    manifest, _ = take(house.data, tmp_path / "b.zip", quiet)
    assert manifest.keys_left_out == ["g1"]
    assert KEY.encode() in (house.data / "registry.db").read_bytes()
    folder = tmp_path / "out"
    with Bundle(tmp_path / "b.zip") as bundle:
        for member in bundle.manifest.members:
            bundle.unpack(member, folder, quiet)
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert KEY.encode() not in content
    assert token.encode() not in content
    assert not (folder / "run.json").exists()
    assert b"tolerate" in content


@pytest.mark.parametrize("damage", ["cut", "byte", "manifest", "nothing"])
def test_a_damaged_backup_is_refused(house, tmp_path, damage):
    """Cut off, one byte altered, a manifest of another format, an empty file: named, exit code 7, nothing left behind."""
    file = tmp_path / "b.zip"
    take(house.data, file, quiet)
    whole = file.read_bytes()
    if damage == "manifest":
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(tmp_path / "c.zip", "w") as new:
            for name in old.namelist():
                new.writestr(
                    name, old.read(name).replace(FORMAT.encode(), b"sensing-backup/9") if name == MANIFEST else old.read(name)
                )
        file = tmp_path / "c.zip"
    else:
        at = whole.index(b"log.db.zst") + 400
        file.write_bytes({"cut": whole[: len(whole) // 2], "nothing": b"",
                          "byte": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]}[damage])  # fmt: skip
    with pytest.raises(CheckFailedError) as error:
        restored(tmp_path, file)
    assert file.name in error.value.what
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".restore-*"))


def test_a_member_that_leaves_the_folder_is_refused(house, tmp_path):
    """A manifest that names ../x writes nothing anywhere."""
    file = tmp_path / "b.zip"
    take(house.data, file, quiet)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(tmp_path / "c.zip", "w") as new:
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace(b'"config.toml"', b'"lake/../../x"') if name == MANIFEST else old.read(name)
            )
    with pytest.raises(CheckFailedError, match="no file of a data folder"):
        restored(tmp_path, tmp_path / "c.zip")


def test_a_folder_with_data_is_not_touched(house, tmp_path):
    """Refused; with `force` it is moved aside, unless a service runs in it."""
    file = tmp_path / "b.zip"
    take(house.data, file, quiet)
    new = tmp_path / "new"
    new.mkdir()
    (new / "mine").write_text("keep")
    with pytest.raises(ConflictError, match="mine"):
        restored(tmp_path, file)
    with runfile.only_one(new), pytest.raises(ConflictError, match="in use"):
        restored(tmp_path, file, force=True)
    done = restored(tmp_path, file, force=True)
    assert (tmp_path / done.aside.rpartition("/")[2] / "mine").read_text() == "keep"
    assert digest_of(new) == done.manifest.digest
    (tmp_path / "empty").mkdir()
    restore(file, tmp_path / "empty", quiet, quiet, first_run=first_run)
    assert digest_of(tmp_path / "empty") == done.manifest.digest


def test_keys_that_are_kept_apart_come_back(house, tmp_path):
    """The audit's key from where it is kept: the chain holds in the restored folder; a folder without keys is said to have none."""
    take(house.data, tmp_path / "b.zip", quiet)
    done = restored(tmp_path, tmp_path / "b.zip", keys=house.data)
    new = tmp_path / "new"
    assert [step.detail for step in done.steps if step.step == "keys"] == ["audit.key"]
    assert ((new / "audit.key").stat().st_mode & 0o777, audit.verify(new / "registry.db")) == (0o600, None)
    with pytest.raises(NotFoundError):
        restore(tmp_path / "b.zip", tmp_path / "x", quiet, quiet, first_run=first_run, keys=tmp_path)


def test_verifying_leaves_nothing_behind(house, tmp_path):
    """All steps but the last two; the folder is as it was."""
    take(house.data, tmp_path / "b.zip", quiet)
    before = sorted(tmp_path.iterdir())
    assert [step.step for step in verify(tmp_path / "b.zip", tmp_path, quiet, quiet).steps][-1] == "ledger"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_an_interrupted_backup_leaves_nothing_behind(house, tmp_path, stop):
    """Ctrl-C and a full disk, at the last file: neither a part of the backup nor copies."""
    file = tmp_path / "b.zip"

    def tell(what, _more):
        if what.startswith("storms/"):
            raise stop

    with pytest.raises(stop):
        take(house.data, file, tell)
    assert not list(tmp_path.glob("b.zip*"))
    assert not list(house.data.glob("backup-*"))
    file.write_text("mine")
    with pytest.raises(ConflictError):
        take(house.data, file, quiet)
    assert file.read_text() == "mine"


def test_a_segment_that_vanishes_is_looked_for_again(house, tmp_path, monkeypatch):
    """A file that compaction takes away in this moment makes a new snapshot; one that is missing for good is said to be."""
    (segment,) = (house.data / "lake").glob("*.parquet")
    hidden = segment.with_name("hidden")
    segment.rename(hidden)
    honest, tries = snapshots.copy, []

    def copy(source, target, tell):
        honest(source, target, tell)
        tries.append(source.name)
        if tries == ["store.db", "store.db"]:
            hidden.rename(segment)

    monkeypatch.setattr(snapshots, "copy", copy)
    (tmp_path / "copies").mkdir()
    snapshot(house.data, tmp_path / "copies", quiet)
    assert tries.count("store.db") == 2
    segment.unlink()
    (tmp_path / "more").mkdir()
    with pytest.raises(NotFoundError, match=segment.name):
        snapshot(house.data, tmp_path / "more", quiet)


def test_a_folder_that_is_written_meanwhile_is_one_moment(house, tmp_path):
    """Frames keep coming while the snapshots are taken: the digest is the one of the mark, and the ledger balances."""
    stop, sent = threading.Event(), []

    def write():
        with contextlib.closing(House(tmp_path / "data")) as other:
            while not stop.is_set() or len(sent) < 3:
                sent.append(other.send("g1", reading("g1", len(sent), times.now())))

    house.work.store.close()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifest, _ = take(house.data, tmp_path / "b.zip", quiet)
    finally:
        stop.set()
        writer.join()
    assert restored(tmp_path, tmp_path / "b.zip").manifest.digest == manifest.digest
    assert manifest.rows < taking.DIGEST_ROWS


def test_the_commands(house, tmp_path):
    """Each step with its time for people, one object for programs, exit codes of the contract."""
    file, new = tmp_path / "b.zip", tmp_path / "new"
    answer = run(commands, f"backup {file} --data {house.data} -o json")
    assert answer.exit_code == 0, answer.output
    made = json.loads(answer.stdout)
    assert (made["place"], made["rows"], made["file"]) == (30, 30, str(file))
    assert run(commands, f"backup {file} --data {house.data}").exit_code == Exit.CONFLICT
    answer = run(commands, f"restore {file} --verify-only --data {new} -o table")
    assert answer.exit_code == 0, answer.output
    assert "digest as at the mark" in answer.stdout
    answer = run(commands, f"restore {file} --data {new} -o json")
    assert json.loads(answer.stdout)["digest"] == made["digest"]
    assert run(commands, f"restore {file} --data {new}").exit_code == Exit.CONFLICT
    assert run(commands, f"restore {tmp_path / 'none'} --data {new}").exit_code == Exit.NOT_FOUND
    file.write_bytes(file.read_bytes()[:-100])
    assert run(commands, f"restore {file} --data {tmp_path / 'x'}").exit_code == Exit.CHECK_FAILED
    app.open_registry(new).close()
