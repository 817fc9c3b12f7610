"""What the registry answers with. Secrets never show in a `repr`, so never in a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sensing.access import Role
from sensing.model import Config, Micros


class Kind(StrEnum):
    """What a principal is. `join` lets unknown devices of a site reach quarantine; `reader` hears the live feed; `internal` is the service itself."""

    GATEWAY = "gateway"
    RECEIVER = "receiver"
    SERVER = "server"
    SENSOR = "sensor"
    JOIN = "join"
    READER = "reader"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Credential:
    """A way in, on the one occasion that its password is known. `username` is the principal; `id` is what revoking names."""

    id: str
    username: str
    password: str = field(repr=False)
    origin: str
    run: str
    expires: Micros | None = None


@dataclass(frozen=True)
class ApiToken:
    """An API token on the one occasion that its text is known."""

    id: str
    name: str
    role: Role
    text: str = field(repr=False)
    expires: Micros | None = None
    areas: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenEntry:
    """An API token as it is listed."""

    id: str
    name: str
    role: Role
    areas: tuple[str, ...]
    created: Micros
    expires: Micros | None
    revoked: Micros | None


@dataclass(frozen=True)
class CredentialEntry:
    """A credential as it is listed: everything but the secret. certificate: its fingerprint, "" for a password."""

    id: str
    origin: str
    run: str
    created: Micros
    expires: Micros | None
    revoked: Micros | None
    certificate: str = ""


@dataclass(frozen=True)
class Principal:
    """Who connects. `devices` counts the active things it carries."""

    id: str
    kind: str
    name: str
    created: Micros
    retired: Micros | None
    devices: int
    credentials: tuple[CredentialEntry, ...]


@dataclass(frozen=True)
class Run:
    """One play of a simulation or a recording. Live data have none."""

    id: str
    origin: str
    name: str
    started: Micros
    ended: Micros | None


@dataclass(frozen=True)
class Code:
    """What a thing is called by, from valid_from (0: ever since) until valid_to (None: still).

    scheme: the adapter for a native id, `serial`, or the scheme of a further code.
    """

    scheme: str
    code: str
    valid_from: Micros = 0
    valid_to: Micros | None = None


@dataclass(frozen=True)
class Device:
    """A Thing as people see it. lon, lat: WGS 84 degrees; raw_lon, raw_lat: as stated, in `crs`. configs: by valid_from, then generation.

    label, urn: for ever (labels.py). codes: native ids, serial numbers and further codes, then and now, the oldest first.
    """

    id: str
    type: str
    adapter: str
    native: str
    principal: str
    name: str
    lon: float | None
    lat: float | None
    crs: str
    raw_lon: float | None
    raw_lat: float | None
    area: str
    domain: str
    settings: dict[str, Any]
    state: str
    created: Micros
    retired: Micros | None
    note: str
    uid: int
    serial: str
    configs: tuple[Config, ...]
    label: str = ""
    urn: str = ""
    codes: tuple[Code, ...] = ()

    @property
    def config(self) -> Config:
        """The configuration that starts last: what a form shows."""
        return self.configs[-1]


@dataclass(frozen=True)
class Registered:
    """A device that is now known; `credential` is None when an existing principal carries it."""

    device: Device
    credential: Credential | None
