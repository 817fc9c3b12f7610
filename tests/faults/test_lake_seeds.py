"""One small storm a seed, in which every role dies at every named point of its own, in an order and as late as the seed says.

What is sent is the seed's as well: values, order, and which third comes again. Whether lake and archive were there, and how often they died,
is not to be seen in the store.
"""

import asyncio
import json
import random
import time
from collections import deque

import pytest

from sensing.failpoints import ARCHIVE_POINTS, LAKE_POINTS, POINTS
from tests.faults import forgetful_files, test_archive_points, test_lake_points
from tests.faults.city import city, scaled
from tests.faults.load import Device, Fleet

START, SECOND = 1_796_000_000_000_000, 1_000_000
EAGER = {**test_archive_points.EAGER, **test_lake_points.EAGER}
DEVICES, EACH, MOST, _PATIENCE_S = 4, 8, 60, 240
BY = {
    **dict.fromkeys(LAKE_POINTS + ARCHIVE_POINTS, "lake"), **dict.fromkeys(test_lake_points.BY_WORK, "work"),
    **dict.fromkeys(test_archive_points.BY_DOOR, "door"), **{point: point.split(".")[0] for point in POINTS[:-1]},
}  # fmt: skip
"""Who reaches a point. Nothing is replied to these devices, so nobody reaches `door.before_reply`."""


def rounds(seed):
    """Endless rounds of a storm: by device, messages as (key, payload), a third of them once more, in any order."""
    chance, turn = random.Random(seed), 0
    while True:
        said = []
        for number in range(DEVICES):
            device, messages = f"d{number:03}", []
            for step in range(turn * EACH, (turn + 1) * EACH):
                at, value = START + step * SECOND, chance.randrange(10_000) / 100
                body = json.dumps({"device": device, "time": at / 1000, "water_level": value, "pad": "x" * 60}).encode()
                messages += [((device, at), value, body)] * chance.choice((1, 1, 2))
            chance.shuffle(messages)
            said.append(messages)
        yield said
        turn += 1


def mortal(seed):
    """By role, the points at which it has yet to die, and at which time of reaching each."""
    chance, left = random.Random(f"deaths {seed}"), {"door": deque(), "work": deque(), "lake": deque()}
    for point in chance.sample(sorted(BY), len(BY)):
        left[BY[point]].append(f"{point}:{chance.randint(1, 3)}")
    return left


def played(folder, seed, disk="", least=0, left=None):
    """Rounds until everybody has died of everything, at least so many: (digest, rounds, exit codes)."""
    lake = left is not None
    with city(folder, DEVICES, **EAGER) as town:
        (town.data / "frames").mkdir(exist_ok=True)
        roles, left, deaths = ("door", "work", "lake") if lake else ("door", "work"), left or {}, []

        def start(*names):
            for name in names:
                deadly = {"SENSING_FAIL_AT": left[name][0]} if left.get(name) else {}
                for number in range(
                    3 if name == "lake" else 0
                ):  # what an archive that died may leave: only that is ever unlinked
                    (town.data / "frames" / f"frames-0-{number}.zst").write_bytes(b"nobody names it")
                town.start(name, environ=deadly, disk=disk)

        def revive():
            """Start what has died; when the power went, all have."""
            died = [name for name, process in town.roles.items() if process.poll() is not None]
            for name in died:
                deaths.append(town.roles[name].returncode)
                left[name].popleft()
            if died and disk:
                town.kill(*(name for name in roles if name not in died))
                forgetful_files.cut(town.data)
            start(*(roles if died and disk else died))
            return asyncio.run(asyncio.sleep(0.02)) is None

        start(*roles)
        load = Fleet([Device(name, word, f"sensing/v1/plainjson/{name}/up", [], 3) for name, word in town.passwords.items()], {})
        turn = 0
        for turn, said in enumerate(rounds(seed), 1):
            for device, messages in zip(load.devices, said, strict=True):
                load.sent.update({key: value for key, value, _ in messages})
                device.messages = [(key, body) for key, _, body in messages]
            asyncio.run(load.run(town.port, revive))
            town.caught_up(meanwhile=revive)
            if lake:
                test_lake_points.wait(town, revive, test_lake_points.is_sealed, _PATIENCE_S)
                test_archive_points.wait(town, revive)
            if turn >= least and not any(left.values()):
                break
            assert turn < MOST, f"nobody reached {left}"
        if lake:
            test_lake_points.wait(town, revive, test_lake_points.is_tidy, _PATIENCE_S)
        found = town.check(load.sent, load.acked)
        assert found.exact, found
        assert town.ledger()["balanced"]
        return town.digest(), turn, deaths


@pytest.mark.timeout(900)
@pytest.mark.parametrize("disk", ["", "forgetful"])
@pytest.mark.parametrize("seed", range(scaled(50, 1)))
def test_a_storm_in_which_everybody_dies_at_every_point_of_theirs(tmp_path, seed, disk):
    """Killed, or with all of them cut from power each time: the digest is that of the same storm without lake, archive and deaths."""
    began = time.monotonic()
    digest, turns, deaths = played(tmp_path / "mortal", seed, disk, left=mortal(seed))
    assert deaths == [137] * len(BY)
    assert digest == played(tmp_path / "calm", seed, least=turns)[0]
    print(f"seed {seed}: {turns} rounds, {time.monotonic() - began:.0f} s")
