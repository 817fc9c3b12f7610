"""1 % junk of forty kinds among good frames: it ends in dead letters, all of it and nothing else, and costs its neighbours little."""

import asyncio
import contextlib
import json
import random
import statistics
import time
from collections import Counter

import apsw
import pytest

from sensing import app
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.registry import DeviceChanges, DeviceForm
from tests.faults.city import FULL, TESTER, city, scaled
from tests.faults.junk import KINDS, MAPPED
from tests.faults.load import Device, Fleet
from tests.faults.speech import speak

START = 1_790_000_040_000_000
MINUTE = 60_000_000
GOOD = scaled(100_000, 4_000)
JUNK_EACH = max(1, GOOD // 4_000)
SENDERS = 60
PONDING, ULTRASONIC = "ponding-sensor", "ultrasonic-gauge"


def stations():
    """(principal, adapter, native id, type): twenty of each protocol, and one whose type is wrong."""
    for number in range(SENDERS):
        adapter = ("sl651", "plainjson", "senml")[number % 3]
        name = f"{adapter}-{number:02}"
        yield name, adapter, f"{number:010d}" if adapter == "sl651" else name, "generic"
    yield "mapped", "plainjson", "mapped", ULTRASONIC


def registered(registry):
    """Passwords by principal."""
    forms = [
        DeviceForm.read({"id": name, "type": kind, "adapter": adapter, "native": native})
        for name, adapter, native, kind in stations()
    ]
    return {one.device.id: one.credential.password for one in registry.register_devices(forms, actor=TESTER)}


def streams(good, junk_each, seed):
    """Messages by principal: (key, payload), the key of junk being (kind's name, number). Behind junk comes a good frame, always."""
    chance = random.Random(seed)
    said = {name: [] for name, *_ in stations()}
    natives = {name: (adapter, native) for name, adapter, native, _ in stations()}
    senders = list(said)[:-1]
    for number in range(good):
        name = senders[number % SENDERS]
        adapter, native = natives[name]
        at, value = START + number // SENDERS * MINUTE, round(number % 9_000 / 1000 + 1, 3)
        said[name].append(((name, at), speak[adapter](native, at, value, number)))
    for number in range(junk_each * len(KINDS)):
        kind = KINDS[number % len(KINDS)]
        if kind is MAPPED:
            at = START + number * MINUTE
            said["mapped"].append(((kind.name, number), kind.make(speak["plainjson"]("mapped", at, 1.5), chance)))
            continue
        free = []
        while not free:
            name = chance.choice([sender for sender in senders if natives[sender][0] == kind.adapter])
            at = chance.randrange(len(said[name]))
            free = [] if not is_good(said[name][at]) or (at and not is_good(said[name][at - 1])) else [at]
        body = speak[kind.adapter](natives[name][1], START - MINUTE - number * MINUTE, 9.9, number)
        said[name].insert(at, ((kind.name, number), kind.make(body, chance)))
    return said


def is_good(message):
    return isinstance(message[0][0], str) and message[0][1] >= START


def values(good):
    """What must be stored, as `City.check` wants it."""
    return {
        (f"{('sl651', 'plainjson', 'senml')[n % SENDERS % 3]}-{n % SENDERS:02}", START + n // SENDERS * MINUTE): round(n % 9_000 / 1000 + 1, 3)
        for n in range(good)
    }  # fmt: skip


def letters(data, state="open"):
    """Dead letters with the bytes at their place in the log: [(principal, payload, reason)]."""
    log = SqliteLog(data / "log.db", write=False)
    with contextlib.closing(apsw.Connection(str(data / "store.db"))) as store, contextlib.closing(log):
        rows = store.execute("SELECT place, part, principal, reason FROM dead WHERE state=?", (state,)).fetchall()
        assert [part for _, part, *_ in rows] == [0] * len(rows)
        return [(principal, log.get(place).payload, reason) for place, _, principal, reason in rows]


@pytest.mark.slow
def test_dead_letters_are_exactly_the_junk(tmp_path):
    """100,000 good frames and 1,000 of junk through door and work: each ends where it belongs, the ledger balances all the time;
    redriven twice once their cause is mended, dead letters are stored once, and what is junk for ever stays one."""
    said = streams(GOOD, JUNK_EACH, seed=3)
    junk = [(name, payload, kind) for name, messages in said.items() for (kind, number), payload in messages if number < START]
    reasons = {kind.name: kind.reason for kind in KINDS}
    assert len(junk) == JUNK_EACH * len(KINDS)
    with city(tmp_path, 0) as town:
        passwords = registered(town.registry)
        adapters = {name: adapter for name, adapter, *_ in stations()}
        devices = [
            Device(name, passwords[name], f"sensing/v1/{adapters[name]}/{name}/up", messages, 50)
            for name, messages in said.items()
        ]
        town.start("door", "work")
        town.listening()
        balanced = []

        def watch():
            time.sleep(0.1)
            balanced.append(town.balanced())
            return True

        asyncio.run(Fleet(devices, {}).run(town.port, watch))
        town.caught_up()
        assert all(balanced)
        assert Counter(letters(tmp_path)) == Counter((name, payload, reasons[kind]) for name, payload, kind in junk)
        sent = values(GOOD)
        found = town.check(sent, sent)
        ledger = town.ledger()
        print(f"{found}; {len(junk)} dead letters of {len(KINDS)} kinds; balanced {len(balanced)} times")
        assert found.exact, found
        assert (ledger["stored"], ledger["dead_lettered"], ledger["balanced"]) == (GOOD, len(junk), True)
        mended = [(kind, payload) for _, payload, kind in junk if kind == MAPPED.name]
        redriven_twice(town, mended, [(name, payload, reasons[kind]) for name, payload, kind in junk if kind != MAPPED.name])


def redriven_twice(town, mended, lasting):
    """The type is set right; then all dead letters are redriven, twice by reason and twice by name."""
    town.registry.edit_device("mapped", DeviceChanges.read({"type": PONDING}), actor=TESTER)
    service = town.registry.internal_credential()
    with contextlib.closing(apsw.Connection(str(town.data / "store.db"))) as store:
        places = [list(key) for key in store.execute("SELECT place, part FROM dead WHERE principal='mapped'")]
    for number, args in enumerate(({}, {}, {"places": places}, {"reason": MAPPED.reason})):
        command = json.dumps({"id": f"redrive-{number}", "op": "redrive", "by": "tester", "args": args}).encode()
        line = Device("web", service.password, "sensing/v1/command/web/up", [(("command", number), command)])
        asyncio.run(line.run(town.port))
        town.caught_up()
        assert Counter(letters(town.data)) == Counter(lasting)
        ledger = town.ledger()
        stored = [at for device, at, _ in town.rows() if device == "mapped"]
        assert len(stored) == len(set(stored)) == len(mended)
        assert ledger["balanced"], ledger
        assert ledger["stored"] == GOOD + len(mended)
        assert ledger["dead_lettered"] == len(lasting)


@pytest.mark.slow
def test_junk_costs_its_neighbours_little(tmp_path):
    """Frames a second of processor time on the junk stream are at least 80 % of the clean one's: median of interleaved runs."""
    count, pairs = (40_000, 7) if FULL else (8_000, 5)
    folders = {}
    for name, each in (("clean", 0), ("junk", count // 4_000)):
        folder = folders[name] = tmp_path / name
        app.prepare(folder)
        registry = app.open_registry(folder)
        registered(registry)
        registry.close()
        fill(folder, streams(count, each, seed=4))
    rates = {"clean": [], "junk": []}
    for number in range(2 * pairs):
        name = ("clean", "junk")[(number + number // 2) % 2]
        rates[name].append(rate(folders[name], tmp_path / f"run{number}"))
    ratio = statistics.median(junk / clean for clean, junk in zip(rates["clean"], rates["junk"], strict=True))
    print({name: round(statistics.median(found)) for name, found in rates.items()}, f"frames/s, ratio {ratio:.2f}")
    assert ratio >= 0.8


def fill(folder, said):
    """Append streams to a log, turn by turn."""
    adapters = {name: adapter for name, adapter, *_ in stations()}
    sources = {name: Source(adapters[name], name, f"sensing/v1/{adapters[name]}/{name}/up", "up") for name in said}
    longest = max(len(messages) for messages in said.values())
    turns = [(name, messages[turn][1]) for turn in range(longest) for name, messages in said.items() if turn < len(messages)]
    with contextlib.closing(SqliteLog(folder / "log.db")) as log:
        log.append([Frame(sources[name], START + number, payload) for number, (name, payload) in enumerate(turns)])


def rate(source, folder):
    """Frames a second of processor time of a fresh worker over a log; tests beside this one take none of it."""
    folder.mkdir()
    for path in (*source.glob("log.db*"), *source.glob("registry.db*")):
        (folder / path.name).write_bytes(path.read_bytes())
    work = app.make_work(folder)
    began, taken = time.process_time(), 0
    while step := work.step():
        taken += step
    took_s = time.process_time() - began
    work.store.close()
    work.log.close()
    return taken / took_s
