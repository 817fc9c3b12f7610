"""The registry's files: who may read them, what they hold, what a crash leaves."""

import os
import shutil
import sqlite3
import stat

import pytest
from sqlalchemy import text

from sensing.access import Role, authenticate_token
from sensing.audit import Actor
from sensing.errors import NotFoundError, UnreachableError, ValidationError
from sensing.registry import (
    DeviceForm,
    Registry,
    RegistryDirectory,
    RegistryGatekeeper,
    bootstrap,
    database,
    engines,
    read_admin_token,
    schema,
)

ME = Actor("me")


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=["umask 000", "umask 022", "umask 777"])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def data(tmp_path):
    """A data folder that nobody has run in."""
    return tmp_path / "data"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_ours_alone_whatever_the_umask(tmp_path, umask):
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o700)
    registry = bootstrap(folder, {})
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "registry.db": 0o600,
        "admin.token": 0o600,
        "audit.key": 0o600,
    }
    registry.close()


def test_a_file_that_was_opened_to_others_is_shut(data):
    bootstrap(data, {}).close()
    (data / "registry.db").chmod(0o644)
    bootstrap(data, {}).close()
    assert mode(data / "registry.db") == 0o600


def test_first_run_makes_an_admin_token_that_works_and_later_runs_keep_it(data):
    registry = bootstrap(data, {})
    token = read_admin_token(data / "admin.token")
    assert authenticate_token(registry, token).role is Role.ADMIN
    version = registry.version()
    registry.close()
    again = bootstrap(data, {})
    assert read_admin_token(data / "admin.token") == token
    assert again.version() == version
    again.close()


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_lost_admin_token_is_made_anew_and_the_old_one_ends(data, content):
    bootstrap(data, {}).close()
    path = data / "admin.token"
    old = read_admin_token(path)
    path.unlink() if content is None else path.write_text(content)
    registry = bootstrap(data, {})
    assert authenticate_token(registry, old) is None
    assert authenticate_token(registry, read_admin_token(path)).role is Role.ADMIN
    registry.close()


def test_a_restored_registry_takes_the_token_of_the_folder(data, tmp_path):
    """A backup holds no secret in clear: the folder's own admin token keeps working beside an older registry."""
    bootstrap(tmp_path / "older", {}).close()
    bootstrap(data, {}).close()
    shutil.copy(tmp_path / "older" / "registry.db", data / "registry.db")
    registry = bootstrap(data, {})
    assert authenticate_token(registry, read_admin_token(data / "admin.token")).role is Role.ADMIN
    assert [line.what for line in registry.audit_lines()] == ["admin_token_made", "admin_token_made", "audit_keyed"]
    registry.close()


def test_the_file_holds_no_usable_secret(data):
    """A thief of `registry.db` can connect as nobody: not one password or token is in its bytes, in any common spelling."""
    registry = bootstrap(data, {})
    admin = read_admin_token(data / "admin.token")
    secrets = [admin, admin.partition(".")[2]]
    secrets.append(registry.register_principal("dtu-1", "gateway", actor=ME).password)
    secrets.append(registry.rotate_principal("dtu-1", overlap_s=60, actor=ME).password)
    secrets.append(registry.internal_credential().password)
    secrets.append(registry.register_device(DeviceForm(id="g-1", type="generic", adapter="senml"), actor=ME).credential.password)
    secrets.append(registry.create_token("wall", Role.VIEWER, actor=ME).text.partition(".")[2])
    registry.close()
    content = b"".join(path.read_bytes() for path in data.iterdir() if path.name != "admin.token")
    assert b"dtu-1" in content
    for secret in secrets:
        for spelling in (secret.encode(), secret.upper().encode(), secret.encode().hex().encode()):
            assert spelling not in content


def test_settings_of_a_device_stay_out_of_the_audit(data):
    """They may hold a payload key."""
    registry = bootstrap(data, {})
    form = DeviceForm(id="g-1", type="generic", adapter="senml", settings={"sm4_key": "feedc0de"})
    registry.register_device(form, actor=ME)
    assert "feedc0de" not in repr(registry.audit_lines())
    assert "sm4_key" in repr(registry.audit_lines())
    registry.close()


def test_commits_are_synchronous_and_never_wal(data):
    registry = bootstrap(data, {})
    with registry.database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "delete"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 3
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    registry.close()


def test_readers_cannot_write(data):
    bootstrap(data, {}).close()
    reader = database.Database(data / "registry.db")
    with pytest.raises(UnreachableError, match="readonly"), reader.write(ME) as change:
        change.record("x", "y")
    reader.close()


@pytest.mark.parametrize("reader", [lambda path: RegistryDirectory(path, {}), RegistryGatekeeper])
def test_readers_do_not_make_the_file(data, reader):
    with pytest.raises(NotFoundError, match=r"registry\.db is not there"):
        reader(data / "registry.db")
    assert not data.exists()


def test_a_reader_rolls_back_what_a_dead_writer_left(data):
    """kill -9 between journal and commit: the next one to look, even the door, sees the state before."""
    registry = bootstrap(data, {})
    credential = registry.register_principal("dtu-1", "gateway", actor=ME)
    registry.close()
    path, journal = data / "registry.db", data / "registry.db-journal"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA cache_size=1")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE credentials SET revoked = 1")
    writer.executemany("INSERT INTO runs VALUES (?, 'x', 'x', 1, 1)", ((f"r-{number}",) for number in range(2_000)))
    crashed = data.with_name("crashed")
    crashed.mkdir()
    for left in (path, journal):
        shutil.copy(left, crashed / left.name)
    writer.execute("ROLLBACK")
    writer.close()
    assert (crashed / path.name).read_bytes() != path.read_bytes(), "the crash left half a change in the file"
    door = RegistryGatekeeper(crashed / path.name)
    assert door.authenticate("dtu-1", credential.password.encode()) is not None
    door.close()


def test_a_newer_programs_file_is_left_alone(data):
    bootstrap(data, {}).close()
    newer = sqlite3.connect(data / "registry.db")
    with newer:
        newer.execute("UPDATE changes SET schema = 99")
    newer.close()
    with pytest.raises(ValidationError, match=rf"has schema 99, this program knows {schema.SCHEMA}"):
        Registry(data / "registry.db", {})


def test_a_writer_that_holds_on_is_named_not_waited_for_without_end(data, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    registry = bootstrap(data, {})
    other = sqlite3.connect(data / "registry.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnreachableError, match="the registry does not answer: database is locked"):
        registry.record("x", "y", actor=ME)
    other.execute("ROLLBACK")
    other.close()
    registry.record("x", "y", actor=ME)
    registry.close()


def test_a_file_that_is_no_database_is_an_error_with_a_remedy(data):
    data.mkdir()
    (data / "registry.db").write_bytes(b"not a database, but long enough to be taken for one" * 20)
    with pytest.raises(UnreachableError, match="the registry is damaged: file is not a database"):
        Registry(data / "registry.db", {})
