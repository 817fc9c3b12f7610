"""The pure parts of export: what an answer means, how far to go back; and what status says of it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sensing import times
from sensing.access import Role
from sensing.cli import checks, service
from sensing.export.book import Book, BookReader, Confirmed, Refused
from sensing.export.line import token
from sensing.export.probe import probe
from sensing.export.progress import progress
from sensing.export.trail import GRAIN_MS, Trail
from sensing.export.verdict import Fate, backoff, judge, reason, retry_after
from sensing.settings import Export, Settings
from sensing.store.reader import StoreReader
from tests.house import House, reading
from tests.influx_stub import Stub

FATES = {
    204: Fate.TAKEN, 200: Fate.TAKEN, 400: Fate.REFUSED, 422: Fate.REFUSED, 413: Fate.TOO_LARGE, 401: Fate.BARRED, 403: Fate.BARRED,
    404: Fate.LOST, 301: Fate.LOST, 405: Fate.LOST, 408: Fate.LATER, 429: Fate.LATER, 500: Fate.LATER, 503: Fate.LATER,
}  # fmt: skip


@pytest.mark.parametrize(("status", "fate"), FATES.items())
def test_every_status_has_a_fate(status, fate):
    """Only 400 and 422 speak of the points themselves."""
    assert judge(status, {}, "").fate is fate


def test_the_reason_is_the_servers():
    """InfluxDB 2, InfluxDB 3, and plain text."""
    assert reason('{"code":"invalid","message":"partial write: field type conflict"}') == "partial write: field type conflict"
    assert reason('{"error":"partial write","data":[{"error_message":"no such type","line_number":1}]}') == "no such type"
    assert reason("cannot parse\n  this") == "cannot parse this"
    assert judge(400, {}, "").reason == "status 400"
    assert len(reason("x" * 5_000)) == 300


def test_retry_after_is_a_number_or_a_date():
    """RFC 9110; what is neither, or without end, is cut."""
    assert retry_after({"Retry-After": "7"}) == 7.0
    assert retry_after({"retry-after": "999999"}) == 600.0
    assert 25 < retry_after({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=30))}) <= 30
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


def test_waits_grow_and_end():
    """Half at random, never beyond the longest."""
    assert all(0.25 <= backoff(0) <= 0.5 for _ in range(20))
    assert all(15 <= backoff(50) <= 30 for _ in range(20))


class Clock:
    def __init__(self, at=0.0):
        self.at = at

    def __call__(self):
        return self.at


def test_the_trail_goes_back_over_the_overlap_and_no_further():
    """What was confirmed longer ago than the overlap is durable."""
    clock = Clock()
    trail = Trail(10, clock=clock)
    for second in range(30):
        clock.at = second
        trail.confirmed(second * 100)
    assert trail.back(3_000) in {1_800, 1_900}
    clock.at = 1_000
    assert trail.back(3_000) in {1_800, 1_900}, "silence makes nothing durable that was not asked for"


def test_the_trail_keeps_the_lowest_of_what_was_sent_again():
    """After one fall the same rows are sent again: a second fall at once goes back just as far."""
    clock = Clock()
    trail = Trail(10, clock=clock)
    for at, before in ((0, 0), (1, 100), (2, 200), (3, 0), (4, 100)):
        clock.at = at
        trail.confirmed(before)
    assert trail.back(200) == 0
    clock.at = 14
    trail.confirmed(200)
    assert trail.back(300) == 100


def test_a_trail_goes_on_in_the_next_process():
    """Its time continues where the last one ended, whatever the clock of the new process says."""
    first = Trail(10, clock=Clock(500_000))
    steps = [first.confirmed(7)]
    second = Trail(10, steps, clock=Clock(3))
    assert second.back(50) == 7
    assert second.confirmed(9)[0] - steps[0][0] <= 2 * GRAIN_MS


def test_tokens_come_from_a_file_or_the_environment(tmp_path):
    """And nowhere else."""
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    assert token(Export(url="http://x", token_file=secret)) == "s3cret"
    assert token(Export(url="http://x", token_env="T"), {"T": "other"}) == "other"
    assert token(Export(url="http://x")) == ""
    with pytest.raises(Exception, match="T is not set"):
        token(Export(url="http://x", token_env="T"), {})
    with pytest.raises(ValueError, match="no password"):
        Export(url="http://me:secret@host:8086")
    with pytest.raises(ValueError, match="names must differ"):
        Settings(export=[Export(url="http://x"), Export(url="http://y")])


async def test_status_says_how_far_each_target_is(tmp_path):
    """Lag by the oldest row that was not taken, dead letters, state; a target that is no longer set is left out."""
    house = House(tmp_path)
    house.device("gauge-1")
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    with closing(Book(tmp_path / "export.db")) as book:
        book.enter("city", "victoriametrics", "http://x", "b")
        book.enter("old", "influxdb", "http://y", "b")
        book.keep_only(["city"])
        book.state("city", "paused", "401 no", 5)
        dead = [Refused(3, "a b=1i 2", 400, "no")]
        book.confirm("city", Confirmed(0, 1, 5, None, 0, dead, [], {"points": 4}), 6)
        async with house.client(Role.VIEWER) as client:
            status = (await client.get("/api/status")).json()
        with closing(BookReader(tmp_path / "export.db")) as reader, closing(StoreReader(tmp_path / "store.db")) as store:
            (later,) = progress(reader, store, times.now() + 10 * times.SECOND)
    house.close()
    assert later["lag_s"] >= 10
    (target,) = status["exports"]
    assert (target["name"], target["state"], target["reason"], target["dead"], target["points"]) == (
        "city",
        "paused",
        "401 no",
        1,
        4,
    )
    assert set(status["disk"]) == {"level", "used_percent", "free"}


def test_a_book_that_is_not_made_yet_has_no_targets(tmp_path):
    """status may look while the role is about to start."""
    import apsw

    apsw.Connection(str(tmp_path / "export.db")).execute("PRAGMA journal_mode=wal")
    with closing(BookReader(tmp_path / "export.db")) as reader:
        assert reader.targets() == []


def test_doctor_says_whether_a_target_is_there(tmp_path, free_port):
    """It answers; it does not; its token lies open. The same trouble is told in the same words."""
    secret = tmp_path / "token"
    secret.write_text("s3cret")
    secret.chmod(0o600)
    with Stub() as stub:
        assert probe(Export(url=stub.url, token_file=secret)) == (True, f"{stub.url} answers", "")
        secret.chmod(0o644)
        assert probe(Export(url=stub.url, token_file=secret))[0] is False
    gone = Export(url=f"http://127.0.0.1:{free_port}", timeout_s=0.5)
    assert probe(gone)[0] is False
    assert probe(gone) == probe(gone)
    (found,) = checks.exports(Settings(export=[gone]))
    assert found["ok"] is False
    assert "refused" in found["detail"]
    assert "0x" not in found["detail"]


def test_people_see_a_line_a_target(monkeypatch):
    """State as mark and word, how far behind, and only then what needs a person."""
    monkeypatch.setenv("SENSING_LANG", "en")
    fine = {"name": "city", "state": "sending", "reason": "", "lag_s": 0.0, "points": 9, "dead": 0, "needs_rewrite": 0}
    assert service._export(fine) == "✔ sending · 0 s behind · 9 points"
    bad = fine | {"state": "paused", "reason": "401 no", "dead": 2, "needs_rewrite": 1}
    assert service._export(bad) == (
        "✖ paused: needs a person · 0 s behind · 9 points · ✖ refused 2 · ▲ 1 to delete and write again · 401 no"
    )
