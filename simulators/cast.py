"""Who plays in a storm, and what is sent: story, city, ships, faults and what-ifs put together from the words of a command line."""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sensing import times
from sensing.model import Micros
from sensing.times import HOUR, MINUTE

from .faults import Break, apply, parse, strikes
from .faults.whatif import delay, parse_delays, without
from .player import Cue
from .said import Device, Sent, Speaker
from .story import Story, open_story
from .story.checks import checks
from .truth import Truths

if TYPE_CHECKING:
    from .vessels import Traffic

KINDS = {"ais": "receiver", "lorawan": "server"}
"""What the principal is through which an adapter's devices speak; the others are gateways."""
VESSELS_SHARE = 5
"""One ship for so many devices: 500 for 2,500."""
LEAD = HOUR
"""What a demo catches up with at its start, so that charts are not empty."""
APPROACH = 3 * HOUR
"""How long before landfall a demo shows a typhoon: it is on the map when the page opens."""


class Cast:
    """Who plays what: made from the words of the command line. Raises SensingError for words that do not fit."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.faults = parse(given.faults)
        self.delays = parse_delays(given.delay)
        self.seed: int = self.story.seed

    @cached_property
    def story(self) -> Story:
        given, begin = self.given, None
        if given.now:
            begin = (times.now() - LEAD) // MINUTE * MINUTE
            told = open_story(given.storm, track=given.track).scenario
            if told.track is not None:  # a best track stays where it is in time
                begin = max(told.begin, (told.landfall or told.begin) - APPROACH - LEAD)
                return open_story(given.storm, given.seed, track=given.track, begin=begin, end=told.end)
        return open_story(given.storm, given.seed, track=given.track, begin=begin)

    @property
    def begin(self) -> Micros:
        return self.story.begin

    @property
    def end(self) -> Micros:
        lasts = self.given.lasts
        return self.story.end if lasts is None else min(self.story.end, self.story.begin + lasts)

    @cached_property
    def speakers(self) -> list[Speaker]:
        from .city import build_city

        made: list[Speaker] = [build_city(self.story, self.seed, self.given.devices)]
        if self._ships is not None:
            made.append(self._ships)
        return without(made, self.given.without) if self.given.without else made

    @cached_property
    def _ships(self) -> Traffic | None:
        from .vessels import build_traffic

        ships = self.given.devices // VESSELS_SHARE if self.given.vessels is None else self.given.vessels
        return build_traffic(self.story, self.seed, ships) if ships else None

    @property
    def devices(self) -> list[Device]:
        return [device for speaker in self.speakers for device in speaker.devices]

    def adapters(self) -> dict[str, set[str]]:
        """The adapters that speak through each gateway."""
        found: dict[str, set[str]] = {gateway: set() for speaker in self.speakers for gateway in speaker.gateways}
        for device in self.devices:
            found[device.gateway].add(device.adapter)
        return found

    def roster(self) -> dict[str, Any]:
        """Who will speak: gateways and their kinds, what registering each device takes, what ships declare, and the window of the run."""
        kinds = {
            name: next((KINDS[each] for each in sorted(spoken) if each in KINDS), "gateway")
            for name, spoken in self.adapters().items()
        }
        scenario = self.story.scenario
        return {
            "storm": scenario.name, "zh": scenario.zh, "en": scenario.en, "seed": self.seed, "begin": self.begin, "end": self.end,
            "faults": self.faults.text(), "gateways": dict(sorted(kinds.items())), "devices": [device.form() for device in self.devices],
            "cargo": self._cargo(),
        }  # fmt: skip

    def _cargo(self) -> str:
        """What ships' agents declare, where the scenario says that they do: the CSV; "" otherwise."""
        if not self.story.scenario.more.get("ships", {}).get("declared"):
            return ""
        from .vessels.agents import cargo_list

        return cargo_list(self._ships.calls()) if self._ships is not None else ""

    def frames(self, truth: Truths) -> Iterator[Sent | Break | Cue]:
        """All that happens, in order of time."""
        told: Iterable[Sent | Break] = apply(self.speakers, self.faults, self.seed, truth, self.begin, self.end)
        if self.delays:
            told = delay(told, self.delays)
        cues = [Cue(strike.time, strike.name) for strike in strikes(self.faults, self.seed, self.begin, self.end)]
        return merged(told, cues)

    def checked(self) -> list[dict[str, Any]]:
        """Whether the whole story is physical, as the report shows it."""
        return [
            {
                "name_en": f"{each.name} · {each.where}", "ok": each.passed,
                "value": f"{each.value:.4g} {each.unit} ({each.wanted:.4g} ± {each.margin:.2g})",
            }
            for each in checks(self.story)
        ]  # fmt: skip

    def about(self) -> dict[str, Any]:
        """What the run is of: for recordings and the truth. The same words give the same text."""
        given = self.given
        return {
            "storm": self.story.scenario.name, "seed": self.seed, "devices": given.devices, "faults": self.faults.text(),
            "without": list(given.without), "delay": list(given.delay), "begin": self.begin, "end": self.end,
        }  # fmt: skip


def merged(frames: Iterable[Sent | Break], cues: Sequence[Cue]) -> Iterator[Sent | Break | Cue]:
    """Frames with the cues between them."""
    if not cues:
        return iter(frames)
    return heapq.merge(frames, cues, key=lambda each: each.time)
