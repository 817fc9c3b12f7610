"""A small fleet for tests of faults and score: level gauges that speak one JSON line, a service that reads it, and a perfect store."""

import json
import math

import numpy as np

from sensing.model import QualityReason, Reading
from sensing.times import HOUR, MINUTE, SECOND
from simulators.faults import Break, apply, parse
from simulators.said import Device, Saying, Truth
from simulators.truth import SENT, TruthFile
from simulators.truth_reader import TruthReader

BEGIN = 1_473_811_200 * SECOND  # 2016-09-14T00:00Z
REASONS = tuple(map(str, QualityReason))
THRESHOLDS = {"water_level": {"watch": 3.5, "warning": 3.8, "danger": 3.95, "hysteresis": 0.1}}


class Fleet:
    """n gauges behind four gateways, every five minutes: level (a sine of 8 h), PM2.5, voltage."""

    def __init__(self, n=12, adapter="plainjson", prefix="g"):
        self.gateways = tuple(f"{prefix}w-{at}" for at in range(4))
        self.devices = [
            Device(
                f"{prefix}-{at:03}", "river-gauge", adapter, f"N{at}", f"gauge {at}", 24.0 + at / 100, 118.0, "350600",
                self.gateways[at % 4], "river", settings={"thresholds": THRESHOLDS},
            )
            for at in range(n)
        ]  # fmt: skip

    def level(self, time, at):
        return round(3.0 + math.sin((time - BEGIN) / HOUR * math.tau / 8 + at), 2)

    def sayings(self, begin, end):
        for minute in range(begin, end, 5 * MINUTE):
            for at, device in enumerate(self.devices):
                sent = minute + at * 1000
                if sent >= end:
                    break
                values = {"water_level": (self.level(minute, at), "m"), "pm2_5": (round(40.5 + 9 * math.sin(minute / HOUR + at), 1), "ug/m3"),
                          "supply_voltage": (12.6, "V")}  # fmt: skip
                readings = [
                    Reading(device.native, name, name, value, unit, time=minute, sent=sent)
                    for name, (value, unit) in values.items()
                ]
                yield Saying(
                    sent,
                    device,
                    readings,
                    [Truth(name, "instant", "", None, minute, value) for name, (value, _) in values.items()],
                )

    def encode(self, saying):
        if any(isinstance(reading.value, float) and abs(reading.value) > 99_999 for reading in saying.readings):
            raise ValueError("too large for this wire")
        return json.dumps([[saying.device.id, reading.code, reading.value, reading.time] for reading in saying.readings]).encode()


def play(folder, faults, seed=101, hours=24, fleet=None, begin=BEGIN, via=""):
    """Frames of a fleet with faults, and the folder of their truth."""
    end = begin + hours * HOUR
    fleets = [fleet or Fleet()]
    about = {"run": "r", "seed": seed, "faults": faults, "begin": begin, "end": end, "via": via}
    with TruthFile(folder, about, marks=bool(via)) as truth:
        frames = list(apply(fleets, parse(faults), seed, truth, begin, end))
    return frames, folder


class PerfectStore:
    """What a service leaves that stores all that the truth says was sent, once, and flags as `flag` says (kinds bits -> (quality, reason))."""

    run = "r"
    reasons = REASONS

    def __init__(self, folder, flag=lambda kinds: (1, "")):
        self.rows, self._series, self.raised = {}, {}, []
        self.letters = [
            {
                "adapter": row["adapter"],
                "reason": {"bad_crc": "bad_checksum", "truncated": "not_json"}[row["kind"]],
                "frames": row["frames"],
            }
            for row in TruthReader(folder).about["damaged"]
        ]
        for batch in TruthReader(folder).values():
            for row in batch.to_pylist():
                if row["fate"] == SENT:
                    words = (row["device"], row["property"], row["statistic"], row["channel"])
                    series = self._series.setdefault(words, len(self._series) + 1)
                    quality, reason = flag(row["kinds"])
                    key = (series, row["said_time"], row["said"])
                    self.rows.setdefault(key, [quality, REASONS.index(reason), row["sent"], len(self.rows)])
        self.rows = [[*key, *rest] for key, rest in self.rows.items()]

    def words(self):
        return {number: words for words, number in self._series.items()}

    def batches(self):
        series, time, result, quality, reason, received, revision = zip(*self.rows, strict=True)
        n = len(series)
        newest = {}
        for row in self.rows:
            newest[row[0], row[1]] = max(newest.get((row[0], row[1]), -1), row[6])
        served = [newest[row[0], row[1]] == row[6] for row in self.rows]
        yield {
            "series": np.array(series, np.int32), "time": np.array(time), "result": np.array(result, float), "lon": np.full(n, np.nan),
            "lat": np.full(n, np.nan), "quality": np.array(quality), "reason": np.array(reason), "revision": np.array(revision, np.uint32),
            "generation": np.zeros(n, np.int64), "sent": np.zeros(n, np.int64), "rank": np.zeros(n, np.int32),
            "received": np.array(received), "served": np.array(served),
        }  # fmt: skip

    def ledger(self):
        return {"received": 5, "decoded": 5, "balanced": True}

    def dead(self):
        return self.letters

    def events(self):
        return self.raised


def payloads(frames):
    """What a fleet's frames say: (device, code, value, time), of those that are whole."""
    found = []
    for frame in frames:
        if not isinstance(frame, Break):
            try:
                found += [tuple(row) for row in json.loads(frame.payload)]
            except ValueError:
                continue
    return found
