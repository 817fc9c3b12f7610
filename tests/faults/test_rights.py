"""Who may say what, at the real door: its own topics and its own devices, nothing else, and no longer than its credential lives."""

import asyncio
import contextlib
import time

import apsw
import httpx
import pytest

from sensing import runfile
from sensing.framelog.sqlite import SqliteLog
from sensing.mqtt import packets as p
from sensing.registry import DeviceForm, read_admin_token
from tests.faults.city import ROOT, TESTER, city, payload
from tests.faults.speech import sl651
from tests.raw_client import RawClient

START = 1_794_000_000_000_000
PRINCIPALS = 50
REFUSED = PRINCIPALS * (PRINCIPALS - 1)
NOT_AUTHORISED = 0x87
GAUGE = "0030746200"
REAL = ROOT / "tests/golden/sl651/bj-01-32/frame.hex"
"""What the Beijing station 0030746200 sent."""


def up(device):
    return f"sensing/v1/plainjson/{device}/up"


async def come(town, name, version=4):
    """A client of a principal, let in."""
    client = await RawClient.connect(town.port, name, version, password=town.passwords[name].encode())
    assert client.connack.code == 0
    return client


def dead(town, reason):
    """(principal, native id that was named) of each dead letter of a reason."""
    with contextlib.closing(apsw.Connection(str(town.data / "store.db"))) as store:
        return list(store.execute("SELECT principal, detail FROM dead WHERE reason=? AND state='open'", (reason,)))


def refusals(town):
    with contextlib.closing(SqliteLog(town.data / "log.db", write=False)) as log:
        return {(principal, reason): number for (_, _, principal, reason), number in log.refusals().items()}


def asked(town, path):
    """What web answers."""
    about = runfile.wait_for(town.data, "run/web.json", town.roles["web"].pid, 30)
    token = read_admin_token(town.data / "admin.token")
    return httpx.get(about["url"] + path, headers={"authorization": f"Bearer {token}"}, timeout=30).raise_for_status().json()


def eventually(condition, what, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.slow
def test_a_matrix_of_topics_lets_each_publish_under_its_own_name(tmp_path):
    """50 x 50, each payload naming the topic's own device, by MQTT 5 on one connection each: 2,450 refusals by code, 50 rows.
    The refusals stand in ledger and status. Then by MQTT 3.1.1, 49 each: the connection closes without an acknowledgement."""
    with city(tmp_path, PRINCIPALS, http__port=0) as town:
        town.start("door", "work", "web")
        town.listening()
        names = list(town.passwords)
        codes = asyncio.run(in_version_5(town, names))
        assert {pair for pair, code in codes.items() if code == 0} == {(name, name) for name in names}
        assert sorted(set(codes.values())) == [0, NOT_AUTHORISED]
        town.caught_up()
        assert sorted(device for device, *_ in town.rows()) == names
        eventually(lambda: sum(refusals(town).values()) == REFUSED, "refusals are counted within a second")
        assert refusals(town) == {(name, "wrong_topic"): PRINCIPALS - 1 for name in names}
        assert asked(town, "/api/ledger")["refused"] == asked(town, "/api/status")["refused"] == REFUSED
        closed = asyncio.run(in_version_4(town, names))
        assert closed == REFUSED
        town.caught_up()
        assert len(town.rows()) == PRINCIPALS
        eventually(lambda: sum(refusals(town).values()) == 2 * REFUSED, "refusals are counted within a second")
        assert town.ledger()["balanced"]


async def in_version_5(town, names):
    """Reason code of each PUBACK by (principal, topic's principal)."""
    codes = {}

    async def row(name):
        client = await come(town, name, 5)
        for pid, other in enumerate(names, 1):
            client.say(p.Publish(up(other), payload(other, START, 1.0), 1, pid))
        for pid, other in enumerate(names, 1):
            answer = await client.hear()
            assert (type(answer), answer.pid) == (p.Puback, pid)
            codes[name, other] = answer.code
        await client.close()

    await asyncio.gather(*(row(name) for name in names))
    return codes


async def in_version_4(town, names):
    """How many connections ended without a word after publishing under another's name."""

    async def one(name, other):
        client = await come(town, name)
        client.say(p.Publish(up(other), payload(other, START + 1_000_000, 2.0), 1, 1))
        return await client.ended() == []

    async def row(name):
        return sum([await one(name, other) for other in names if other != name])

    return sum(await asyncio.gather(*(row(name) for name in names)))


@pytest.mark.slow
def test_a_principal_cannot_speak_for_anothers_station(tmp_path):
    """Real SL 651 bytes, generated ones and plain JSON, acknowledged as all that is on disk: 0 rows, and `not_yours` for each."""
    with city(tmp_path, PRINCIPALS) as town:
        for name, native in (("gauge-owner", GAUGE), ("gauge-stranger", "0000000077")):
            form = DeviceForm.read({"id": name, "type": "generic", "adapter": "sl651", "native": native})
            town.passwords[name] = town.registry.register_device(form, actor=TESTER).credential.password
        town.start("door", "work")
        town.listening()
        names = [name for name in town.passwords if name.startswith("d")]
        frames = [bytes.fromhex(REAL.read_text()), sl651(GAUGE, START, 3.2)]
        said = {"gauge-stranger": [("sensing/v1/sl651/gauge-stranger/up", frame) for frame in frames]}
        for name in names:
            said[name] = [(up(name), payload(other, START, 1.0)) for other in names]
        asyncio.run(say_all(town, said))
        town.caught_up()
        assert sorted(device for device, *_ in town.rows()) == names
        strangers = [(name, other) for name in names for other in names if name != other]
        assert sorted(dead(town, "not_yours")) == sorted([*strangers, *[("gauge-stranger", GAUGE)] * 2])
        ledger = town.ledger()
        assert (ledger["balanced"], ledger["dead_lettered"], ledger["stored"]) == (True, REFUSED + 2, PRINCIPALS)
        asyncio.run(say_all(town, {"gauge-owner": [("sensing/v1/sl651/gauge-owner/up", frame) for frame in frames]}))
        town.caught_up()
        assert {device for device, *_ in town.rows()} == {*names, "gauge-owner"}


async def say_all(town, said):
    """Publish and wait for every acknowledgement."""

    async def one(name, messages):
        client = await come(town, name)
        client.say(*(p.Publish(topic, body, 1, pid) for pid, (topic, body) in enumerate(messages, 1)))
        assert await client.hear_all(len(messages)) == [p.Puback(pid) for pid in range(1, len(messages) + 1)]
        await client.close()

    await asyncio.gather(*(one(*each) for each in said.items()))


@pytest.mark.slow
@pytest.mark.parametrize("version", [4, 5])
def test_a_revoked_credential_is_out_within_five_seconds(tmp_path, version):
    """While it publishes without a pause: it is cut off, its next publish is not acknowledged, it may not come back, and its
    neighbour notices nothing. What was acknowledged before is stored."""
    with city(tmp_path, 2) as town:
        town.start("door", "work")
        town.listening()
        took_s, acked, neighbours = asyncio.run(revoked_while_publishing(town, version))
        town.caught_up()
        rows = town.rows()
        print(f"out after {took_s:.2f} s, {acked} acknowledged")
        assert took_s < 5
        assert sum(device == "d000" for device, *_ in rows) in {acked, acked + 1}
        assert sum(device == "d001" for device, *_ in rows) == neighbours
        assert town.ledger()["balanced"]


async def revoked_while_publishing(town, version):
    client, neighbour = await come(town, "d000", version), await come(town, "d001", version)
    counts = {"d000": 0, "d001": 0}
    over = asyncio.Event()

    async def publish(line, name):
        while not over.is_set():
            number = counts[name]
            line.say(p.Publish(up(name), payload(name, START + number * 1_000_000, 1.0), 1, number % 60_000 + 1))
            answer = await line.hear()
            if type(answer) is p.Disconnect:
                assert (version, answer.code) == (5, NOT_AUTHORISED)
                raise EOFError
            assert answer == p.Puback(number % 60_000 + 1)
            counts[name] += 1
            await asyncio.sleep(0.005)

    beside = asyncio.create_task(publish(neighbour, "d001"))
    mine = asyncio.create_task(publish(client, "d000"))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await asyncio.to_thread(town.registry.revoke_principal, "d000", actor=TESTER)
    with contextlib.suppress(EOFError, ConnectionError):
        await asyncio.wait_for(mine, 10)
    took_s = time.monotonic() - began
    client.drop()
    again = await RawClient.connect(town.port, "d000", version, password=town.passwords["d000"].encode())
    assert again.connack.code == (5 if version == 4 else 0x86)
    await again.ended()
    over.set()
    await beside
    await neighbour.close()
    return took_s, counts["d000"], counts["d001"]
