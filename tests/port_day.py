"""A simulated port day told twice, by the truth and by what work made of the receivers' bytes, and how far the two agree."""

import json
from dataclasses import replace
from itertools import groupby
from statistics import median
from typing import NamedTuple

import numpy as np

from sensing.maritime import storms
from sensing.model import Frame, Source
from sensing.store import calls
from sensing.store.ship_reader import ShipReader, is_served
from sensing.times import HOUR, MINUTE, SECOND
from simulators.story import Place
from tests.house import reading
from tests.ship_story import Port, source

KINDS = {
    "dark": "dark_vessel",
    "dragging": "anchor_dragging",
    "speeding": "speeding_fairway",
    "unsheltered": "unsheltered",
}
MOMENTS = ("berthed", "unberthed", "arrived", "departed", "anchored")
EDGE = 10 * MINUTE
"""What happens nearer to the ends of the day is judged by neither."""
CHUNK = 1500
WEATHER = {"wx-gulei": (117.60, 23.74), "wx-xiamen": (118.08, 24.44), "wx-zhenhai": (118.15, 24.27)}


class Stays(NamedTuple):
    """matched: (what is true, the call, its time at the berth) of those found. missed: of the truth. extra: (call, stay) that no truth tells of."""

    matched: list
    missed: list
    extra: list

    @property
    def share(self):
        return len(self.matched) / max(1, len(self.matched) + len(self.missed))


class Score(NamedTuple):
    """Of one kind of incident. true, raised: how many there were; hit: of the true ones; missed, false: which were not, and which were for nothing."""

    true: int
    raised: int
    hit: int
    missed: list
    false: list

    @property
    def recall(self):
        return 1.0 if not self.true else self.hit / self.true

    @property
    def precision(self):
        return 1.0 if not self.raised else 1 - len(self.false) / self.raised


def played(folder, traffic, begin, end, story=None, track=None, ships=None, batch=1000):
    """A port that heard all that receivers sent from begin to end, the wind of some stations when there is a story to ask, a track beforehand.

    ships: MMSI of those that matter, and all base stations; None for all.
    """
    port = Port(folder, batch, WEATHER if story is not None else {})
    frames = [bulletin(track, begin)] if track is not None else []
    for hour in range(begin, end, HOUR):
        frames += winds(story, hour, min(end, hour + HOUR)) if story is not None else []
        for saying in traffic.sayings(hour, min(end, hour + HOUR)):
            body = traffic.encode(saying if ships is None else only(saying, ships))
            if body:
                frames.append(Frame(source(saying.device.gateway), saying.time, body))
        frames.sort(key=lambda frame: frame.received)
        for at in range(0, len(frames), CHUNK):
            port.hear(frames[at : at + CHUNK])
        frames = []
    return port


def only(saying, ships):
    """What a receiver passes on of some ships and of base stations."""
    readings = [one for one in saying.readings if len(one.native) == 7 or int(one.native) in ships]
    return replace(saying, readings=readings, meta=[one for one in saying.meta if one.ship.mmsi in ships])


def bulletin(path, time):
    """The command that tells where a storm is expected."""
    rows = [[point.time, point.lon, point.lat, point.wind, point.pressure] for point in storms.read(path.read_text("utf-8"))]
    order = {
        "id": f"track-{path.stem}",
        "op": "track",
        "by": "wang",
        "at": time,
        "args": {"run": "", "storm": path.stem, "points": rows},
    }
    return Frame(Source("command", "web", "sensing/v1/command/web/up", "up"), time, json.dumps(order).encode())


def winds(story, begin, end):
    """What the weather stations measure every ten minutes: frames of the toy protocol, a second later."""
    times = np.arange(-(-begin // (10 * MINUTE)) * 10 * MINUTE, end, 10 * MINUTE)
    places = [Place(lat, lon) for lon, lat in WEATHER.values()]
    speeds = story.sample("wind_speed", places, times)
    for name, row in zip(WEATHER, speeds, strict=True):
        for time, speed in zip(times.tolist(), row, strict=True):
            said = json.dumps([reading(name, round(float(speed), 1), time, p="wind_speed", u="m/s")]).encode()
            yield Frame(Source("toy", name, f"sensing/v1/toy/{name}/up", "up"), time + SECOND, said)


def compare_calls(traffic, port, begin, end):
    """Times at berths, true and found. Craft of the port itself make no calls."""
    reader = ShipReader(port.db)
    facts = {thing: said for (thing, _), said in reader.facts(None).items()}
    found = [(call, stay) for call in calls.rows(port.db, "1=1", ()) if is_served(facts.get(call.thing, {}))
             for stay in call.stays if stay.kind == "berth"]  # fmt: skip
    found.sort(key=lambda pair: pair[1].begin)
    matched, missed = [], []
    for truth in traffic.calls():
        if (truth.unberthed or end) < begin + EDGE or truth.berthed > end - EDGE:
            continue
        hit = next((pair for pair in found if _same(truth, *pair, end)), None)
        if hit is None:
            missed.append(truth)
        else:
            found.remove(hit)
            matched.append((truth, *hit))
    return Stays(matched, missed, found)


def _same(truth, call, stay, end):
    return (
        (call.thing, stay.place) == (f"mmsi-{truth.mmsi}", truth.berth)
        and stay.begin <= (truth.unberthed or end) and (stay.end or end) >= truth.berthed
    )  # fmt: skip


def errors(stays, begin, end):
    """By moment: how far what was found is from the truth, seconds, of what happened while somebody listened."""
    told = {name: [] for name in MOMENTS}
    for truth, call, stay in stays.matched:
        seen = {
            "berthed": stay.begin,
            "unberthed": stay.end,
            "arrived": call.arrived,
            "departed": call.departed,
            "anchored": call.anchored,
        }
        for name, other in seen.items():
            time = getattr(truth, name)
            if time is not None and other is not None and begin + EDGE < time < end - EDGE:
                told[name].append(abs(other - time) / SECOND)
    return told


def compare_incidents(traffic, port, begin, end, heard=lambda _incident: True):
    """Score by kind. heard: whether anybody can be held to have noticed an incident."""
    due = [one for one in traffic.incidents() if one.begin < end - EDGE and one.end > begin + EDGE]
    raised = list(port.db.execute('SELECT kind, device, start, "end" FROM events WHERE state <> ? ORDER BY kind', ("withdrawn",)))
    by_kind = {kind: [row[1:] for row in rows] for kind, rows in groupby(raised, key=lambda row: row[0])}
    return {kind: _score([one for one in due if one.kind == kind and heard(one)], [one for one in due if one.kind == kind],
                         by_kind.get(event, []), end) for kind, event in KINDS.items()}  # fmt: skip


def _score(wanted, excused, raised, end):
    def fits(one, event):
        return event[0] == f"mmsi-{one.mmsi}" and event[1] <= one.end and (event[2] or end) >= one.begin

    missed = [one for one in wanted if not any(fits(one, event) for event in raised)]
    false = [event for event in raised if not any(fits(one, event) for one in excused)]
    return Score(len(wanted), len(raised), len(wanted) - len(missed), missed, false)


def told(stays, scores, begin, end):
    """The figures in lines, for people."""
    lines = [f"berth stays: {len(stays.matched)} matched, {len(stays.missed)} missed, {len(stays.extra)} extra"]
    for name, found in errors(stays, begin, end).items():
        if found:
            lines.append(f"  {name}: {len(found)}, median {median(found):.0f} s, most {max(found):.0f} s")
    for kind, score in scores.items():
        lines.append(
            f"{kind}: {score.true} true, {score.raised} raised, recall {score.recall:.2f}, precision {score.precision:.2f}"
        )
    return "\n".join(lines)
