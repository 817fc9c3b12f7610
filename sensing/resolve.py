"""Second stage: whose reading is it? (adapter, native id) to a Thing that belongs to the principal.

An unknown native id sends the frame to quarantine; somebody else's is refused as `not_yours`: a principal may name
only its own devices (P-rule of the registry), whatever its payload claims.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from .decode import Lane
from .errors import Reason
from .model import Reading, Rejection, Thing

Find = Callable[[Lane, str], Thing | None]
"""The thing of a native id, from the registry or among those that enrolled themselves."""


class Resolved(Struct, gc=False):
    """Readings with their things; native ids nobody knows; refusals of foreign ones."""

    pairs: list[tuple[Reading, Thing]]
    unknown: list[str]
    refused: list[Rejection]


def resolve(lane: Lane, readings: Sequence[Reading], find: Find) -> Resolved:
    """Find the thing of each reading."""
    principal = lane.source.principal
    found = Resolved([], [], [])
    native, thing, mine = None, None, False
    for reading in readings:
        if reading.native != native:  # readings of one device stand together
            native = reading.native
            thing = find(lane, native)
            mine = thing is not None and thing.owned_by(principal)
        if mine and thing is not None:
            found.pairs.append((reading, thing))
        elif thing is None:
            if reading.native not in found.unknown:
                found.unknown.append(reading.native)
        elif not any(reading.native == refusal.detail for refusal in found.refused):
            found.refused.append(Rejection(Reason.NOT_YOURS, reading.native))
    return found
