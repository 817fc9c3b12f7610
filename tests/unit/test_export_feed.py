"""One target's loop against a server that refuses, hangs, vanishes: each point there, each refusal a dead letter with its reason."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from sensing.export.book import Book, BookReader
from sensing.export.feed import Feed, StoppedError
from sensing.export.line import Line
from sensing.metrics import Metrics
from sensing.settings import Export
from sensing.store.reader import StoreReader
from tests.export_rows import SECOND, START, Rows
from tests.influx_stub import Stub


class Place:
    """A store, a stub, and a feed between them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.rows = Rows(data / "store.db")
        self.stub = Stub().start()
        self.stop = threading.Event()
        self.metrics = Metrics()
        self.book = Book(data / "export.db")
        self.reader = StoreReader(data / "store.db")
        self.feed = None
        self.line = None

    def begin(self, **target):
        """A feed as a new process has it."""
        if self.line is not None:
            self.line.close()
        found = Export(**{"url": self.stub.url, "batch": 100, "timeout_s": 0.5, "org": "city"} | target)
        self.line = Line(found)
        self.feed = Feed(
            found, self.reader, self.line, self.book, lambda _series, _thing: "environment", self.stop, self.metrics,
            pause_s=0.01, longest_s=0.02,
        )  # fmt: skip
        return self

    def drain(self):
        """Until it has sent everything and the cursor stands at the end."""
        for _ in range(1_000):
            if not self.feed.step() and self.feed.cursor == self.reader.head():
                return self
        raise AssertionError("it does not come to an end")

    def status(self):
        with closing(BookReader(self.data / "export.db")) as reader:
            return reader.targets()[0]

    def dead(self):
        with closing(BookReader(self.data / "export.db")) as reader:
            return reader.dead("influx")

    def revised(self):
        with closing(BookReader(self.data / "export.db")) as reader:
            return reader.revised("influx")

    def values(self, field="result"):
        return {(dict(tags)["device"], stamp // 1000): fields.get(field) for (_, tags, stamp), fields in self.stub.points.items()}

    def close(self):
        self.line.close()
        self.stub.stop()
        self.reader.close()
        self.book.close()
        self.rows.close()


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    yield found
    found.close()


def expected(count, devices=2):
    return {(f"gauge-{n % devices}", START + n // devices * SECOND): n / 8 for n in range(count)}


def filled(place, count=350, devices=2):
    place.rows.many([place.rows.series(f"gauge-{n}") for n in range(devices)], 0, count)
    return place


def test_everything_arrives_once(place):
    """Each row is a point; nothing is sent twice while nothing goes wrong."""
    filled(place).begin().drain()
    assert place.values() == expected(350)
    assert place.stub.writes == 350
    path, query, *_ = place.stub.requests[0]
    assert (path, query) == ("/api/v2/write", {"org": ["city"], "bucket": ["sensing"], "precision": ["ns"]})
    assert place.status()["points"] == 350
    assert place.status()["state"] == "sending"


BRIEFLY = {
    "busy": [503, 503], "asked to wait": [(429, {"Retry-After": "0"})] * 3, "broken": [500, 502, 504], "gone": ["drop", "drop"],
    "no token": [401, 403], "no bucket": [404, 404], "moved": [307],
}  # fmt: skip


@pytest.mark.parametrize("plans", BRIEFLY.values(), ids=BRIEFLY)
def test_no_answer_makes_it_lose_or_refuse_a_point(place, plans):
    """Whatever is wrong with the server, every point is there afterwards and none is a dead letter."""
    place.stub.plans = ["take", *plans, "take", *plans]
    filled(place).begin().drain()
    assert place.values() == expected(350)
    assert place.dead() == []
    assert place.status()["state"] == "sending"


@pytest.mark.parametrize("plan", ["drop_applied", "hang"])
def test_points_applied_without_an_answer_are_the_same_points(place, plan):
    """A time-out after applying: they are sent again, and overwrite themselves."""
    place.stub.plans = ["take", plan]
    filled(place).begin().drain()
    assert place.values() == expected(350)
    assert place.stub.writes > 350


def test_refused_points_are_dead_letters_and_only_they(place):
    """Partial errors: the bad ones are found among the good, each with the server's reason."""
    bad = {START + n * SECOND for n in (0, 7, 8, 9, 120)}
    place.stub.refuses = lambda point: "beyond retention" if point[3] // 1000 in bad else None
    filled(place).begin().drain()
    assert place.values() == {key: value for key, value in expected(350).items() if key[1] not in bad}
    dead = place.dead()
    assert len(dead) == 2 * len(bad)
    assert {(each.status, each.reason) for each in dead} == {(400, "partial write: beyond retention dropped=1")}
    assert {int(each.line.rsplit(" ", 1)[1]) // 1000 for each in dead} == bad
    assert place.status()["points"] == 350 - len(dead)


def test_a_refused_point_that_is_taken_when_sent_again_is_no_dead_letter(place):
    """The server's retention was mended before the overlap was sent again."""
    place.stub.refuses = lambda point: "no" if point[3] // 1000 == START else None
    filled(place).begin().drain()
    assert len(place.dead()) == 2
    place.stub.refuses = lambda _point: None
    place.begin().drain()
    assert place.dead() == []
    assert place.values() == expected(350)


def test_too_large_a_batch_is_halved(place):
    """413: smaller pieces, and smaller ones from then on."""
    place.stub.most_lines = 30
    filled(place).begin().drain()
    assert place.values() == expected(350)
    assert [ask[3] for ask in place.stub.requests].count(100) == 1


def test_retry_after_is_honoured(place):
    """It waits as long as the server says."""
    place.stub.plans = [(503, {"Retry-After": "1"})]
    filled(place, 10).begin().drain()
    first, second = (ask[4] for ask in place.stub.requests)
    assert 1.0 <= second - first < 3.0


def test_a_barred_target_says_so_and_reads_its_token_anew(place, tmp_path, monkeypatch):
    """401 pauses; the token that a person mends is taken without a restart, and stands in no state."""
    secret = tmp_path / "token"
    secret.write_text("old-secret\n")
    seen = []
    say = Book.state

    def state(self, name, word, reason, at):
        seen.append((word, reason))
        secret.write_text("new-secret\n")
        say(self, name, word, reason, at)

    monkeypatch.setattr(Book, "state", state)
    place.stub.plans = [401]
    filled(place, 10).begin(token_file=secret).drain()
    assert seen[0] == ("paused", "401 as planned")
    assert [ask[2]["Authorization"] for ask in place.stub.requests[:2]] == ["Token old-secret", "Token new-secret"]
    assert "secret" not in str(place.status())


def test_a_restart_sends_the_last_seconds_again_and_no_more(place):
    """Overlap: what was confirmed in the last seconds before this process ended may have been lost while it was away."""
    filled(place).begin().drain()
    before = place.stub.writes
    place.stub.points.clear()
    place.begin().drain()
    assert place.stub.writes == before + 350
    assert place.values() == expected(350)


def test_a_server_that_was_away_gets_its_last_seconds_again(place):
    """It confirmed, was killed and forgot; whether we noticed while sending or between two requests."""
    filled(place).begin().drain()
    place.stub.hang_up()
    place.stub.points.clear()
    place.rows.commit((place.rows.series("gauge-9"), START, 1.0))
    place.feed.step()
    assert place.status()["rewinds"] == 1
    place.drain()
    assert place.values() == expected(350) | {("gauge-9", START): 1.0}


def test_a_server_that_fell_while_there_was_nothing_to_say_is_found_out(place, monkeypatch):
    """Idle, it is asked now and then; a new connection means that it may have forgotten the last seconds."""
    monkeypatch.setattr("sensing.export.feed.PING_S", -1.0)
    filled(place).begin().drain()
    assert place.feed.step() is False
    place.stub.hang_up()
    place.stub.points.clear()
    assert place.feed.step() is True
    while place.feed.cursor < place.reader.head():
        place.feed.step()
    assert place.values() == expected(350)
    assert place.feed.step() is False


def test_a_server_that_says_it_closes_is_not_taken_for_a_new_one(place):
    """`Connection: close` with each answer: no going back, or it would never end."""
    place.stub.answer = lambda ask, status, body, headers=None: Stub.answer(ask, status, body, {"Connection": "close"})
    filled(place).begin().drain()
    assert place.stub.writes == 350
    assert place.status()["rewinds"] == 0


def test_the_served_revision_is_what_a_target_shows(place):
    """Two contents of one instant: the one that readers are served, whichever came first."""
    one = place.rows.series()
    place.rows.commit((one, START, 1.0), (one, START + SECOND, 5.0))
    place.begin().drain()
    place.rows.commit((one, START, 2.0, {"sent": START + 9}))
    place.rows.commit((one, START + SECOND, 4.0, {"sent": START - 9}))
    place.drain()
    assert place.values() == {("gauge-1", START): 2.0, ("gauge-1", START + SECOND): 5.0}
    assert {(each.time, each.stale) for each in place.revised()} == {(START, False), (START + SECOND, False)}


def test_where_both_are_kept_the_instant_is_listed(place):
    """VictoriaMetrics keeps both values: status counts the instants to delete and write again."""
    one = place.rows.series()
    place.rows.commit((one, START, 1.0), (one, START + SECOND, 5.0))
    place.begin(kind="victoriametrics").drain()
    place.rows.commit((one, START, 2.0, {"sent": START + 9}))
    place.rows.commit((one, START + SECOND, 4.0, {"sent": START - 9}))
    place.drain()
    assert [(each.device, each.time) for each in place.revised() if each.stale] == [("gauge-1", START)]
    assert place.status()["needs_rewrite"] == 1


def test_a_revision_without_a_value_leaves_the_old_one_behind(place):
    """InfluxDB merges fields: that the newer content has no result cannot be said by writing."""
    one = place.rows.series()
    place.rows.commit((one, START, 1.0))
    place.begin().drain()
    place.rows.commit((one, START, None, {"sent": START + 9, "quality": 9}))
    place.drain()
    assert place.values("quality") == {("gauge-1", START): 9}
    assert place.status()["needs_rewrite"] == 1


def test_a_revision_that_wins_without_a_new_row_is_sent_again(place, monkeypatch):
    """An older content is said again, and louder: no row is new, yet another one is served."""
    monkeypatch.setattr("sensing.export.feed.RECHECK_S", -1.0)
    one = place.rows.series()
    place.rows.commit((one, START, 1.0, {"sent": START}))
    place.rows.commit((one, START, 2.0, {"sent": START + 5}))
    place.begin().drain()
    assert place.values() == {("gauge-1", START): 2.0}
    place.rows.commit((one, START, 1.0, {"sent": START + 9}))
    place.feed.step()
    assert place.values() == {("gauge-1", START): 1.0}
    writes = place.stub.writes
    place.feed.step()
    assert place.stub.writes == writes


def test_a_drill_stays_at_home_until_it_is_asked_for(place):
    """P6: simulated rows are passed over, and counted."""
    place.rows.commit((place.rows.series(), START, 1.0), (place.rows.series(run="demo-1", origin="simulated"), START, 2.0))
    place.begin().drain()
    assert place.values() == {("gauge-1", START): 1.0}
    assert place.status()["unwanted"] == 1
    place.begin(name="drills", runs=["demo-1"]).drain()
    assert {dict(tags).get("run") for _, tags, _ in place.stub.points} == {None, "demo-1"}


def test_stopping_ends_a_wait_at_once(place):
    """A role that is told to end does not wait for a server; the page stays unconfirmed."""
    filled(place, 10).begin()
    place.stub.plans = [(503, {"Retry-After": "600"})]
    threading.Timer(0.2, place.stop.set).start()
    with pytest.raises(StoppedError):
        place.feed.step()
    assert place.feed.cursor == 0
