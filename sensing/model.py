"""The nouns (docs/vocabulary.md). Frame is bytes as they arrived; Reading is what the wire claims; Observation is what we store.

Times are integers: microseconds since 1970-01-01 UTC (`Micros`), so that a batch is a list of plain numbers.
A value that is not known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

Micros = int
JsonState = dict[str, Any]
"""What an adapter remembers between frames: JSON values only, for it is committed with the cursor."""


class Origin(StrEnum):
    """Where data come from. It belongs to the credential, never to the topic (P6)."""

    LIVE = "live"
    SIMULATED = "simulated"
    REPLAYED = "replayed"


class Domain(StrEnum):
    """The five domains of the city: 人 城 境 业 安."""

    PEOPLE = "people"
    CITY = "city"
    ENVIRONMENT = "environment"
    INDUSTRY = "industry"
    SAFETY = "safety"


class Quality(IntEnum):
    """QARTOD flags (IOOS QARTOD Data Flags 1.2)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class QualityReason(StrEnum):
    """Why a quality flag is not 1 (DECISIONS "Shapes and closed lists"). The order is the number stored: append only."""

    NONE = ""
    MISSING = "missing"
    RANGE = "range"
    CLIMATOLOGY = "climatology"
    RATE = "rate"
    SPIKE = "spike"
    FLAT_LINE = "flat_line"
    SENTINEL = "sentinel"
    CLOCK = "clock"
    UNIT_FLIP = "unit_flip"
    DRIFT = "drift"
    NEIGHBOUR = "neighbour"
    CONSISTENCY = "consistency"
    JUMP = "jump"
    DEVICE = "device"
    TEST = "test"
    MANUAL = "manual"


class Source(Struct, frozen=True):
    """One principal's one topic under one credential's origin and run: what every frame of a stream shares."""

    adapter: str
    principal: str
    topic: str
    kind: str
    """`up` or `status` (CONTRACT "Topics and ports")."""
    origin: str = Origin.LIVE
    run: str = ""
    """"" for live; the id of the run else."""

    @property
    def stream(self) -> str:
        """The key under which an adapter's state is kept."""
        return f"{self.run}|{self.principal}|{self.topic}"


class Frame(Struct, gc=False):
    """Bytes as they arrived. `place` is its position in the log, dense from 1; 0 until it is appended."""

    source: Source
    received: Micros
    payload: bytes
    duplicate: bool = False
    place: int = 0


class Reading(Struct, gc=False):
    """What the wire claims, in its own unit.

    time: the instant, or the END of the period, UTC; None when the protocol has no clock (the first receive time is taken).
    begin: the start of the period; None for an instant.
    wire_time: the time as the wire states it, in UTC, before period arithmetic.
    property: None when the code is in no table (`unmapped`).
    value: number or text on the wire; None when missing or not a number.
    result: canonical value that only the adapter can know (wind code 1-16 to degrees); None lets `observe` convert.
    rank: ranks revisions of one time (DECISIONS "Identity, order, time"); higher is served.
    """

    native: str
    code: str
    property: str | None
    value: float | str | None
    unit: str | None = None
    statistic: str = "instant"
    channel: str = ""
    time: Micros | None = None
    begin: Micros | None = None
    wire_time: Micros | None = None
    flag: str | None = None
    result: float | None = None
    position: tuple[float, float] | None = None
    sent: Micros = 0
    rank: int = 0
    test: bool = False


class WireFact(Struct, gc=False):
    """Text that the wire says is true from a time on (vessel name, firmware)."""

    native: str
    key: str
    value: str
    time: Micros | None = None


class Reply(Struct, gc=False):
    """Bytes that the protocol owes the sender (SL 651 confirm, HJ 212 9014)."""

    payload: bytes


class Rejection(Struct, gc=False):
    """A part of a payload that could not be read; place None means this frame, else an earlier frame whose wait is over."""

    reason: str
    detail: str = ""
    offset: int = 0
    length: int = 0
    place: int | None = None


class Decoded(Struct, gc=False):
    """Everything one payload said. A payload may be part good, part bad, part waiting for more.

    controls: names of messages with nothing to read (keep-alive, confirm).
    waiting: True when this frame's bytes are held in `state` until more arrive.
    settled: places of earlier frames whose wait ended with this one: they count as this frame counts.
    state: what to remember for this stream; None forgets it.
    deadline: when `expire` must be asked about `state`; None never.
    """

    readings: Sequence[Reading] = ()
    replies: Sequence[Reply] = ()
    errors: Sequence[Rejection] = ()
    facts: Sequence[WireFact] = ()
    controls: Sequence[str] = ()
    waiting: bool = False
    settled: Sequence[int] = ()
    state: JsonState | None = None
    deadline: Micros | None = None


class Span(Struct, frozen=True, gc=False):
    """What some bytes of a payload are, for people. Spans stand in order, do not overlap and cover every byte.

    offset, length: bytes of the payload as it arrived. name: the wire's own word (`39`, `DataTime`). meaning: (zh, en).
    value: what these bytes say; of bad ones `reason: detail`. bad: whether they are what could not be read.
    """

    offset: int
    length: int
    name: str
    meaning: tuple[str, str]
    value: str = ""
    bad: bool = False


class Context(Struct):
    """What an adapter may know beside the bytes.

    settings: the device's own settings by native id (its type's, overridden by the device's); {} for an unknown one.
    mappings: settings of each thing type that this principal's devices of this adapter have, for formats whose
        native id is only found by a mapping (plainjson).
    every_field: whether fields that nothing is stored of are wanted too, as readings without a property (`sensing decode`).
    """

    principal: str
    received: Micros = 0
    place: int = 0
    settings: Callable[[str], Mapping[str, Any]] = lambda _native: {}
    mappings: Sequence[Mapping[str, Any]] = ()
    every_field: bool = False


class Config(Struct, frozen=True):
    """What was true of a device from `valid_from` on (DECISIONS "Identity, order, time").

    zero: station zero above the datum, m; offset: added to the result; mount_height: sensor above the zero, m.
    units: property id to the UCUM unit its wire values are in. generation: counts from 0; higher is served.
    """

    valid_from: Micros = 0
    generation: int = 0
    zero: float | None = None
    offset: float = 0.0
    mount_height: float | None = None
    datum: str = ""
    units: Mapping[str, str] = {}
    period_rule: str = ""


class Thing(Struct, frozen=True):
    """A registered device. `configs` are ordered by valid_from; `limits` maps property id to (low, high) in canonical units."""

    id: str
    type: str
    adapter: str
    native: str
    principal: str
    domain: str = Domain.ENVIRONMENT
    name: str = ""
    lon: float | None = None
    lat: float | None = None
    area: str = ""
    settings: Mapping[str, Any] = {}
    limits: Mapping[str, tuple[float, float]] = {}
    configs: tuple[Config, ...] = (Config(),)
    shared: bool = False
    """Heard by any receiver and owned by none: a vessel that enrolled itself."""
    cadence_s: float | None = None
    """How often it reports, as its type says; None when that does not say."""
    checks: Mapping[str, Any] = {}
    """What its type's `[checks]` say, instead of config/quality.toml (sensing.checks.limits)."""

    def owned_by(self, principal: str) -> bool:
        """Whether a principal may speak for this thing: its own only, or a shared one."""
        return self.principal == principal or self.shared

    def config_at(self, time: Micros) -> Config:
        """The configuration in force at `time`; before the first one, the first one."""
        found = self.configs[0]
        for config in self.configs:
            if config.valid_from <= time:
                found = config
        return found


class Grant(Struct, frozen=True):
    """What a password opened: who connects, and what all it sends is marked with. reads: it hears the live feed of its run, and sends nothing."""

    principal: str
    credential: str
    origin: str = Origin.LIVE
    run: str = ""
    expires: Micros | None = None
    reads: bool = False
