"""First stage: a frame's bytes through its adapter. Whatever an adapter does, the answer is a `Decoded`.

A lane is what all frames of one source share: adapter, context, and the accounts they are booked on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import logs
from .errors import DecodeError, Reason
from .ledger import Account
from .model import Context, Decoded, Frame, JsonState, Micros, Rejection, Source
from .ports import Adapter, Directory
from .times import HOUR

_log = logs.get("decode")
_LANES = 20_000


class Lane:
    """What all frames of one source share."""

    def __init__(self, source: Source, adapter: Adapter, directory: Directory) -> None:
        self.source = source
        self.adapter = adapter
        self.stateful = adapter.STATEFUL
        self.enrols: bool = getattr(adapter, "ENROLS", False) and directory.receives(source.principal)
        self.context = Context(
            principal=source.principal,
            settings=lambda native: getattr(directory.find(source.adapter, native, self.received), "settings", None) or {},
            mappings=directory.mappings(source.principal, source.adapter),
        )
        self.received: Micros | None = None
        """When the door received the frame in hand: native ids are dated by it."""
        self.hour = -1
        self.accounts: dict[str, Account] = {}

    def account(self, received: int, device: str) -> Account:
        """The account of this lane's frames for an hour and a device ("" when none is known)."""
        hour = received // HOUR
        if hour != self.hour or len(self.accounts) > _LANES:
            self.hour, self.accounts = hour, {}
        found = self.accounts.get(device)
        if found is None:
            source = self.source
            found = self.accounts[device] = Account(hour, source.adapter, source.principal, device, source.run)
        return found


class Decoder:
    """Decodes frames. `adapters` is the table that the composition root found; the registry answers for settings."""

    def __init__(self, adapters: Mapping[str, Adapter], directory: Directory) -> None:
        self._adapters = adapters
        self._directory = directory
        self._lanes: dict[Source, Lane] = {}

    def refresh(self) -> None:
        """Forget lanes: the registry has changed."""
        self._lanes.clear()

    def lane(self, source: Source) -> Lane:
        """The lane of a source. An adapter that is not there (an older log, a plug-in gone) reads as `unknown_function`."""
        found = self._lanes.get(source)
        if found is None:
            if len(self._lanes) > _LANES:
                self._lanes.clear()
            found = self._lanes[source] = Lane(source, self._adapters.get(source.adapter, _ABSENT), self._directory)
        return found

    def decode(self, lane: Lane, frame: Frame, state: JsonState | None, heard: Micros | None = None) -> Decoded:
        """Read one frame; never raises. heard: when it was received by the clock of its run; the door's stamp when None.

        Until the next frame of the lane, `lane.context.received` tells it to the later stages.
        """
        context = lane.context
        lane.received = frame.received
        context.received, context.place = frame.received if heard is None else heard, frame.place
        try:
            return lane.adapter.decode(frame.payload, context, state)
        except DecodeError as error:
            return Decoded(errors=(_rejection(error),), state=state)
        except Exception as error:  # noqa: BLE001 a parser's own bug must cost one frame, not the flow
            return _crashed(error, frame.place, state)

    def expire(self, lane: Lane, state: JsonState, now: int) -> Decoded:
        """Ask an adapter to give up what it has waited for too long by the clock of its stream; never raises."""
        lane.context.received = now
        try:
            return lane.adapter.expire(state, now)
        except Exception as error:  # noqa: BLE001 as above; the state is dropped, its frames stay pending in the ledger
            return _crashed(error, 0, None)


def _rejection(error: DecodeError) -> Rejection:
    return Rejection(error.reason, error.detail, error.offset, error.length)


def _crashed(error: Exception, place: int, state: JsonState | None) -> Decoded:
    _log.error("parser_crashed", frame=place, error=repr(error)[:200])
    return Decoded(errors=(Rejection(Reason.PARSER_CRASH, type(error).__name__),), state=state)


class _Absent:
    NAME = ""
    STATEFUL = False

    def decode(self, payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, "no such adapter here")

    def expire(self, state: JsonState, now: int) -> Decoded:
        return Decoded()


_ABSENT: Any = _Absent()
