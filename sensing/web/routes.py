"""Every route, with the role it takes and the parameters it knows: one table, which tests and docs/api.md follow.

A route that is not here does not exist; a parameter that is not here is refused. role None is open to everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from sensing.access import Role

from . import checklist, devices, explain, observations, operations, principals, redecode, status, stream
from .ask import Ask
from .desk import Desk

Handler = Callable[[Desk, Ask], Any | Awaitable[Any]]
"""Plain functions run in a thread, for they read files; coroutines run on the loop. They return data, an Answer or a Response."""
VIEWER, OPERATOR, ENGINEER, ADMIN = Role.VIEWER, Role.OPERATOR, Role.ENGINEER, Role.ADMIN


class Route(Struct, frozen=True):
    """parameters: of the query. body: fields of the JSON body."""

    method: str
    path: str
    role: Role | None
    handler: Handler
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`GET /api/latest`, as pages and the audit call it."""
        return f"{self.method} {self.path}"


_SELECT = ("device", "property", "statistic", "channel", "type", "area", "domain", "bbox", "where", "run")
_DEVICES = ("query", "type", "area", "adapter", "principal", "state")
_FORM = (
    "id", "type", "adapter", "native", "name", "lat", "lon", "crs", "area", "datum", "zero", "offset", "mount_height", "unit",
    "period_rule", "principal", "settings", "note",
)  # fmt: skip
_ROTATION = ("overlap", "origin", "run")

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", None, status.health),
    Route("GET", "/ready", None, status.ready),
    Route("GET", "/metrics", VIEWER, status.metrics),
    Route("GET", "/api/status", VIEWER, status.status),
    Route("GET", "/api/latest", VIEWER, observations.latest, _SELECT),
    Route(
        "GET",
        "/api/observations",
        VIEWER,
        observations.observations,
        (*_SELECT, "from", "to", "served", "limit", "cursor", "format"),
    ),
    Route("GET", "/api/stream", VIEWER, stream.stream, (*_SELECT, "cursor", "since", "once")),
    Route("GET", "/api/devices", VIEWER, devices.devices, (*_DEVICES, "limit", "cursor")),
    Route("GET", "/api/devices/{id}", VIEWER, devices.device),
    Route("GET", "/api/types", VIEWER, devices.types),
    Route("GET", "/api/principals", VIEWER, principals.principals, ("kind", "retired", "limit", "cursor")),
    Route("GET", "/api/ledger", VIEWER, operations.ledger, ("by", "since")),
    Route("GET", "/api/dead-letters", VIEWER, operations.dead_letters, ("reason", "state", "again", "limit", "cursor")),
    Route("GET", "/api/dead-letters/{id}", VIEWER, operations.dead_letter),
    Route("GET", "/api/quarantine", VIEWER, operations.quarantine),
    Route("GET", "/api/explain", VIEWER, explain.explain, ("device", "property", "time", "statistic", "channel", "run")),
    Route("GET", "/api/frames/{place}", VIEWER, operations.frame),
    Route("POST", "/api/commands", OPERATOR, operations.command, body=("op", "args")),
    Route("GET", "/api/commands/{id}", OPERATOR, operations.command_result),
    Route("GET", "/api/redecode", ENGINEER, redecode.redecode, ("device", "adapter", "since", "limit", "cursor")),
    Route("POST", "/api/devices", ENGINEER, devices.register, body=_FORM),
    Route("GET", "/api/devices/{id}/settings", ENGINEER, devices.settings),
    Route("PATCH", "/api/devices/{id}", ENGINEER, devices.edit, body=(*_FORM[1:2], *_FORM[3:], "valid_from")),
    Route("POST", "/api/devices/{id}/rotate", ENGINEER, devices.rotate, body=_ROTATION),
    Route("POST", "/api/devices/{id}/retire", ENGINEER, devices.retire),
    Route("POST", "/api/devices/{id}/restore", ENGINEER, devices.restore),
    Route("GET", "/api/devices/{id}/test", ENGINEER, checklist.device_test, ("since",)),
    Route("POST", "/api/quarantine/accept", ENGINEER, devices.accept, body=_FORM),
    Route("POST", "/api/principals", ENGINEER, principals.register_principal, body=("id", "kind", "name", "origin", "run")),
    Route("POST", "/api/principals/{id}/rotate", ENGINEER, principals.rotate_principal, body=_ROTATION),
    Route("POST", "/api/principals/{id}/revoke", ENGINEER, principals.revoke, body=("credential",)),
    Route("POST", "/api/principals/{id}/retire", ENGINEER, principals.retire_principal),
    Route("POST", "/api/principals/{id}/restore", ENGINEER, principals.restore_principal),
    Route("POST", "/api/principals/{id}/credentials", ENGINEER, principals.issue, body=("origin", "run", "expires")),
    Route("GET", "/api/export/devices", ENGINEER, devices.export, (*_DEVICES, "format")),
    Route("GET", "/api/tokens", ADMIN, principals.tokens, ("revoked",)),
    Route("POST", "/api/tokens", ADMIN, principals.create_token, body=("name", "role", "expires")),
    Route("DELETE", "/api/tokens/{id}", ADMIN, principals.revoke_token),
    Route("GET", "/api/audit", ADMIN, principals.audit_log, ("limit", "subject")),
    Route("GET", "/api/audit/verify", ADMIN, principals.audit_verify),
)
