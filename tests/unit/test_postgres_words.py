"""What a session does to words and values before a server sees them, and which store the settings choose. No server here (tests/e2e does)."""

import math

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from sensing.errors import NotFoundError, UnreachableError, ValidationError
from sensing.framelog.sqlite import SqliteLog
from sensing.settings import Settings, load
from sensing.store.opening import identity, kind, open_reader, open_store, password
from sensing.store.postgres import session
from sensing.store.sqlite import SqliteStore

URL = "postgresql://sensing@127.0.0.1:1/city"


@any_of(st.text(alphabet=st.sampled_from("\x00\ue0000e平a")))
def test_text_comes_back_as_it_was(text):
    """Whatever holds U+0000 or the sign that stands for it; what goes out holds none."""
    assert "\x00" not in session.escaped(text)
    assert session.unescaped(session.escaped(text)) == text


def test_values_are_those_that_a_file_would_keep():
    """No number is no value, zero has no sign, everything else is left alone."""
    assert session.given(math.nan) is None
    assert math.copysign(1, session.given(-0.0)) == 1
    assert [session.given(each) for each in (1.5, math.inf, 3, "a", b"\x00", None)] == [1.5, math.inf, 3, "a", b"\x00", None]


@pytest.mark.parametrize(
    ("query", "values", "told", "given"),
    [
        ("a=? AND b=?", (1, 2), "a=%s AND b=%s", [1, 2]),
        ("a=?2 OR ?1 IS NULL OR a=?2", (1, 2), "a=%s OR %s IS NULL OR a=%s", [2, 1, 2]),
        (
            "state=? AND (?2 IS NULL OR reason=?2) LIMIT ?",
            (1, 2, 3),
            "state=%s AND (%s IS NULL OR reason=%s) LIMIT %s",
            [1, 2, 2, 3],
        ),
        ("at % 60 = ?", (1,), "at %% 60 = %s", [1]),
        (
            "IN (SELECT value FROM json_each(?))",
            ('["\\u0000", "b"]',),
            "IN (SELECT value FROM json_each(%s))",
            ['["\\ue0000", "b"]'],
        ),
    ],
)
def test_placeholders_take_the_values_that_sqlite_would_give_them(query, values, told, given):
    """`?` is one more than the highest so far, `?2` the second; texts in a list are those that the database holds."""
    template, order = session._translated(query)
    assert (template, session._arguments(values, order)) == (told, given)


def test_without_a_url_the_store_is_a_file(tmp_path):
    """The default, whether settings are at hand or not; a folder that names another section is read as it stands."""
    store = open_store(tmp_path, Settings())
    assert isinstance(store, SqliteStore)
    store.close()
    (tmp_path / "config.toml").write_text('[store]\npassword_env = "CITY"\n')
    for settings in (None, Settings()):
        found = open_reader(tmp_path, settings)
        assert found.place() == 0
        found.close()
    assert kind(Settings()) == "sqlite"


@pytest.mark.parametrize(
    "url", ["postgresql://a:secret@h/city", "postgresql://a@h/city?password=secret", "mysql://a:secret@h/city"]
)
def test_a_url_holds_no_password(tmp_path, url):
    """It would stand in `config show` and in the environment of every role; the refusal does not repeat it."""
    with pytest.raises(ValidationError, match=r"store") as refused:
        load(tmp_path, {"SENSING_STORE__URL": url})
    assert "secret" not in str(refused.value)


def test_the_password_is_read_where_the_settings_say(tmp_path):
    """A file, a variable, or nothing: then libpq looks where it always does. What should be there and is not has a name."""
    (tmp_path / "secret").write_text("tide\n")
    read = lambda **more: password(Settings(store={"url": URL, **more}).store)  # noqa: E731
    assert read(password_file=str(tmp_path / "secret")) == "tide"
    assert read() == ""
    for more in ({"password_file": str(tmp_path / "none")}, {"password_env": "NOT_SET_ANYWHERE"}):
        with pytest.raises(UnreachableError, match=r"store\.password"):
            read(**more)


def test_each_log_has_an_identity_of_its_own(tmp_path):
    """It stays with the file, differs from any other, and a log that was never opened for writing has none to give."""
    (tmp_path / "a").mkdir()
    first, second = SqliteLog(tmp_path / "a" / "log.db"), SqliteLog(tmp_path / "log.db")
    assert 0 < first.identity() != second.identity() > 0
    first.close()
    second.mark("identity", 0)
    second.close()
    again = SqliteLog(tmp_path / "a" / "log.db")
    assert again.identity() == identity(tmp_path / "a")
    again.close()
    with pytest.raises(NotFoundError):
        identity(tmp_path)


def test_a_server_that_is_not_there_is_waited_for(tmp_path):
    """Opening says so by name, so that work and door wait, and a command ends with 5."""
    SqliteLog(tmp_path / "log.db").close()
    settings = Settings(store={"url": URL})
    assert kind(settings) == "postgresql"
    for opening in (lambda: open_store(tmp_path, settings), lambda: open_reader(tmp_path, settings)):
        with pytest.raises(session.StoreBusyError, match="PostgreSQL"):
            opening()
