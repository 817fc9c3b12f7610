"""What somebody else's broker lost: it acknowledged frames to gateways and never handed them on. That is not our loss, and is told apart.

A frame arrived when its bytes are in our log under its topic (`frames.parquet` of the truth knows the bytes of each). A value that several
messages say alike arrived with any of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..truth import BROKEN, SENT
from .match import Match
from .tables import Column, Said


@dataclass
class InBroker:
    """values: places of values that must be stored and never arrived. frames, arrived: distinct ones. broken: damaged frames that never
    arrived, by adapter.
    """

    values: Column
    frames: int
    arrived: int
    broken: Counter[str]

    def told(self) -> dict[str, int]:
        """Counts for the score."""
        return {"values": len(self.values), "frames": self.frames - self.arrived, "sent": self.frames, "arrived": self.arrived}


def in_broker(marks: Any, said: Said, matched: Match, arrived: Iterable[int]) -> InBroker:
    """Which losses are the broker's. marks: table frame, mark, fate, adapter; arrived: marks of the frames in our log."""
    own, frames = marks["mark"].to_numpy(), marks["frame"].to_numpy()
    here = np.isin(own, np.fromiter(arrived, np.uint64))
    came = np.zeros(int(frames.max(initial=0)) + 1, bool)
    came[frames[here]] = True
    sent = np.nonzero(said.fate == SENT)[0]
    told = np.zeros(len(said), bool)
    told[matched.alike[sent[came[said.frame[sent]]]]] = True
    adapters = np.array(marks["adapter"].to_pylist(), object)
    return InBroker(
        matched.lost[~told[matched.lost]], len(np.unique(own)), len(np.unique(own[here])),
        Counter(adapters[~here & (marks["fate"].to_numpy() == BROKEN)].tolist()),
    )  # fmt: skip
