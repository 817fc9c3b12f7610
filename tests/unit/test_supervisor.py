"""Roles that have done their work, and what follows on it."""

import threading
import time

import pytest

from sensing import runfile, supervisor
from sensing.supervisor import Supervisor


@pytest.fixture
def tended(tmp_path):
    """A supervisor whose roles are tended by the test."""
    found = Supervisor(tmp_path)
    yield found
    found.close()


def until(house, true):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        for child in house.children:
            child.tend()
        time.sleep(0.01)


def says(path, word, code=0):
    return ("-c", f"open({str(path)!r}, 'a').write({word!r} + chr(10)); raise SystemExit({code})")


def test_work_that_is_done_is_followed_by_the_next(tended, tmp_path):
    """A role that ended with 0 is asked for what follows, not started again as it was."""
    told, numbers = tmp_path / "told", iter(range(1, 100))
    child = tended.add("player", says(told, "0"), again=lambda: says(told, str(next(numbers))))
    until(tended, lambda: told.exists() and told.read_text().split()[:3] == ["0", "1", "2"])
    assert child.role == "player"


def test_a_role_that_died_is_started_as_it_was(tended, tmp_path):
    """Another code than 0 is a death: nothing follows on it."""
    told = tmp_path / "told"
    tended.add("player", says(told, "0", 3), again=lambda: says(told, "1"))
    until(tended, lambda: told.exists() and told.read_text().split()[:2] == ["0", "0"])


def test_other_roles_are_tended_while_it_is_asked_what_comes_next(tended, tmp_path):
    """Whoever prepares the next run may wait for the service: a role that dies meanwhile is back all the same."""
    door, asked, go = tmp_path / "door", threading.Event(), threading.Event()

    def slowly():
        asked.set()
        assert go.wait(20)
        return ("-c", "import time; time.sleep(60)")

    tended.add("player", ("-c", ""), again=slowly)
    until(tended, asked.is_set)
    tended.add("door", says(door, "x", 1))
    until(tended, lambda: door.exists() and len(door.read_text().split()) > 1)
    go.set()
    until(tended, lambda: tended.children[0].pid)


def test_what_cannot_follow_now_is_asked_for_again(tended, tmp_path, monkeypatch):
    """A next run that is refused (a full disk, a busy registry) is no reason to end."""
    monkeypatch.setattr(supervisor, "_CALM_S", 0.01)
    told, answers = tmp_path / "told", iter([OSError("no room"), says(tmp_path / "told", "1")])

    def next_run():
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    tended.add("player", ("-c", ""), again=next_run)
    until(tended, told.exists)


def test_nothing_is_announced_after_the_end(tended, tmp_path):
    """A run that is being prepared while `down` ends the service leaves no run.json behind."""
    tended.announce(demo_run="demo-1")
    assert runfile.read(tmp_path)["demo_run"] == "demo-1"
    tended.close()
    tended.announce(demo_run="demo-2")
    assert runfile.read(tmp_path) is None
