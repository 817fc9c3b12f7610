"""The Store port: what one batch of the forward path leaves behind, all of it or nothing, and its cursor with it.

A row's `seq` is `commit << 20 | row`: it grows with every commit, so it orders rows as readers see them.
`cursor` is its text, `<13 base32 of the commit>-<row>`, and sorts as it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from sensing.checks.limits import Limits
from sensing.errors import UnreachableError
from sensing.events import Watched
from sensing.ledger import Account, Tally
from sensing.model import JsonState, Micros

if TYPE_CHECKING:
    from .reader import StoreReader

ROW_BITS = 20
CONFIGURATION_BITS = 16
"""A row's generation is its thing's edition, then the number of the configuration that it was observed with."""
JOINED = 100_000
"""More than a frame can have parts."""
_ALPHABET = "0123456789abcdefghijklmnopqrstuv"


class StoreBusyError(UnreachableError):
    """The store cannot take a batch now: its server is away, its disk is full. Work waits and goes on where it was."""


class SeriesKey(Struct, frozen=True):
    """A Datastream: (thing, property, statistic, channel, run). `origin` goes with the run, `unit` with the property."""

    thing: str
    property: str
    statistic: str
    channel: str
    run: str


class Row(Struct, gc=False):
    """One observation on its way in. `account` is None for a value derived from another reading of the same row set.

    watch: what may make an event of it; heard: the run's clock at its reception, told only of what is watched or checked.
    checks: what its series is held against.
    """

    series: int
    time: Micros
    begin: Micros | None
    result: float | None
    quality: int
    reason: int
    revision: int
    generation: int
    sent: Micros
    rank: int
    received: Micros
    place: int
    lon: float | None
    lat: float | None
    current: bool
    account: Account | None
    shared: bool = False
    watch: Watched | None = None
    heard: Micros = 0
    checks: Limits | None = None


class Held(Struct):
    """A frame that did not end well, or not yet: kept so that its count can be moved later.

    part: 0 for the frame as a whole, else the number of the bad part; from JOINED on, `place * JOINED + part` of the later frame that
    it is held with, for together they are one message. counted: whether its account counts it so.
    """

    place: int
    part: int
    account: Account
    counted: bool
    reason: str = ""
    detail: str = ""
    offset: int = 0
    length: int = 0
    native: str = ""


class Fact(Struct):
    """Text that is true of a thing from a time on."""

    thing: str
    run: str
    key: str
    value: str
    begin: Micros
    place: int


class Newcomer(Struct):
    """A thing that enrolled itself, and the principal that first heard it."""

    thing: str
    type: str
    adapter: str
    native: str
    principal: str
    at: Micros


class Mark(Struct):
    """What somebody says of an event: `acknowledged`, `closed`, `assigned` or `escalated`. more: to whom and until when (`to`, `due`)."""

    event: str
    word: str
    by: str
    at: Micros
    note: str
    more: dict[str, Any] = field(default_factory=dict)


class Cargo(Struct):
    """What a ship carries, as somebody declared it. time: when it was to arrive; un: UN number, None when it is not dangerous."""

    thing: str
    run: str
    name: str
    un: int | None
    goods: str
    tonnes: float | None
    last_port: str
    time: Micros
    by: str
    at: Micros
    place: int


class Inspection(Struct):
    """Somebody was aboard a ship, when, and what they found."""

    id: str
    thing: str
    time: Micros
    note: str
    by: str
    at: Micros
    place: int


class Bulletin(Struct):
    """Where a storm was and is expected to be; the newest takes the place of what was told of it before. points: (time, lon, lat, 10-minute wind
    m/s, pressure hPa) in order of time.
    """

    run: str
    storm: str
    points: list[tuple[Micros, float, float, float, float]]
    by: str
    at: Micros
    place: int


class StateChange(Struct):
    """An adapter's memory of one stream; state None forgets it."""

    stream: str
    source: Any
    state: JsonState | None
    deadline: Micros | None
    received: Micros


class Batch(Struct):
    """Everything that one transaction commits. `place` is the last frame it read: the cursor."""

    place: int = 0
    rows: list[Row] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    dead: list[Held] = field(default_factory=list)
    quarantined: list[Held] = field(default_factory=list)
    pending: list[Held] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    released: list[tuple[str, int, int]] = field(default_factory=list)
    """(table, place, part): dead letters or quarantined frames that are dealt with."""
    dropped: list[tuple[int, int]] = field(default_factory=list)
    """(place, part) of quarantined frames closed unread; they still count as quarantined."""
    reopened: list[tuple[int, int]] = field(default_factory=list)
    """(place, part) of those that wait again."""
    uncounted: list[int] = field(default_factory=list)
    """Places whose holds no longer say how the frame counts: the count has moved."""
    replies: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(principal, topic, payload)."""
    facts: list[Fact] = field(default_factory=list)
    states: dict[str, StateChange] = field(default_factory=dict)
    clocks: dict[str, Micros] = field(default_factory=dict)
    """Run to its own time."""
    enrolled: list[Newcomer] = field(default_factory=list)
    editions: dict[str, int] = field(default_factory=dict)
    """Thing to the place of the command that had its frames decoded again."""
    annotations: list[dict[str, Any]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    received: Micros = 0
    """The door's stamp of the newest frame of the log that it took: what time it is for those that are live."""
    statuses: list[tuple[str, str, str, Micros, bool]] = field(default_factory=list)
    """(principal, run, origin, the run's clock, whether it is away): births and last wills, in order."""
    in_service: Callable[[str, str], bool] = lambda _adapter, _native: True
    """Whether the registry has a device of an adapter and native id in service: nobody misses one that is retired."""
    cargoes: list[Cargo] = field(default_factory=list)
    inspections: list[Inspection] = field(default_factory=list)
    bulletins: list[Bulletin] = field(default_factory=list)
    results: list[tuple[str, str, str, Micros, int, str]] = field(default_factory=list)
    """(command id, op, by, at, place, result as JSON)."""
    underway: tuple[str, int, int, str] | None = None
    """(command id, done, of how much, counts so far as JSON): how far a long command is; its result ends it."""


class Store(Protocol):
    """What every implementation does; `tests/contract/test_store*.py` runs over each."""

    def series(self, key: SeriesKey, origin: str, unit: str) -> int:
        """The number of a datastream, made when it is new."""

    def commit(self, batch: Batch) -> int:
        """Write a batch and its cursor in one transaction; returns the commit's number. Nothing is written on an error."""

    def place(self) -> int:
        """The last frame whose batch was committed; 0 at first."""

    @property
    def connection(self) -> Any:
        """The writing connection, for reads that must see what was just committed: apsw's, or what answers as it does."""

    @property
    def lake(self) -> Any:
        """Where rows are sealed: `sweep(most)` deletes what is, `grace_s` is how long a replaced file stays."""

    def forget(self) -> None:
        """Drop what is remembered of the store, after a transaction that failed."""

    def locate(self, where: Callable[[str], tuple[float, float] | None]) -> None:
        """Be told where things stand, (lon, lat): what is found from wind and gases asks."""

    def reader(self) -> StoreReader:
        """A view of its own of what is committed: for who reads while work writes. The caller closes it."""

    def tend_lake(self) -> None:
        """What is to be done now and then beside the batches."""

    def trim_outbox(self, before_s: int) -> None:
        """Forget replies that the door was offered before a time (seconds since the epoch)."""

    def forget_drills(self, keep_h: float) -> None:
        """Forget what was derived in the demo's runs that are over (`drills.over`), some of it at a time. Cheap when there is nothing."""

    def close(self) -> None:
        """Release files."""


def cursor(seq: int) -> str:
    """The text of a seq, which sorts as seqs do."""
    commit, row = seq >> ROW_BITS, seq & ((1 << ROW_BITS) - 1)
    digits = "".join(_ALPHABET[commit >> shift & 31] for shift in range(60, -1, -5))
    return f"{digits}-{row:07d}"


def seq(text: str) -> int:
    """The seq of a cursor's text; raises ValueError on anything else."""
    digits, _, row = text.partition("-")
    if len(digits) != 13 or not row.isdigit() or not set(digits) <= set(_ALPHABET):
        raise ValueError(f'"{text}" is not a cursor')
    return int(digits, 32) << ROW_BITS | int(row)
