"""What the parts ask of each other: an adapter, the registry as the forward path sees it, the registry as the door sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .model import Context, Decoded, Grant, JsonState, Micros, Thing


class Adapter(Protocol):
    """A module of `adapters/`. `NAME` is its word in topics; `STATEFUL` says whether decode looks at `state`.

    One whose senders cannot be known before has `ENROLS = True`, `thing_id(native)` and `thing_type(native)`.
    One that can show a payload byte by byte has `annotate(payload, context) -> list[Span]`, which never raises.
    """

    NAME: str
    STATEFUL: bool

    def decode(self, payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
        """Read one MQTT payload. Raises DecodeError and nothing else when the whole of it is unreadable."""

    def thing_id(self, native: str) -> str:
        """The registry id of a sender that enrols itself; only adapters with `ENROLS` have it."""

    def thing_type(self, native: str) -> str:
        """The type of thing that it becomes (a vessel, a buoy)."""

    def expire(self, state: JsonState, now: Micros) -> Decoded:
        """Give up on what `state` has waited for too long at `now`: rejections, NAKs and the state that remains."""


class Directory(Protocol):
    """What the forward path asks of the registry. Answers come from memory, refreshed when `version` moves."""

    def version(self) -> int:
        """A number that grows with every change of the registry."""

    def find(self, adapter: str, native: str, at: Micros | None = None) -> Thing | None:
        """The thing with this native id under this adapter; None when unknown or retired. at: as of then, by the clock of the door; None: now."""

    def mappings(self, principal: str, adapter: str) -> Sequence[Mapping[str, Any]]:
        """Settings of the types of this principal's devices of this adapter, each once."""

    def receives(self, principal: str) -> bool:
        """Whether this principal is a receiver or network server, under which senders may enrol themselves."""

    def newcomer(self, type_id: str, thing_id: str, adapter: str, native: str) -> Thing:
        """A shared thing of a type, which the registry does not know."""


class Gatekeeper(Protocol):
    """What the door asks of the registry."""

    def version(self) -> int:
        """A number that grows with every change of credentials."""

    def authenticate(self, username: str, password: bytes) -> Grant | None:
        """The grant of a right password; None for anything else. Never says which part was wrong."""

    def recognise(self, username: str, fingerprint: str) -> Grant | None:
        """The grant of a client certificate that TLS has verified, if it is this principal's; None for anything else."""

    def still_valid(self, grant: Grant) -> bool:
        """Whether the credential is neither revoked nor expired."""
