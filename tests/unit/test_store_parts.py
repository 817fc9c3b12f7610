"""The store's small writers by themselves: the books, the histories of facts, and the insert of many rows."""

import apsw
import pytest

from sensing import sqlite
from sensing.ledger import COLUMNS, Account, Tally
from sensing.store import Fact
from sensing.store.books import Books
from sensing.store.facts import Facts, keep
from sensing.store.schema import SCHEMA

ONE = Account(1, "sl651", "dtu-1", "g1", "")
OTHER = Account(1, "sl651", "dtu-1", "g2", "")
_OLDER = f"""CREATE TABLE accounts(hour INTEGER, adapter TEXT, principal TEXT, device TEXT, run TEXT,
  {", ".join(f"{name} INTEGER" for name in COLUMNS)}, PRIMARY KEY(hour, adapter, principal, device, run)) WITHOUT ROWID"""


@pytest.fixture
def db():
    connection = apsw.Connection(":memory:")
    connection.execute(SCHEMA)
    return connection


def tally(**counts):
    made = Tally()
    for account in (ONE, OTHER):
        for name, number in counts.items():
            made.add(account, name, number)
    made.intake[ONE] = 2
    return made


def booked(db, name):
    return dict(db.execute(f"SELECT device, {name} FROM accounts"))


def test_counts_add_up(db):
    """What a batch counts is added to what was there, for accounts remembered, forgotten and new."""
    books = Books(db)
    books.enter(tally(received=2, decoded=1))
    books.enter(tally(received=3))
    books.forget()
    books.enter(tally(received=5, stored=7))
    assert booked(db, "received") == {"g1": 10, "g2": 10}
    assert booked(db, "decoded") == {"g1": 1, "g2": 1}
    assert booked(db, "stored") == {"g1": 7, "g2": 7}
    assert db.execute("SELECT sum(received) FROM intake").get == 6


def test_accounts_of_an_older_file_go_on(db):
    """A file whose accounts have no row numbers is given them when it is opened, and loses no count."""
    db.execute(f"DROP TABLE accounts; {_OLDER}")
    db.execute(f"INSERT INTO accounts VALUES(1,'sl651','dtu-1','g1','',{','.join(['4'] * len(COLUMNS))})")
    books = Books(db)
    books.enter(tally(received=2))
    assert booked(db, "received") == {"g1": 6, "g2": 2}
    assert booked(db, "silent") == {"g1": 4, "g2": 0}
    Books(db).enter(tally(received=1))
    assert booked(db, "received") == {"g1": 7, "g2": 3}


def history(db):
    return list(db.execute("SELECT begin, value, seen FROM facts ORDER BY begin"))


def fact(begin, value):
    return Fact("ship", "", "name", value, begin, 1)


def test_only_changes_of_a_fact_are_kept(db):
    """A value that is said again moves `seen`; another one begins a row."""
    Facts(db).keep([fact(1, "A"), fact(2, "A"), fact(5, "B"), fact(9, "B")])
    assert history(db) == [(1, "A", 2), (5, "B", 9)]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 1, 0, 3), (1, 3, 0, 2)])
def test_facts_end_alike_in_any_order(db, order):
    """Remembered or not, in any order: one history."""
    told = [fact(1, "A"), fact(3, "B"), fact(5, "A"), fact(7, "A")]
    facts = Facts(db)
    for number in order:
        facts.keep([told[number]])
    remembered = history(db)
    db.execute("DELETE FROM facts")
    for number in order:
        keep(db, told[number])
    assert history(db) == remembered == [(1, "A", 1), (3, "B", 3), (5, "A", 7)]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_many_rows_a_statement(count):
    """Every row is inserted once, whether it fills a statement or is left over."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t(a, b)")

    def values(first, end):
        return [each for number in range(first, end) for each in (number, number * 2)]

    sqlite.insert(connection, "INSERT INTO t(a, b)", 2, count, values)
    assert list(connection.execute("SELECT a, b FROM t ORDER BY a")) == [(each, each * 2) for each in range(count)]
