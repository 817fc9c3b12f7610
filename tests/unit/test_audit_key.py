"""A chain under a key: whoever can write the file but not read the key is found out at the line, wherever it is."""

import contextlib
import json
import shutil
import sqlite3

import pytest
from sqlalchemy import create_engine

from sensing import audit
from sensing.audit import Actor
from sensing.errors import ValidationError
from sensing.registry import Registry, bootstrap

WANG = Actor("wang", "10.0.0.7")
LINES = 50
FIELDS = ("seq", "at", "who", "what", "subject", "details", "address", "prev", "hash")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A registry file with 50 lines: the first 20 from before there was a key."""
    data = tmp_path_factory.mktemp("data")
    plain = Registry(data / "registry.db", {})
    with plain.database.write(WANG) as change:
        for number in range(20):
            change.record("device_edited", f"gauge-{number}", zero=number / 3, note="闸")
    plain.close()
    registry = bootstrap(data, {})
    with registry.database.write(WANG) as change:
        for number in range(LINES - len(registry.audit_lines())):
            change.record("device_edited", f"gauge-{number}", zero=0.35)
    registry.close()
    return data


@pytest.fixture
def file(whole, tmp_path):
    for name in ("registry.db", "audit.key"):
        shutil.copy(whole / name, tmp_path / name)
    return tmp_path / "registry.db"


@contextlib.contextmanager
def hand(file):
    connection = sqlite3.connect(file)
    with contextlib.closing(connection), connection:
        yield connection


def found_after(chain, *statements):
    """Where verification stops after these statements, which are taken back."""
    with chain.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        found = audit.first_bad(connection, chain.keys)
        connection.rollback()
    return found


@pytest.fixture(scope="module")
def chain(whole):
    engine = create_engine(f"sqlite:///{whole / 'registry.db'}")
    engine.keys = audit.read_keys(whole / "audit.key")
    yield engine
    engine.dispose()


def test_the_untouched_chain_is_whole_and_keyed_from_its_21st_line(file):
    """Older lines stay good as they are."""
    assert audit.verify(file) is None
    assert [first for first, _ in audit.read_keys(file.with_name("audit.key"))] == [21]
    assert file.with_name("audit.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("field", FIELDS)
def test_one_field_of_any_line_edited_is_found_at_that_line(chain, field):
    """Each of the fifty, in turn."""
    value = {"seq": "seq + 1000", "at": "at + 1", "details": "'{\"x\":1}'"}.get(field, f"{field} || 'x'")
    for seq in range(1, LINES + 1):
        assert found_after(chain, f"UPDATE audit SET {field} = {value} WHERE seq = {seq}") == seq


def test_any_line_deleted_is_found_at_that_line(chain):
    """The last one too."""
    for seq in range(1, LINES + 1):
        assert found_after(chain, f"DELETE FROM audit WHERE seq = {seq}") == seq


def test_two_lines_swapped_are_found_at_the_first_of_them(chain):
    """Whatever their distance."""
    for seq in range(1, LINES):
        other = min(LINES, seq + 1 + seq % 7)
        swapped = (f"UPDATE audit SET seq = 999 WHERE seq = {seq}", f"UPDATE audit SET seq = {seq} WHERE seq = {other}",
                   f"UPDATE audit SET seq = {other} WHERE seq = 999")  # fmt: skip
        assert found_after(chain, *swapped) == seq


def test_a_tail_cut_off_is_found_where_it_began_even_when_the_head_is_made_to_fit(chain):
    """The head is sealed with the key: nobody without it can say that there were fewer lines."""
    for seq in range(21, LINES):
        cut = f"DELETE FROM audit WHERE seq > {seq}"
        assert found_after(chain, cut) == seq + 1
        fitted = f"UPDATE audit_head SET count = {seq}, hash = (SELECT hash FROM audit WHERE seq = {seq})"
        assert found_after(chain, cut, fitted) == seq + 1


@pytest.mark.parametrize("seq", [3, 30])
def test_a_chain_recomputed_without_the_key_is_found(file, seq):
    """An edit of an old, bare line is found at the latest where the key begins; of a keyed line at once."""
    with hand(file) as connection:
        rows = [list(row) for row in connection.execute("SELECT * FROM audit WHERE seq >= ? ORDER BY seq", (seq,))]
        previous = rows[0][7]
        for row in rows:
            row[2] = "nobody" if row[0] == seq else row[2]
            body = [*row[:5], json.loads(row[5]), row[6]]
            row[7], row[8] = previous, (previous := audit._hash(None, previous, body))
            connection.execute("UPDATE audit SET who = ?, prev = ?, hash = ? WHERE seq = ?", (row[2], row[7], row[8], row[0]))
        connection.execute("UPDATE audit_head SET hash = ?", (previous,))
    assert audit.verify(file) == max(seq, 21)


def test_a_lost_key_is_told_where_it_began_and_a_new_one_goes_on(whole, tmp_path):
    """Lines under a key that is gone can be neither proved nor forged; the log works on."""
    shutil.copy(whole / "registry.db", tmp_path / "registry.db")
    assert audit.verify(tmp_path / "registry.db") == 21
    registry = bootstrap(tmp_path, {})
    assert audit.read_keys(tmp_path / "audit.key")[0][0] == LINES + 1
    assert registry.first_bad_audit_line() == 21
    registry.close()


def test_a_spoilt_key_file_stops_the_start(whole, tmp_path):
    """Better than a chain under nothing."""
    shutil.copy(whole / "registry.db", tmp_path / "registry.db")
    (tmp_path / "audit.key").write_text("not a key\n")
    with pytest.raises(ValidationError, match="no audit key"):
        bootstrap(tmp_path, {})


def test_the_second_to_start_takes_the_key_of_the_first(tmp_path):
    """Whoever opens the registry next seals with the same key."""
    first = bootstrap(tmp_path, {})
    second = bootstrap(tmp_path, {})
    first.record("x", "1", actor=WANG)
    second.record("x", "2", actor=WANG)
    assert first.first_bad_audit_line() is None
    assert [line.seq for line in second.each_audit_line()] == [1, 2, 3, 4]
    first.close()
    second.close()
