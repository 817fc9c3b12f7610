"""The sections of a settings file that say who is told of events: CAP messages, and targets of alerts (docs/alerts.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pydantic
from pydantic import Field

from .sections import Section
from .topics import is_id


class Cap(Section):
    """Events as CAP 1.2 messages (docs/alerts.md)."""

    enabled: bool = Field(True, description="Whether messages are written")
    sender: str = Field(
        "", description="Who sends, unique in the world: a domain name of yours; empty makes one that belongs to nobody"
    )
    sender_name: str = Field("", description="Who sends, as people call it; empty is the city")
    severity: Literal["watch", "warning", "danger"] = Field("watch", description="Events of this severity or higher")
    scope: Literal["Public", "Restricted"] = Field("Restricted", description="For whom messages are")
    restriction: str = Field("duty staff of the city", min_length=1, description="Who that is, of a restricted message")
    expires_h: float = Field(24.0, gt=0, description="How long a message holds, hours")

    @pydantic.field_validator("sender")
    @classmethod
    def _is_plain(cls, found: str) -> str:
        if any(sign in " ,<&" or not sign.isprintable() for sign in found):
            raise ValueError(f'"{found[:80]}": no blanks, commas, < or & (CAP 1.2, 3.2.1 sender)')
        return found


class Alert(Section):
    """Somebody who is told of events: a webhook, or e-mail and chat through apprise (docs/alerts.md)."""

    name: str = Field(description="What status calls it; its cursor hangs on this name")
    kind: Literal["webhook", "apprise"] = Field(
        "webhook", description="webhook posts JSON; apprise is e-mail and chat, with the extra `notify`"
    )
    url: str = Field("", description="Where a webhook listens, https; what holds a secret belongs into url_env or url_file")
    url_env: str = Field("", description="Environment variable that holds the URL")
    url_file: Path | None = Field(None, description="File that holds the URL, mode 0600")
    secret_env: str = Field("", description="Environment variable that holds the secret that webhooks are signed with")
    secret_file: Path | None = Field(None, description="File that holds it, mode 0600")
    severity: Literal["watch", "warning", "danger"] = Field("warning", description="Events of this severity or higher")
    domains: list[str] = Field(default_factory=list, description="Only of these domains; all when empty")
    kinds: list[str] = Field(default_factory=list, description="Only of these kinds, globs: `water_level_*`; all when empty")
    areas: list[str] = Field(
        default_factory=list, description="Only of devices in these areas and those within them; all when empty"
    )
    quiet_min: float = Field(
        0.0, ge=0, description="Minutes after an alert in which another of the same device and kind, no worse, is not told"
    )
    simulated: bool = Field(False, description="Drills and replays too, marked as such in their first word")
    loopback: bool = Field(False, description="The webhook may be on this machine, over plain http too")
    private: bool = Field(False, description="The webhook may be in a private network")
    every_s: float = Field(1.0, gt=0, description="How often it looks for changes once it has all")
    timeout_s: float = Field(10.0, gt=0, le=60, description="How long a request may take")

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Alert:
        if not is_id(self.name):
            raise ValueError(f'name "{self.name}" does not match [a-z0-9-]{{1,64}}')
        if sum(map(bool, (self.url, self.url_env, self.url_file))) != 1:
            raise ValueError(f"{self.name}: give one of url, url_env, url_file")
        if self.kind == "apprise" and self.url:
            raise ValueError(f"{self.name}: a URL of apprise holds a password: give it in url_env or url_file")
        if self.url and (not self.url.startswith(("https://", "http://")) or "@" in self.url):
            raise ValueError(f"{self.name}: url: write https://, a host and a path, no user and no password")
        return self
