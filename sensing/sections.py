"""The sections of a settings file: each field with its default, its bounds and what it means (docs/operate.md is made from them)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from .topics import is_id

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")


class Section(BaseModel):
    """One table of a settings file: nothing unknown in it, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mqtt(Section):
    """The door."""

    host: str = Field("127.0.0.1", description="Address to listen on; anything but loopback needs TLS")
    port: int = Field(1883, ge=0, le=65535, description="Plain MQTT port; 0 takes a free one")
    tls_port: int = Field(8883, ge=0, le=65535, description="MQTT over TLS, opened when a certificate is set")
    tls_cert: Path | None = Field(None, description="Certificate chain, PEM")
    tls_key: Path | None = Field(None, description="Private key, PEM, mode 0600")
    tls_client_ca: Path | None = Field(
        None, description="Certificates whose client certificates open without a password, PEM; ours is DATA/ca.crt"
    )
    insecure_plain: bool = Field(False, description="Allow plain MQTT outside loopback (passwords travel in clear)")
    max_packet: int = Field(65_536, ge=1024, le=1_048_576, description="Largest MQTT packet, bytes")
    max_rate: float = Field(2_000.0, gt=0, description="Sustained publishes a second of one principal")
    max_burst: int = Field(20_000, ge=1, description="Publishes that a principal may send at once above the rate")
    max_connections: int = Field(20_000, ge=1, description="Connections in all")
    max_connects: float = Field(
        500.0, gt=0, description="Sustained connection attempts a second of one address; one that is refused counts as fifty"
    )
    connect_timeout_s: float = Field(5.0, gt=0, description="How long a new connection may take to say CONNECT")
    receive_maximum: int = Field(1_000, ge=1, le=65_535, description="QoS 1 and 2 publishes in flight, told to MQTT 5 clients")


class Commit(Section):
    """Group commit of the door."""

    gap_ms: float = Field(3.0, ge=0, description="Least time between two commits while frames wait")
    max_frames: int = Field(4_000, ge=1, description="Frames in one commit; reading pauses beyond")
    max_bytes: int = Field(16_777_216, ge=65_536, description="Payload bytes waiting for a commit; reading pauses beyond")


class Broker(Section):
    """One broker that somebody else runs and we subscribe to."""

    host: str = Field(description="Where the broker listens")
    port: int = Field(1883, ge=1, le=65535, description="Its port; 8883 is usual with TLS")
    username: str = Field("", description="Who we are there")
    password_env: str = Field("", description="Environment variable that holds the password")
    principal: str = Field("", description="The registry's client that all its frames belong to; empty takes each topic's own")
    origin: Literal["live", "simulated", "replayed"] = Field("live", description="What its frames are marked with")
    run: str = Field("", description="The run its frames belong to; needed unless they are live")
    client_id: str = Field("urban-sensing", min_length=1, description="Fixed: the broker keeps our session under it")
    slots: int = Field(1, ge=1, le=16, description="Connections that share the load with $share")
    share: str = Field("", description="Shared subscription group; needs slots with fixed client ids")
    topics: list[str] = Field(default_factory=lambda: ["sensing/v1/+/+/up"], description="Filters to subscribe to, QoS 1")
    version: Literal["3.1.1", "5"] = Field("5", description="MQTT version to speak")
    tls: bool = Field(False, description="Connect over TLS and check the broker's name")
    tls_ca: Path | None = Field(None, description="Certificates to trust, PEM; the system's when not set")
    session_expiry_s: int = Field(604_800, ge=86_400, description="How long the broker keeps what we missed, seconds")
    receive_maximum: int = Field(500, ge=1, le=65_535, description="Publishes in flight to us: the back-pressure")

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Broker:
        if self.principal and not is_id(self.principal):
            raise ValueError(f'principal "{self.principal}" does not match [a-z0-9-]{{1,64}}')
        if (self.origin == "live") == bool(self.run):
            raise ValueError(f'origin "{self.origin}" with run "{self.run}": live frames have no run, all others need one')
        if self.slots > 1 and not self.share:
            raise ValueError(f"{self.slots} slots without share: each would get every message")
        return self


class Foreign(Section):
    """A topic filter of somebody else's tree and what it means here."""

    filter: str = Field(description="MQTT topic filter, with + and #")
    adapter: str = Field(description="The adapter that reads what arrives there")
    principal: str = Field(description="The registry's client that it belongs to")


class Http(Section):
    """The web role."""

    host: str = Field("127.0.0.1", description="Address to listen on; anything but loopback needs TLS")
    port: int = Field(8080, ge=0, le=65535, description="Port of pages and API; 0 takes a free one")
    tls_cert: Path | None = Field(None, description="Certificate chain, PEM")
    tls_key: Path | None = Field(None, description="Private key, PEM, mode 0600")
    insecure_plain: bool = Field(False, description="Allow plain HTTP outside loopback")
    max_rate: float = Field(200.0, gt=0, description="Sustained requests a second of one token or person")
    max_burst: int = Field(1_000, ge=1, description="Requests that one token or person may make at once above the rate")
    public_url: str = Field("", description="Where people reach pages, such as https://city.example: what QR labels say")
    cors_origins: list[str] = Field(
        default_factory=list,
        description="Other sites whose pages may read the API with a token, by origin: `https://city.example`",
    )
    upload_mb: int = Field(256, ge=1, description="Largest file of devices that an import takes, MB")

    @pydantic.field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, found: list[str]) -> list[str]:
        for each in found:
            if not _ORIGIN.fullmatch(each):
                raise ValueError(f'"{each[:80]}" is no origin: write https://host or https://host:port, each by name')
        return found


class Retention(Section):
    """How long things are kept."""

    frames_d: float = Field(30.0, gt=0, description="Raw frames, days")
    outbox_h: float = Field(24.0, gt=0, description="Replies already offered to devices, hours")
    observations_d: float = Field(0.0, ge=0, description="Live observations, days after they came; 0 keeps them for ever")
    runs_d: float = Field(0.0, ge=0, description="Observations of simulated and replayed runs, days after they came; 0 for ever")
    demo_h: float = Field(
        6.0,
        ge=0,
        description="The demo's earlier runs, hours after they began; its frames too while nothing else speaks; 0 for ever",
    )
    domains: dict[str, float] = Field(
        default_factory=dict, description="Days by domain of the thing, over observations_d: `{people = 90}`"
    )
    properties: dict[str, float] = Field(
        default_factory=dict, description="Days by property, over domains: `{signal_strength = 30}`"
    )


class Archive(Section):
    """Raw frames that were worked: compressed files under DATA/frames."""

    after_h: float = Field(6.0, ge=0, description="Hours that frames rest in log.db before they are archived")
    every_h: float = Field(1.0, ge=0, description="Hours after which fewer than file_frames are archived too")
    file_frames: int = Field(200_000, ge=1, description="Frames of one archived file")
    check_s: float = Field(10.0, gt=0, description="How often the archive is looked after, seconds")


class Lake(Section):
    """Sealed observations: Parquet files under DATA/lake."""

    seal_after_min: float = Field(15.0, ge=0, description="Minutes that observations rest in store.db before they are sealed")
    seal_rows: int = Field(500_000, ge=1, description="Rested rows that are enough for a file")
    seal_every_min: float = Field(60.0, ge=0, description="Minutes after which fewer are sealed too")
    compact_files: int = Field(12, ge=2, description="Sealed files that are merged into day files")
    merge_files: int = Field(4, ge=2, description="Files of one day that are merged into one")
    grace_min: float = Field(10.0, ge=0, description="Minutes that a replaced file stays for readers that hold it")
    check_s: float = Field(10.0, gt=0, description="How often the lake role looks for work, seconds")


class Work(Section):
    """The forward path."""

    batch: int = Field(4_000, ge=1, description="Frames decoded and committed in one transaction")
    poll_ms: float = Field(20.0, gt=0, description="How long work sleeps when the log has nothing new")
    enrol_limit: int = Field(
        50_000, ge=0, description="Things that may enrol themselves (vessels); beyond, they wait in quarantine"
    )
    quarantine_limit: int = Field(
        100_000,
        ge=0,
        description="Frames of unknown devices that may wait in quarantine for one principal; beyond, they are dead letters (unknown_device)",
    )
    clock_ahead_s: float = Field(600.0, gt=0, description="Device time this far ahead of reception is flagged clock")


class Export(Section):
    """One time-series database that everything is handed on to (docs/export.md)."""

    name: str = Field("influx", description="What status calls it; its cursor hangs on this name")
    kind: Literal["influxdb", "victoriametrics"] = Field(
        "influxdb", description="influxdb overwrites a point that is sent again with another value, victoriametrics keeps both"
    )
    url: str = Field(description="Where it listens, such as http://127.0.0.1:8086; anything with /api/v2/write")
    org: str = Field("", description="Organisation; InfluxDB 2 wants one")
    bucket: str = Field("sensing", description="Bucket or database")
    token_file: Path | None = Field(None, description="File that holds the token, mode 0600")
    token_env: str = Field("", description="Environment variable that holds the token, when there is no file")
    runs: list[str] = Field(
        default_factory=list, description="Drills and replays to hand on as well: ids of runs, or simulated, or replayed"
    )
    batch: int = Field(10_000, ge=1, le=20_000, description="Points in one request")
    every_s: float = Field(1.0, gt=0, description="How often it looks for new rows once it has all")
    timeout_s: float = Field(30.0, gt=0, description="How long a request may take")
    overlap_s: float = Field(
        15.0,
        ge=10,
        description="What was confirmed in so many seconds before a disconnection is sent again: servers confirm early",
    )
    gzip: bool = Field(False, description="Compress requests")

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Export:
        if not is_id(self.name):
            raise ValueError(f'name "{self.name}" does not match [a-z0-9-]{{1,64}}')
        if not self.url.startswith(("http://", "https://")) or "@" in self.url:
            raise ValueError(f'url "{self.url.rpartition("@")[2]}": write http:// or https://, a host and a port, no password')
        return self


class RegistrySettings(Section):
    """Where the registry is, when not in the data folder (docs/operate.md)."""

    url: str = Field("", description="postgresql://USER@HOST:5432/NAME, shared by several machines; DATA/registry.db when empty")
    password_file: Path | None = Field(None, description="File that holds the password of that database, mode 0600")
    password_env: str = Field("", description="Environment variable that holds the password, when there is no file")

    @pydantic.model_validator(mode="after")
    def _without_password(self) -> RegistrySettings:
        scheme, separator, rest = self.url.partition("://")
        shown = f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}" if separator else "(not an address)"
        if self.url and (scheme not in ("postgresql", "postgres") or not separator or not rest):
            raise ValueError(f'url "{shown}": write postgresql://USER@HOST:5432/NAME')
        if ":" in rest.partition("?")[0].rpartition("@")[0] or "password=" in rest:
            raise ValueError(f'url "{shown}" holds a password: put it in password_file or password_env')
        return self


class Store(Section):
    """Where observations and the ledger are kept."""

    url: str = Field(
        "",
        description="PostgreSQL database that nodes share, `postgresql://user@host:5432/name` (docs/postgres.md); empty: DATA/store.db",
    )
    password_file: Path | None = Field(None, description="File that holds its password, mode 0600")
    password_env: str = Field("", description="Environment variable that holds it, when there is no file; else PGPASSFILE")

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Store:
        place = self.url.partition("://")[2]
        if self.url and not self.url.startswith(("postgresql://", "postgres://")):
            raise ValueError(f'url "{place.rpartition("@")[2]}": write postgresql://user@host:5432/name')
        if ":" in place.rpartition("@")[0] or "password=" in place:
            raise ValueError("url: no password here: password_file, password_env or PGPASSFILE hold it")
        return self


class Disk(Section):
    """What is done as the disk of the data folder fills up (docs/operate.md)."""

    warn_percent: float = Field(85.0, gt=0, le=100, description="Used beyond this: status, log and /metrics warn")
    pause_percent: float = Field(
        92.0, gt=0, le=100, description="Used beyond this: drills and replays are no longer acknowledged"
    )
    full_percent: float = Field(95.0, gt=0, le=100, description="Used beyond this, and less free than full_free_gb: nothing is")
    full_free_gb: float = Field(2.0, ge=0, description="See full_percent")
    ballast_mb: float = Field(
        64.0, ge=0, description="A file that keeps room for recovery, at most 5 % of what is free; 0 makes none"
    )

    @pydantic.model_validator(mode="after")
    def _rising(self) -> Disk:
        if not self.warn_percent <= self.pause_percent <= self.full_percent:
            raise ValueError(f"{self.warn_percent:g}, {self.pause_percent:g}, {self.full_percent:g} do not rise")
        return self
