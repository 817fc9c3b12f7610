"""Killed, or cut from power, at each named point of sealing and compaction, the store ends as if there had been no lake."""

import asyncio
import contextlib
import time

import apsw
import pytest

from sensing.failpoints import LAKE_POINTS
from tests.faults import forgetful_files
from tests.faults.city import city, payload, scaled
from tests.faults.load import fleet

START = 1_794_000_000_000_000
EAGER = {
    "lake__seal_after_min": 0, "lake__seal_rows": 1, "lake__seal_every_min": 0, "lake__compact_files": 2, "lake__merge_files": 2,
    "lake__grace_min": 0.001, "lake__check_s": 0.02, "work__batch": 20,
}  # fmt: skip
ROUNDS, EACH = 5, 6
BY_WORK = {"lake.before_adopt", "lake.after_adopt", "lake.swept"}


def played(folder, point="", count=1, *, lake=True, disk="", patience_s=60):
    """Rounds of a small storm, each sealed before the next, which says half of it again; `point` dies once: (digest, deaths)."""
    with city(folder, 4, **EAGER) as town:
        load = fleet(town.passwords, ROUNDS * EACH, payload, START, window=2)
        said = [device.messages for device in load.devices]
        role = "work" if point in BY_WORK else "lake"
        roles = ("door", "work", "lake") if lake else ("door", "work")
        for name in roles:
            deadly = {"SENSING_FAIL_AT": f"{point}:{count}"} if name == role and point else {}
            town.start(name, environ=deadly, disk=disk)
        deaths = []

        def revive():
            """Start what has died; when the power went, all have."""
            died = [name for name, process in town.roles.items() if process.poll() is not None]
            deaths.extend(town.roles[name].returncode for name in died)
            if died and disk:
                town.kill(*(name for name in roles if name not in died))
                forgetful_files.cut(town.data)
            town.start(*(roles if died and disk else died), disk=disk)
            return asyncio.run(asyncio.sleep(0.02)) is None

        for turn in range(ROUNDS):
            for device, messages in zip(load.devices, said, strict=True):
                device.messages = [*messages[turn * EACH : (turn + 1) * EACH], *messages[: turn * EACH : 2]]
            asyncio.run(load.run(town.port, revive))
            town.caught_up(meanwhile=revive)
            if lake:
                wait(town, revive, is_sealed, patience_s)
        if lake:
            wait(town, revive, is_tidy, patience_s)
        found = town.check(load.sent, load.acked)
        assert found.exact, found
        assert town.ledger()["balanced"]
        return town.digest(), deaths


def wait(town, revive, done, patience_s):
    deadline = time.monotonic() + patience_s
    while not looked(town, done):
        assert time.monotonic() < deadline, town._logs()
        revive()


def looked(town, done):
    with contextlib.suppress(apsw.BusyError), contextlib.closing(apsw.Connection(str(town.data / "store.db"))) as store:
        return done(store, town.data / "lake")
    return False


def is_sealed(store, _folder):
    """Whether no row is left in the table."""
    return store.execute("SELECT count(*) FROM hot").get == 0


def is_tidy(store, folder):
    """Whether all is sealed and merged, and what was replaced is gone."""
    level = store.execute("SELECT max(level) FROM segments").get
    names = {name for (name,) in store.execute("SELECT file FROM segments WHERE replaced_at IS NULL")}
    return level == 1 and is_sealed(store, folder) and {path.name for path in folder.iterdir()} == names


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Digest of a run without a lake."""
    return played(tmp_path_factory.mktemp("calm"), lake=False)[0]


@pytest.mark.parametrize("turn", range(scaled(4)))
@pytest.mark.parametrize("point", LAKE_POINTS)
def test_a_death_at_a_named_point_of_the_lake_changes_nothing(tmp_path, undisturbed, point, turn):
    """Same digest, nothing lost or double, no file left that nobody names."""
    digest, deaths = played(tmp_path, point, 1 + turn)
    assert deaths == [137]
    assert digest == undisturbed


@pytest.mark.parametrize("turn", range(scaled(4)))
@pytest.mark.parametrize("point", LAKE_POINTS)
def test_a_power_cut_at_a_named_point_of_the_lake_changes_nothing(tmp_path, undisturbed, point, turn):
    """All roles die with it, and what was not synced is gone: the same digest."""
    digest, deaths = played(tmp_path, point, 1 + turn, disk="forgetful")
    assert deaths == [137]
    assert digest == undisturbed


def test_mutation_a_file_that_is_not_synced_is_seen(tmp_path, undisturbed):
    """The test above can fail: a seal whose file was never synced is adopted, and empty after the cut."""
    with pytest.raises((AssertionError, OSError, ValueError)):
        assert played(tmp_path, "lake.swept", 1, disk="forgetful careless", patience_s=10)[0] == undisturbed
    with contextlib.closing(apsw.Connection(str(tmp_path / "store.db"))) as store:
        files = [file for (file,) in store.execute("SELECT file FROM segments WHERE replaced_at IS NULL")]
    assert [file for file in files if not (tmp_path / "lake" / file).exists() or not (tmp_path / "lake" / file).stat().st_size]
