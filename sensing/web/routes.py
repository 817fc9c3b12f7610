"""Every route, with the role it takes and the parameters it knows: one table, which tests and docs/api.md follow.

A route that is not here does not exist; a parameter that is not here is refused. role None is open to everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from sensing.access import Role

from . import (
    blanks,
    caps,
    checklist,
    coastline,
    commission,
    dated,
    devices,
    events,
    explain,
    geojson,
    identify,
    imports,
    incidents,
    leeward,
    observations,
    openapi,
    operations,
    orders,
    pages,
    people,
    place,
    places,
    principals,
    printed,
    quarantine,
    redecode,
    session,
    shift,
    status,
    stream,
    track,
    vessels,
)
from .ask import Ask
from .desk import Desk
from .live.feed import live
from .live.snapshot import city_map
from .live.view import FILTERS
from .scope import ANY, AREA, HOUSE

Handler = Callable[[Desk, Ask], Any | Awaitable[Any]]
"""Plain functions run in a thread, for they read files; coroutines run on the loop. They return data, an Answer or a Response."""
VIEWER, OPERATOR, ENGINEER, ADMIN = Role.VIEWER, Role.OPERATOR, Role.ENGINEER, Role.ADMIN


class Route(Struct, frozen=True):
    """parameters: of the query. body: fields of the JSON body. upload: the body is a file. page: for people, who are shown the way in.

    scope: how it serves an identity that is bound to areas (scope.AREA, HOUSE, ANY); a route that says nothing is the whole house's.
    """

    method: str
    path: str
    role: Role | None
    handler: Handler
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    upload: bool = False
    scope: str = ""
    page: bool = False

    @property
    def name(self) -> str:
        """`GET /api/latest`, as pages and the audit call it."""
        return f"{self.method} {self.path}"


_SELECT = ("device", "property", "statistic", "channel", "type", "area", "domain", "bbox", "where", "run")
_EVENTS = (
    "device",
    "property",
    "type",
    "area",
    "domain",
    "bbox",
    "run",
    "kind",
    "severity",
    "state",
    "from",
    "to",
    "assigned",
    "changed",
)
_DEVICES = ("query", "type", "area", "adapter", "principal", "state")
_FORM = (
    "id", "type", "adapter", "native", "name", "lat", "lon", "crs", "area", "datum", "zero", "offset", "mount_height", "unit",
    "period_rule", "principal", "settings", "note", "serial",
)  # fmt: skip
_PLACE = ("lat", "lon", "crs", "type", "adapter", "native", "serial", "device")
_LABELS = ("id", "query", "type", "area", "adapter", "principal", "skip")
_CHANGES = (*_FORM[1:2], *_FORM[3:])
_CERTIFICATE = ("csr", "certificate", "days", "origin", "run")
_ROTATION = ("overlap", "origin", "run")

_PAGES = tuple(
    Route("GET", path, None if path == pages.SIGN_IN else VIEWER, pages.page, scope=ANY, page=True) for path in pages.PAGES
)

ROUTES: tuple[Route, ...] = (
    *_PAGES,
    Route("GET", "/static/{name:path}", None, pages.static, scope=ANY),
    Route("GET", "/api/openapi.json", VIEWER, openapi.openapi, scope=ANY),
    Route("GET", "/words.json", None, pages.words, scope=ANY),
    Route("GET", "/health", None, status.health, scope=ANY),
    Route("GET", "/ready", None, status.ready, scope=ANY),
    Route("GET", "/metrics", VIEWER, status.metrics, scope=HOUSE),
    Route("GET", "/api/status", VIEWER, status.status, scope=ANY),
    Route("GET", "/api/latest", VIEWER, observations.latest, (*_SELECT, "limit", "cursor"), scope=AREA),
    Route(
        "GET",
        "/api/observations",
        VIEWER,
        observations.observations,
        (*_SELECT, "from", "to", "every", "agg", "quality", "fill", "as_of", "served", "limit", "cursor", "format", "bom"),
        scope=AREA,
    ),
    Route("GET", "/api/stream", VIEWER, stream.stream, (*_SELECT, "severity", "cursor", "since", "once"), scope=AREA),
    Route("GET", "/api/map", VIEWER, city_map, (*FILTERS, "at", "from", "to", "every"), scope=AREA),
    Route("GET", "/api/live", VIEWER, live, (*FILTERS, "cursor", "once"), scope=AREA),
    Route("GET", "/api/events", VIEWER, events.events, (*_EVENTS, "limit", "cursor"), scope=AREA),
    Route("GET", "/api/events/{id}", VIEWER, events.event, scope=AREA),
    Route("GET", "/api/incidents", VIEWER, incidents.incidents, ("run", "severity", "state", "from", "to", "limit"), scope=AREA),
    Route("GET", "/api/shift", VIEWER, shift.shift, ("since", "hour"), scope=HOUSE),
    Route("GET", "/api/cap", VIEWER, caps.caps, ("run", "format", "limit", "cursor"), scope=AREA),
    Route("GET", "/api/cap/{id}", VIEWER, caps.cap, scope=AREA),
    Route("GET", "/api/incidents/{id}", VIEWER, incidents.incident, scope=AREA),
    Route("GET", "/api/devices", VIEWER, devices.devices, (*_DEVICES, "limit", "cursor"), scope=AREA),
    Route("GET", "/api/devices.geojson", VIEWER, geojson.devices, (*_DEVICES, "bbox", "run", "limit", "cursor"), scope=AREA),
    Route("GET", "/api/devices/{id}", VIEWER, devices.device, scope=AREA),
    Route("GET", "/id/{code:path}", VIEWER, identify.identify, ("at", "maybe"), scope=AREA),
    Route("GET", "/api/places/harbours", VIEWER, places.harbours, scope=ANY),
    Route("GET", "/api/berths/{id}/downwind", VIEWER, leeward.leeward, ("run",), scope=HOUSE),
    Route("GET", "/api/vessels", VIEWER, vessels.vessels, ("query", "port", "bbox", "run", "limit", "cursor"), scope=HOUSE),
    Route("GET", "/api/vessels/{id}", VIEWER, vessels.vessel, ("run",), scope=HOUSE),
    Route("POST", "/api/vessels/{id}/inspections", OPERATOR, vessels.inspect, body=("note", "at"), scope=HOUSE),
    Route(
        "GET",
        "/api/calls",
        VIEWER,
        vessels.calls,
        ("vessel", "port", "berth", "state", "service", "from", "to", "run", "limit", "cursor"),
        scope=HOUSE,
    ),
    Route("GET", "/api/worklist", VIEWER, vessels.inspection_list, ("all", "to", "run"), scope=HOUSE),
    Route("POST", "/api/tracks", OPERATOR, track.bulletin, ("storm", "run"), upload=True, scope=HOUSE),
    Route("POST", "/api/cargoes", OPERATOR, vessels.cargo, ("dry_run", "run"), upload=True, scope=HOUSE),
    Route("GET", "/api/places/coast", VIEWER, coastline.coast, scope=ANY),
    Route("GET", "/api/places/track", VIEWER, track.track, ("run",), scope=ANY),
    Route("GET", "/api/types", VIEWER, devices.types, scope=ANY),
    Route("GET", "/api/principals", VIEWER, principals.principals, ("kind", "retired", "limit", "cursor"), scope=HOUSE),
    Route("GET", "/api/ledger", VIEWER, operations.ledger, ("by", "since"), scope=HOUSE),
    Route(
        "GET", "/api/dead-letters", VIEWER, operations.dead_letters, ("reason", "state", "again", "limit", "cursor"), scope=AREA
    ),
    Route("GET", "/api/dead-letters/{id}", VIEWER, operations.dead_letter, scope=AREA),
    Route(
        "GET",
        "/api/quarantine",
        VIEWER,
        quarantine.quarantine,
        ("match", "adapter", "state", "guess", "lines", "limit", "cursor"),
        scope=AREA,
    ),
    Route(
        "GET", "/api/explain", VIEWER, explain.explain, ("device", "property", "time", "statistic", "channel", "run"), scope=AREA
    ),
    Route("GET", "/api/frames/{place}", VIEWER, operations.frame, scope=AREA),
    Route("POST", "/api/commands", OPERATOR, orders.command, body=("op", "args"), scope=AREA),
    Route("GET", "/api/commands/{id}", OPERATOR, orders.command_result, scope=ANY),
    Route("GET", "/api/redecode", ENGINEER, redecode.redecode, ("device", "adapter", "since", "limit", "cursor"), scope=AREA),
    Route("POST", "/api/devices", ENGINEER, quarantine.register, body=(*_FORM, "label"), scope=AREA),
    Route(
        "POST",
        "/api/devices/import",
        ENGINEER,
        imports.take,
        ("on_exists", "dry_run", "name", "columns"),
        upload=True,
        scope=AREA,
    ),
    Route("POST", "/api/devices/import/look", ENGINEER, imports.look, ("columns",), upload=True, scope=AREA),
    Route("GET", "/api/imports", ENGINEER, imports.imports, ("limit",), scope=AREA),
    Route("POST", "/api/imports/{id}/undo", ENGINEER, imports.undo, body=("force",), scope=AREA),
    Route("GET", "/api/devices/{id}/settings", ENGINEER, devices.settings, scope=AREA),
    Route("PATCH", "/api/devices/{id}", ENGINEER, dated.edit, body=(*_CHANGES, *dated.FIELDS), scope=AREA),
    Route(
        "POST",
        "/api/devices/{id}/preview",
        ENGINEER,
        dated.preview,
        ("limit", "cursor"),
        body=(*_CHANGES, *dated.FIELDS),
        scope=AREA,
    ),
    Route("GET", "/api/devices/{id}/history", VIEWER, dated.history, scope=AREA),
    Route("POST", "/api/devices/{id}/rotate", ENGINEER, devices.rotate, body=_ROTATION, scope=AREA),
    Route("POST", "/api/devices/{id}/replace", ENGINEER, identify.replace, body=("native", "serial", "at"), scope=AREA),
    Route("POST", "/api/devices/{id}/codes", ENGINEER, identify.add_code, body=("scheme", "code"), scope=AREA),
    Route("POST", "/api/devices/{id}/codes/end", ENGINEER, identify.end_code, body=("scheme", "code"), scope=AREA),
    Route("POST", "/api/devices/{id}/retire", ENGINEER, devices.retire, scope=AREA),
    Route("POST", "/api/devices/{id}/restore", ENGINEER, devices.restore, scope=AREA),
    Route("POST", "/api/devices/{id}/undo", ENGINEER, devices.unregister, scope=AREA),
    Route("GET", "/api/devices/{id}/test", ENGINEER, checklist.device_test, ("since", "dip"), scope=AREA),
    Route("GET", "/api/devices/{id}/commissions", ENGINEER, commission.listed, scope=AREA),
    Route("GET", "/api/devices/{id}/commissions/{record}", ENGINEER, printed.record, ("format",), scope=AREA),
    Route(
        "POST",
        "/api/devices/{id}/commissions",
        ENGINEER,
        commission.make,
        body=("by", "dip", "photo", "note", "since"),
        scope=AREA,
    ),
    Route(
        "POST", "/api/quarantine/accept", ENGINEER, quarantine.accept, body=(*_FORM, "match", "id_pattern", "dry_run"), scope=AREA
    ),
    Route(
        "POST",
        "/api/principals",
        ENGINEER,
        principals.register_principal,
        body=("id", "kind", "name", "origin", "run"),
        scope=HOUSE,
    ),
    Route("POST", "/api/principals/{id}/rotate", ENGINEER, principals.rotate_principal, body=_ROTATION, scope=HOUSE),
    Route("POST", "/api/principals/{id}/revoke", ENGINEER, principals.revoke, body=("credential",), scope=HOUSE),
    Route("POST", "/api/principals/{id}/retire", ENGINEER, principals.retire_principal, scope=HOUSE),
    Route("POST", "/api/principals/{id}/restore", ENGINEER, principals.restore_principal, scope=HOUSE),
    Route("POST", "/api/principals/{id}/credentials", ENGINEER, principals.issue, body=("origin", "run", "expires"), scope=HOUSE),
    Route("GET", "/api/export/devices", ENGINEER, devices.export, (*_DEVICES, "format", "bom"), scope=AREA),
    Route("GET", "/api/labels", ENGINEER, blanks.listed, ("batch", "state", "limit", "cursor"), scope=ANY),
    Route("POST", "/api/labels", ENGINEER, blanks.make, body=("count", "lasts", "note"), scope=ANY),
    Route("POST", "/api/labels/revoke", ENGINEER, blanks.revoke, body=("which",), scope=ANY),
    Route("GET", "/api/labels/sheet", ENGINEER, blanks.sheet, ("batch", "skip"), scope=ANY),
    Route("GET", "/api/export/labels", ENGINEER, printed.sheet, (*_LABELS, "format"), scope=AREA),
    Route("GET", "/api/areas", VIEWER, place.areas, scope=AREA),
    Route("GET", "/api/place", ENGINEER, place.look, _PLACE, scope=AREA),
    Route("GET", "/api/ids", ENGINEER, place.unused, ("like",), scope=ANY),
    Route("POST", "/api/principals/{id}/certificate", ENGINEER, principals.certificate, body=_CERTIFICATE, scope=HOUSE),
    Route("POST", "/api/session", None, session.sign_in, body=("user", "password"), scope=ANY),
    Route("POST", "/api/session/link", None, session.sign_in_by_link, body=("key",), scope=ANY),
    Route("GET", "/api/session", VIEWER, session.who, scope=ANY),
    Route("GET", "/api/sessions", VIEWER, session.own, scope=ANY),
    Route("DELETE", "/api/sessions/{id}", VIEWER, session.end, scope=ANY),
    Route("DELETE", "/api/session", VIEWER, session.sign_out, scope=ANY),
    Route("POST", "/api/session/renew", VIEWER, session.renew, scope=ANY),
    Route("POST", "/api/session/password", VIEWER, session.change_password, body=("old", "new"), scope=ANY),
    Route("GET", "/api/users", ADMIN, people.users, ("removed",), scope=HOUSE),
    Route("POST", "/api/users", ADMIN, people.add_user, body=("id", "role", "areas", "name", "password"), scope=HOUSE),
    Route("POST", "/api/users/{id}/role", ADMIN, people.set_role, body=("role", "areas"), scope=HOUSE),
    Route("POST", "/api/users/{id}/password", ADMIN, people.set_password, body=("password",), scope=HOUSE),
    Route("POST", "/api/users/{id}/link", ADMIN, people.make_link, body=("lasts",), scope=HOUSE),
    Route("POST", "/api/users/{id}/remove", ADMIN, people.remove_user, scope=HOUSE),
    Route("POST", "/api/users/{id}/restore", ADMIN, people.restore_user, scope=HOUSE),
    Route("GET", "/api/tokens", ADMIN, people.tokens, ("revoked",), scope=HOUSE),
    Route("POST", "/api/tokens", ADMIN, people.create_token, body=("name", "role", "areas", "expires"), scope=HOUSE),
    Route("POST", "/api/tokens/{id}/rotate", ADMIN, people.rotate_token, body=("overlap",), scope=HOUSE),
    Route("DELETE", "/api/tokens/{id}", ADMIN, people.revoke_token, scope=HOUSE),
    Route("GET", "/api/audit", ADMIN, principals.audit_log, ("limit", "subject"), scope=HOUSE),
    Route("GET", "/api/audit/verify", ADMIN, principals.audit_verify, scope=HOUSE),
    Route("GET", "/api/audit/export", ADMIN, principals.audit_export, scope=HOUSE),
)
