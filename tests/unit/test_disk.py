"""Room on the disk: levels, a little slack on the way back, the ballast; the disk is a number here."""

import asyncio

import pytest

from sensing.disk import NAME, Guard, Level, Room, level, measure
from sensing.framelog import LogFullError
from sensing.metrics import Metrics
from sensing.model import Frame, Source
from sensing.mqtt import packets as p
from sensing.mqtt.committer import Committer
from sensing.settings import Commit, Disk
from tests.fakes import Caller, HandDesk, up

SETTINGS = Disk()
GB = 10**9


def used(percent, total=100 * GB):
    return Room(int(total * percent / 100), int(total * (100 - percent) / 100))


@pytest.mark.parametrize(
    ("room", "found"),
    [
        (used(84.9), Level.FINE), (used(85), Level.WARN), (used(92), Level.PAUSE), (used(95), Level.PAUSE), (used(97.9), Level.PAUSE),
        (used(98.5), Level.FULL), (used(94.9, GB), Level.PAUSE), (used(95, GB), Level.FULL),
    ],
)  # fmt: skip
def test_full_is_a_share_and_little_room(room, found):
    """85 % warns, 92 % holds drills; 95 % alone is not full while gigabytes are free."""
    assert level(room, SETTINGS) is found


def test_a_level_is_left_a_little_below_where_it_was_entered():
    """A disk at the mark does not flap."""
    assert level(used(84.5), SETTINGS, Level.WARN) is Level.WARN
    assert level(used(83.9), SETTINGS, Level.WARN) is Level.FINE
    assert level(used(97.9), SETTINGS, Level.FULL) is Level.FULL
    assert level(used(97.7), SETTINGS, Level.FULL) is Level.PAUSE


def test_the_ballast_gives_room_once_and_comes_back(tmp_path):
    """Let go when full, made again when the room is really back: what it gave does not count as room."""
    settings = Disk(full_free_gb=1.0, ballast_mb=10)
    room = used(50, GB)
    guard = Guard(tmp_path, settings, lambda _data: room)
    ballast = tmp_path / NAME
    assert guard.look() is Level.FINE
    assert ballast.stat().st_size == 10_000_000
    assert ballast.stat().st_blocks * 512 >= 10_000_000
    room = used(95.5, GB)
    assert guard.look() is Level.FULL
    assert not ballast.exists()
    room = used(94.5, GB)
    assert guard.look() is Level.FULL
    room = used(93.5, GB)
    assert guard.look() is Level.FULL, "that is the ballast's own room"
    assert not ballast.exists()
    room = used(80, GB)
    assert guard.look() is Level.FINE
    assert ballast.exists()


def test_the_ballast_is_small_on_a_small_disk(tmp_path):
    """At most 5 % of what is free; none where it would be nothing, or nobody wants one."""
    Guard(tmp_path, SETTINGS, lambda _data: used(50, 200_000_000)).look()
    assert (tmp_path / NAME).stat().st_size == 5_000_000
    Guard(tmp_path, Disk(ballast_mb=0), lambda _data: used(50)).look()
    assert list(tmp_path.iterdir()) == []
    Guard(tmp_path, SETTINGS, lambda _data: used(50, 1_000_000)).look()
    assert list(tmp_path.iterdir()) == []


def test_a_real_disk_is_measured(tmp_path):
    """As df counts, and for a folder that is still to be made."""
    room = measure(tmp_path / "not" / "there")
    assert room.free > 0
    assert 0 < room.percent < 100


def test_marks_must_rise():
    """A site that mixes them up is told so."""
    with pytest.raises(ValueError, match="do not rise"):
        Disk(warn_percent=96)


class Log:
    """Takes everything."""

    def __init__(self):
        self.frames = []

    def append(self, frames):
        if self.frames is None:
            raise LogFullError
        self.frames += frames
        return len(self.frames)


def frame(origin="live"):
    return Frame(Source("toy", "p1", "t", "up", origin, "" if origin == "live" else "drill"), 0, b"x")


@pytest.fixture
async def committer():
    made = Committer(Log(), Commit(), Metrics())
    made.start()
    yield made
    await made.stop()


async def test_on_a_full_disk_nothing_is_acknowledged_until_there_is_room(committer):
    """What was read before waits in its order; whoever waits for room is told."""
    told, acked = [], []
    committer.after_commit.append(lambda: told.append(committer.room()))
    committer.hold(Level.FULL)
    assert committer.room() == 0
    committer.submit(frame(), acked.append)
    await asyncio.sleep(0.05)
    assert (acked, told) == ([], [])
    committer.hold(Level.WARN)
    assert told
    assert told[0] > 0
    await committer.drain()
    assert acked == [1]


async def test_drills_are_held_first(committer):
    """Beyond the second mark live frames pass and a broker's replay waits apart, unacknowledged, until there is room."""
    acked = []
    committer.hold(Level.PAUSE)
    assert committer.room(live=False) == 0
    assert committer.room() > 0
    committer.submit_many([frame("replayed")], 1, lambda _place: acked.append("replay"), live=False)
    committer.submit_many([frame()], 1, lambda _place: acked.append("live"))
    await committer.drain()
    assert acked == ["live"]
    committer.hold(Level.FINE)
    await committer.drain()
    assert acked == ["live", "replay"]


def test_a_drill_waits_at_the_door_and_is_heard_all_the_same():
    """No PUBACK, but its ping is answered; the connection stays."""
    desk = HandDesk()
    desk.committer.drills = False
    desk.gatekeeper.runs["p1"] = ("simulated", "drill")
    caller = Caller(desk)
    caller.heard()
    caller.say(up(1), p.Pingreq())
    desk.commit()
    assert caller.heard() == [p.Pingresp()]
    desk.committer.drills = True
    desk.commit()
    desk.commit()
    assert caller.heard() == [p.Puback(1)]
