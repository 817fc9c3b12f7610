"""A hand with write access to the file is found out at the line that it touched."""

import sqlite3

import pytest
from sqlalchemy import create_engine

from sensing import audit
from sensing.audit import Actor
from sensing.errors import NotFoundError
from sensing.registry import Registry

WANG = Actor("wang", "10.0.0.7")


@pytest.fixture
def engine():
    engine = create_engine("sqlite://")
    audit.TABLES.create_all(engine)
    with engine.begin() as connection:
        audit.begin(connection)
    yield engine
    engine.dispose()


def fill(engine, count):
    with engine.begin() as connection:
        for number in range(count):
            audit.append(
                connection, WANG, 1_000 + number, [("device_edited", f"gauge-{number}", {"zero": number / 3, "note": "闸"})]
            )


def first_bad(engine):
    with engine.begin() as connection:
        return audit.first_bad(connection)


def test_an_untouched_log_is_whole(engine):
    assert first_bad(engine) is None
    fill(engine, 1_234)
    assert first_bad(engine) is None


def test_lines_say_who_what_when_and_from_where(engine):
    fill(engine, 3)
    with engine.begin() as connection:
        newest = audit.latest(connection, 2)
        assert [line.seq for line in newest] == [3, 2]
        assert (newest[0].who, newest[0].address, newest[0].what, newest[0].at) == ("wang", "10.0.0.7", "device_edited", 1_002)
        assert newest[0].details == {"zero": 2 / 3, "note": "闸"}
        assert [line.subject for line in audit.latest(connection, subject="gauge-1")] == ["gauge-1"]
        assert [line.seq for line in audit.lines(connection, after=1)] == [2, 3]


@pytest.mark.parametrize(
    "column",
    ["at = 5", "who = 'li'", "what = 'x'", "subject = 'x'", "details = '{}'", "address = 'x'", "hash = 'x'", "prev = 'x'"],
)
def test_an_edited_line_is_found_at_that_line(engine, column):
    fill(engine, 6)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET {column} WHERE seq = 4")
    assert first_bad(engine) == 4


@pytest.mark.parametrize("seq", [1, 3, 6])
def test_a_deleted_line_is_found_at_that_line(engine, seq):
    """The last one too: the head row remembers how many there were."""
    fill(engine, 6)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM audit WHERE seq = {seq}")
    assert first_bad(engine) == seq


def test_a_closed_gap_is_found(engine):
    fill(engine, 6)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = 2")
        for seq in range(3, 7):
            connection.exec_driver_sql(f"UPDATE audit SET seq = {seq - 1} WHERE seq = {seq}")
    assert first_bad(engine) == 2


def test_a_forged_last_line_is_found(engine):
    fill(engine, 3)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO audit SELECT 4, at, who, what, subject, details, address, hash, hash FROM audit WHERE seq = 3"
        )
    assert first_bad(engine) == 4


@pytest.mark.parametrize("spoilt", ["DELETE FROM audit_head", "UPDATE audit_head SET count = 9", "DELETE FROM audit"])
def test_a_spoilt_head_or_an_emptied_log_is_found(engine, spoilt):
    fill(engine, 3)
    with engine.begin() as connection:
        connection.exec_driver_sql(spoilt)
    assert first_bad(engine) == (1 if spoilt.endswith("audit") else 4)


def test_a_head_with_another_hash_is_found(engine):
    fill(engine, 3)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET hash = 'x'")
    assert first_bad(engine) == 3


def test_verify_reads_a_registry_file(tmp_path):
    """`verify` opens the file itself, finds a line that another program edited, and refuses a file that is not there."""
    path = tmp_path / "registry.db"
    registry = Registry(path, {})
    for number in range(3):
        registry.record("tracks_read", f"mmsi-{number}", actor=WANG)
    registry.close()
    assert audit.verify(path) is None
    other = sqlite3.connect(path)
    with other:
        other.execute("UPDATE audit SET who = 'nobody' WHERE seq = 2")
    other.close()
    assert audit.verify(path) == 2
    with pytest.raises(NotFoundError):
        audit.verify(tmp_path / "absent.db")
