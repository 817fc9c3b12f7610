"""Every adapter at once, through our own door and through mosquitto: nothing lost, the ledger balanced, each owed answer given."""

import asyncio
import contextlib
from collections import Counter

import apsw
import pytest

from tests.e2e.fleet import ADAPTERS, enlist
from tests.e2e.mosquitto import OPEN, Mosquitto
from tests.e2e.service import Gauge, eventually
from tests.faults.city import TESTER, city
from tests.faults.load import Device
from tests.faults.speech import crc
from tests.hj212_frames import slow_checksum

pytestmark = pytest.mark.slow
HOURS = 20
ANSWERED = ("sl651", "hj212")
KEEPING = OPEN + "max_inflight_messages 1000\nmax_queued_messages 0\n"


def test_through_the_door(tmp_path):
    """Every row of every principal is there; each SL 651 frame is confirmed and each HJ 212 frame that asks is answered (paho);
    vessels enrol; what two receivers heard is one row with a witness."""
    with city(tmp_path, 0) as town:
        members, twin = mustered(town)
        town.start("door", "work")
        town.listening()
        answered(town, town.port, members, twin)
        judged(town, members)
        witnessed(town, members)


def test_through_mosquitto(tmp_path):
    """The same fleet behind mosquitto, fetched by the subscriber: the same rows, and the answers on the broker's down topics."""
    with Mosquitto(tmp_path / "broker", KEEPING) as broker, city(tmp_path / "data", 0) as town:
        (town.data / "config.toml").write_text(f'[[brokers]]\nhost = "127.0.0.1"\nport = {broker.port}\nversion = "5"\n')
        members, twin = mustered(town)
        town.start("door", "work")
        town.listening()
        prom = town.data / "run" / "door.prom"
        eventually(lambda: prom.exists() and "sensing_broker_durable{" in prom.read_text(), "the subscriber is there", 20)
        answered(town, broker.port, members, twin)
        judged(town, members)
        witnessed(town, members)


def mustered(town):
    """The fleet, and a second receiver that hears all that the first AIS receiver hears."""
    members = enlist(town, HOURS)
    first = next(member for member in members if member.adapter == "ais")
    made = town.registry.register_principal("ais-twin", "receiver", actor=TESTER)
    return members, Device(
        "ais-twin",
        made.password,
        "sensing/v1/ais/ais-twin/up",
        [(("ais-twin", key[1]), frame) for key, frame in first.messages],
        window=1,
    )


def answered(town, port, members, twin):
    """Everybody speaks; all of it is worked; the stations hear every answer that they are owed, and no other."""
    with contextlib.ExitStack() as clients:
        gauges = {
            member.name: (member, clients.enter_context(Gauge(port, member.name, member.password, member.adapter)))
            for member in members
            if member.adapter in ANSWERED
        }
        asyncio.run(told([*(member.device() for member in members if member.name not in gauges), twin], gauges.values(), port))
        sent = sum(len(member.messages) for member in members) + len(twin.messages)
        eventually(lambda: town.ledger()["received"] >= sent, "all has come", 30)
        town.caught_up()
        for member, gauge in gauges.values():
            owed, heard = OWED[member.adapter], HEARD[member.adapter]
            wanted = {owed(frame) for _, frame in member.messages} - {None}
            assert wanted
            eventually(lambda: set(map(heard, gauge.heard)) >= wanted, f"the answers to {member.name}", 20)  # noqa: B023 awaited here
            assert set(map(heard, gauge.heard)) == wanted


async def told(devices, gauges, port):
    """Everybody says what they have, all at once."""
    speaking = [asyncio.to_thread(gauge.publish, *(frame for _, frame in member.messages)) for member, gauge in gauges]
    async with asyncio.timeout(50):
        await asyncio.gather(*(device.run(port) for device in devices), *speaking)


def judged(town, members):
    """0 lost, 0 dead letters, nothing in quarantine, both equations."""
    things = {(form.principal, form.native): form.id for form in town.registry.list_devices(limit=1_000)}
    kept = Counter()
    with contextlib.closing(apsw.Connection(str(town.data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)) as store:
        rows = "SELECT DISTINCT s.thing, s.property, s.statistic, s.channel, h.time FROM hot h JOIN series s ON s.id = h.series"
        stored = set(store.execute(rows))
        dead = store.execute("SELECT adapter, reason, detail FROM dead").fetchall()
    for row in stored:
        kept[row[:4]] += 1
    for member in members:
        adapter, unclocked = ADAPTERS[member.adapter], Counter()
        for row in (row for rows in member.rows.values() for row in rows):
            thing = adapter.thing_id(row[0]) if getattr(adapter, "ENROLS", False) else things[member.name, row[0]]
            if row[4] is None:
                unclocked[thing, *row[1:4]] += 1
            else:
                assert (thing, *row[1:]) in stored, f"lost by {member.name}: {row}"
        for series, times in unclocked.items():
            assert kept[series] >= times, f"{series} of {member.name}: {kept[series]} of {times}"
    assert dead == []
    ledger = town.ledger()
    assert ledger["balanced"], ledger
    assert (ledger["dead_lettered"], ledger["quarantined"], ledger["pending"]) == (0, 0, 0)
    per = Counter(member.adapter for member in members for _ in member.messages)
    assert set(per) == set(ADAPTERS)
    assert min(per.values()) >= 150
    print(f"{ledger['received']} frames, {len(stored)} rows; {dict(per)}")


def witnessed(town, members):
    """Vessels enrolled under who heard them; each row of the twins is one row, and the other one is its witness."""
    first = next(member for member in members if member.adapter == "ais")
    natives = {row[0] for member in members if member.adapter in ("ais", "gpsd") for rows in member.rows.values() for row in rows}
    with contextlib.closing(apsw.Connection(str(town.data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)) as store:
        enrolled = dict(store.execute("SELECT native, principal FROM enrolled"))
        query = "SELECT s.thing, s.property, s.statistic, s.channel, h.time, w.principal FROM witnesses w JOIN hot h USING(series, time, revision) JOIN series s ON s.id = h.series"  # fmt: skip
        heard = store.execute(query).fetchall()
        often = store.execute("SELECT s.thing, s.property, s.statistic, s.channel, h.time, count(*) FROM hot h JOIN series s ON s.id = h.series GROUP BY h.series, h.time").fetchall()  # fmt: skip
    assert set(enrolled) == natives
    wanted = {(ADAPTERS["ais"].thing_id(row[0]), *row[1:]) for rows in first.rows.values() for row in rows}
    assert {row[:5] for row in heard} >= wanted
    assert {row[5] for row in heard if row[:5] in wanted} <= {"ais-0", "ais-twin"}
    assert {row[:5] for row in often if row[5] == 1} >= wanted


def sl651_owed(frame):
    """The confirm that a frame earns, without its clock: station, function, serial."""
    return frame[3:8], frame[10], frame[14:16]


def sl651_heard(reply):
    """What a confirm confirms (SL 651-2014 6.6.4: down, length 8, serial and clock, EOT)."""
    assert reply[:2] == b"~~"
    assert (reply[11:14], reply[-3], crc(reply[:-2]).to_bytes(2, "big")) == (b"\x80\x08\x02", 0x04, reply[-2:]), reply.hex()
    return reply[2:7], reply[10], reply[14:16]


def hj212_owed(frame):
    """QN and MN of a frame that wants an answer."""
    said = dict(item.partition("=")[::2] for item in frame[6:].decode("gb18030").split("CP=")[0].split(";") if "=" in item)
    return (said["QN"], said["MN"]) if int(said["Flag"]) & 1 else None


def hj212_heard(reply):
    """What a 9014 answers (HJ 212-2017 6.6.1: same QN, ST=91, Flag without the wish for an answer)."""
    size, segment = int(reply[2:6]), reply[6:-6]
    assert (reply[:2], len(segment), int(reply[-6:-2], 16)) == (b"##", size, slow_checksum(segment)), reply
    said = dict(item.partition("=")[::2] for item in segment.decode().split("CP=")[0].split(";") if "=" in item)
    assert (said["ST"], said["CN"], said["Flag"]) == ("91", "9014", "4")
    return said["QN"], said["MN"]


OWED = {"sl651": sl651_owed, "hj212": hj212_owed}
HEARD = {"sl651": sl651_heard, "hj212": hj212_heard}
