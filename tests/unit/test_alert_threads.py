"""Which changes of an event are told, to CAP and to targets alike: each matter once, in order, and no flood when it is found again."""

import contextlib

import pytest

from sensing import times
from sensing.alerts.book import AlertBook
from sensing.alerts.tell import Thread, Word, news
from sensing.alerts.threads import SCHEMA, KeptThreads
from sensing.events import CLOSED, OPEN, WITHDRAWN, Step
from sensing.sqlite import writer
from sensing.store.events import Event


@pytest.fixture
def threads(tmp_path):
    with contextlib.closing(writer(tmp_path / "x.db")) as db:
        db.execute(SCHEMA)
        yield KeptThreads(db, "t")


def event(identity="a", severity=1, state=OPEN, heir=""):
    return Event(
        identity, 1, "gale", "d", "wind_speed", "instant", "", "", "live", "m/s", "city", 0, 1 if state == CLOSED else None, severity,
        state, [Step(severity, 0, 20.0)], 20.0, 0, {}, 0, 0, 1, superseded_by=heir,
    )  # fmt: skip


def told(threads, *changes, wants=lambda event: event.severity >= 1):
    """What is said of changes that come one after another; the store knows each event as it was told last."""
    known, said = {}, []
    for change in changes:
        known[change.id] = change
        said += [(str(each.word), each.thread, each.number, each.event.id) for each in news(change, threads, known.get, wants)]
    return said


def test_a_matter_is_told_rises_and_ends(threads):
    """Alert, update, end; the same change again says nothing."""
    assert told(threads, event(), event(), event(severity=2), event(severity=2), event(severity=2, state=CLOSED), event(severity=2, state=CLOSED)) == [
        ("alert", "a", 1, "a"), ("update", "a", 2, "a"), ("ended", "a", 3, "a")]  # fmt: skip


def test_what_came_and_went_unseen_is_told_with_its_end(threads):
    """Nobody is left with an alert that is over."""
    assert told(threads, event(state=CLOSED)) == [("alert", "a", 1, "a"), ("ended", "a", 2, "a")]


def test_what_nobody_wants_is_not_told_until_it_rises(threads):
    """Nor is its withdrawal."""
    assert told(threads, event(severity=0), event(severity=0, state=WITHDRAWN)) == []
    assert told(threads, event("b", 0), event("b", 1)) == [("alert", "b", 1, "b")]


def test_a_start_that_moves_is_the_same_matter(threads):
    """Late data make another event of it: no cancel, no second alert; what follows goes on in the thread."""
    assert told(threads, event(), event("b"), event(state=WITHDRAWN, heir="b"), event("b"), event("b", 2)) == [
        ("alert", "a", 1, "a"), ("alert", "b", 1, "b"), ("cancel", "a", 2, "a"), ("update", "b", 2, "b")]  # fmt: skip


def test_an_heir_that_nobody_has_heard_of_takes_the_thread_over(threads):
    """As the store writes it: the old one withdrawn first, then the new one."""
    known = {"b": event("b")}
    assert told(threads, event()) == [("alert", "a", 1, "a")]
    gone = event(state=WITHDRAWN, heir="b")
    assert news(gone, threads, known.get, lambda _: True) == []
    assert news(known["b"], threads, known.get, lambda _: True) == []
    assert threads.of("b") == Thread("a", "b", 1, 1)
    assert told(threads, event("b", 2)) == [("update", "a", 2, "b")]
    assert told(threads, event("b", 2, WITHDRAWN)) == [("cancel", "a", 3, "b")]


def test_what_was_cancelled_and_comes_back_is_a_new_alert_with_a_new_number(threads):
    """Its references begin there."""
    assert told(threads, event(), event(state=WITHDRAWN), event(state=WITHDRAWN), event()) == [
        ("alert", "a", 1, "a"), ("cancel", "a", 2, "a"), ("alert", "a", 3, "a")]  # fmt: skip
    assert threads.of("a").since == 3


def test_what_was_closed_and_is_open_again_is_told(threads):
    """Late data took the end back, or it rose after somebody closed it."""
    assert [each[0] for each in told(threads, event(), event(state=CLOSED), event())] == ["alert", "ended", "update"]


def test_words_are_those_that_pages_know():
    """The closed list of what a message may say."""
    assert {str(word) for word in Word} == {"alert", "update", "ended", "cancel"}


def test_a_letter_stands_in_line_once(tmp_path):
    """The same key twice is one message."""
    from sensing.alerts.book import Letter, targets

    book = AlertBook(tmp_path / "alerts.db")
    book.enter("t")
    letter = Letter(0, "t:a-1", b"{}", "", "", drill=False, at=times.now())
    with book.lock, book.db:
        book.add("t", letter)
        book.add("t", letter)
    assert [each["waiting"] for each in targets(tmp_path / "alerts.db")] == [1]
    book.sent("t", book.first("t"))
    assert book.first("t") is None
    assert targets(tmp_path / "alerts.db")[0]["sent"] == 1
    book.close()
    assert targets(tmp_path / "none.db") == []
