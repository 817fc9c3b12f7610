"""The registry at the size of a region: a file of devices taken in whole, then found again by what they are called.

Each case runs in a process of its own, for its memory is a figure too. The file goes the way of every import: sheet, form, checks, labels, notes for undo.
Natives are scattered, so that their index is filled everywhere at once; ids rise, as in a list that somebody made.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sensing.audit import Actor
from sensing.registry import Registry, RegistryDirectory
from sensing.registry.outcomes import Imported
from sensing.registry.sheets import Sheet
from tests.bench.place import Place

ME = Actor("bench")
TYPES = {
    "logger": SimpleNamespace(id="logger", adapter="plainjson", domain="city", settings={}, limits={}),
    "node": SimpleNamespace(id="node", adapter="senml", domain="environment", settings={}, limits={}),
}
CODES = 4
"""Identifiers of each thing: its id, its native id, its label, its URN."""
_GATEWAYS = 100
_HEADER = "id,type,native,name,lat,lon,area,principal\n"


def registry(place: Place) -> Iterator[dict[str, Any]]:
    """Import, then find: cold and remembered by the forward path, and by any code."""
    count = 10_000_000 if place.full else place.long(200_000, 20_000)
    folder = place.folder / "registry"
    folder.mkdir()
    place.say(f"registry: a file of {count:,} devices")
    for case in ("import", "find", "remembered", "identify"):
        place.say(f"registry: {case}")
        line = [sys.executable, "-m", "tests.bench.registry", case, str(folder), str(count)]
        told = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
        yield {"case": f"{case}, {count:,}", **told}
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def native(number: int) -> str:
    return f"{number * 2_654_435_761 % (1 << 40):010x}{number % 9_973:06x}"


def _sheet(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        for number in range(count):
            kind = "node" if number % 3 == 0 else "logger"
            file.write(
                f"dev-{number:08d},{kind},{native(number)},点位{number},{24 + number % 997 / 1000:.3f},{117 + number % 887 / 1000:.3f},"
                f"区{number % 89},gw-{number % _GATEWAYS}\n"
            )


def _import(folder: Path, count: int) -> dict[str, Any]:
    sheet, done = folder / "devices.csv", None
    _sheet(sheet, count)
    there = Registry(folder / "registry.db", TYPES)
    for number in range(_GATEWAYS):
        there.register_principal(f"gw-{number}", "gateway", actor=ME)
    cpu, began = time.process_time(), time.perf_counter()
    with sheet.open("rb") as file:
        for each in there.import_devices(Sheet(file).lines(), name=sheet.name, actor=ME):
            done = each
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert isinstance(done, Imported)
    there.close()
    sheet.unlink()
    return {
        "per_s": count / took, "codes_s": CODES * count / took, "us": 1e6 * cpu / count, "right": done.counts["new"], "wanted": count,
        "disk_mb": (folder / "registry.db").stat().st_size / 1e6,
    }  # fmt: skip


def _asked(count: int, most: int = 100_000) -> list[tuple[str, str, str]]:
    """(adapter, native, id) of devices all over the file, none twice."""
    chosen = random.Random(7).sample(range(count), min(most, count // 2))
    return [("senml" if number % 3 == 0 else "plainjson", native(number), f"dev-{number:08d}") for number in chosen]


def _find(folder: Path, count: int) -> dict[str, Any]:
    """Each asked for once: nothing is remembered of it. The process keeps what the forward path would keep, and no more."""
    there = RegistryDirectory(folder / "registry.db", TYPES)
    asked, right, took = _asked(count), 0, []
    for adapter, code, wanted in asked:
        began = time.perf_counter()
        found = there.find(adapter, code, 1_790_000_000_000_000)
        took.append(time.perf_counter() - began)
        right += found is not None and found.id == wanted
    return _spread(took) | {"right": right, "wanted": len(asked)}


def _remembered(folder: Path, count: int) -> dict[str, Any]:
    """The same thousand again and again, as a gateway's devices report."""
    there = RegistryDirectory(folder / "registry.db", TYPES)
    asked, right, rounds = _asked(count, 1_000), 0, 200
    for adapter, code, wanted in asked:
        right += there.find(adapter, code).id == wanted  # type: ignore[union-attr]
    began = time.perf_counter()
    for _ in range(rounds):
        for adapter, code, _id in asked:
            there.find(adapter, code, 1_790_000_000_000_000)
    took = (time.perf_counter() - began) / rounds / len(asked)
    return {"per_s": 1 / took, "us": took * 1e6, "right": right, "wanted": len(asked)}


def _identify(folder: Path, count: int) -> dict[str, Any]:
    """By id, bare native id, native id with its adapter, and label, in turn."""
    there = Registry(folder / "registry.db", TYPES)
    asked, right, took = _asked(count, 4_000), 0, []
    for turn, (adapter, code, wanted) in enumerate(asked):
        text = (wanted, code, f"{adapter}:{code}", "")[turn % 4] or there.show_device(wanted).label
        began = time.perf_counter()
        found = there.identify(text)
        took.append(time.perf_counter() - began)
        right += [match.device.id for match in found] == [wanted]
    return _spread(took) | {"right": right, "wanted": len(asked)}


def _spread(took: list[float]) -> dict[str, Any]:
    ordered = sorted(took)
    return {
        "per_s": len(took) / sum(took), "us": 1e6 * ordered[len(took) // 2], "p99_ms": 1e3 * ordered[len(took) * 99 // 100],
        "max_ms": 1e3 * ordered[-1],
    }  # fmt: skip


if __name__ == "__main__":
    case, where, size = sys.argv[1:]
    told = {"import": _import, "find": _find, "remembered": _remembered, "identify": _identify}[case](Path(where), int(size))
    print(json.dumps(told | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
