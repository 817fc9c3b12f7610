"""The API described by itself, OpenAPI 3.1: made of the table of routes, the models that bodies are read with, and the table of parameters.

Pages and their files are left out: they are for browsers. `x-role` is the least role that a route takes, `x-areas` how it serves who is bound
to areas, `x-summary-zh` what it does in Chinese.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from sensing import __version__
from sensing.paths import config_dir

from . import blanks, commission, orders, people, principals, session
from .answers import NDJSON, encode
from .ask import Ask
from .auth import COOKIE
from .desk import Desk
from .parameters import PARAMETERS, PLACES

REF = "#/components/schemas/{model}"
_NAMED = re.compile(r"\{(\w+)(?::\w+)?\}")
BODIES: dict[str, type[BaseModel]] = {
    "POST /api/commands": orders.Order,
    "POST /api/devices": blanks.Registration,
    "POST /api/devices/{id}/rotate": principals.Rotation,
    "POST /api/devices/{id}/commissions": commission.Form,
    "POST /api/labels": blanks.NewLabels,
    "POST /api/principals": principals.NewPrincipal,
    "POST /api/principals/{id}/rotate": principals.Rotation,
    "POST /api/principals/{id}/revoke": principals.Revocation,
    "POST /api/principals/{id}/credentials": principals.NewCredential,
    "POST /api/principals/{id}/certificate": principals.NewCertificate,
    "POST /api/session": session.SignIn,
    "POST /api/session/link": session.ByLink,
    "POST /api/session/password": session.NewPassword,
    "POST /api/users": people.NewUser,
    "POST /api/users/{id}/role": people.NewRole,
    "POST /api/users/{id}/password": people.Password,
    "POST /api/users/{id}/link": people.NewLink,
    "POST /api/tokens": people.NewToken,
    "POST /api/tokens/{id}/rotate": people.Turn,
}
"""Bodies that a model reads whole. Of the others the fields are told, and each says itself what it takes."""
FIELDS: dict[str, dict[str, Any]] = {
    "force": {"type": "boolean"},
    "dry_run": {"type": "boolean"},
    "reobserve": {"type": "boolean"},
    "undo": {"type": "boolean"},
    "lat": {"type": ["number", "null"]},
    "lon": {"type": ["number", "null"]},
    "zero": {"type": ["number", "string", "null"], "description": "m above the datum; `+0.35` adds to what is there"},
    "offset": {"type": ["number", "string"]},
    "mount_height": {"type": ["number", "string", "null"]},
    "unit": {"type": "object", "description": "property to the UCUM unit on the wire"},
    "settings": {"type": "object"},
    "native": {"type": ["string", "null"]},
}
KINDS = {
    "GET /metrics": ("text/plain",),
    "GET /api/observations": ("application/json", NDJSON, "text/csv", "application/vnd.apache.parquet"),
    "GET /api/devices.geojson": ("application/geo+json",),
    "GET /api/stream": ("text/event-stream",),
    "GET /api/live": ("text/event-stream",),
    "GET /api/export/devices": ("text/csv", NDJSON),
    "GET /api/audit/export": (NDJSON,),
    "GET /api/cap": ("application/atom+xml", "application/json"),
    "GET /api/cap/{id}": ("application/cap+xml",),
    "POST /api/devices/import": (NDJSON,),
    "GET /api/labels/sheet": ("application/pdf",),
}
"""What an answer is; JSON where nothing is said. "" among them is anything."""
_ERRORS = {
    "400": "A parameter that is unknown or cannot be read",
    "401": "No valid token or session",
    "403": "The role is too low, it is outside one's areas, or X-CSRF-Token is missing",
    "404": "Not there",
    "409": "Exists already, or in use",
    "413": "The body is too large",
    "422": "A value is not acceptable",
    "429": "Too often: Retry-After says when to try again",
    "503": "A role, the store or the registry does not answer",
    "504": "It did not answer in time",
}
_ERROR = {
    "type": "object",
    "required": ["error", "hint", "code"],
    "properties": {
        "error": {"type": "string", "description": "What was wrong"},
        "hint": {"type": "string", "description": "What to do"},
        "code": {"type": "integer", "description": "The exit code that a command ends with on this error"},
    },
}


def openapi(_desk: Desk, _ask: Ask) -> Response:
    """This description."""
    return Response(_encoded(), media_type="application/json")


@cache
def _encoded() -> bytes:
    return encode(description())


def description() -> dict[str, Any]:
    """The whole document."""
    from .routes import ROUTES

    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": _ERROR}
    error = {"application/json": {"schema": {"$ref": REF.format(model="Error")}}}
    for route in ROUTES:
        if route.page or route.path.startswith("/static/"):
            continue
        paths.setdefault(_NAMED.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Urban Sensing",
            "version": __version__,
            "description": "A coastal city's gauges, receivers and stations. Errors are `{error, hint, code}`; lists are `{items, next}`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {f"E{code}": {"description": about, "content": error} for code, about in _ERRORS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`sensing token create`"},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE,
                    "description": "POST /api/session; what changes something sends X-CSRF-Token too. `__Host-sensing` over TLS",
                },
            },
        },
    }  # fmt: skip


def _operation(route: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    about = (route.handler.__doc__ or "").strip().split("\n\n", maxsplit=1)
    summary = " ".join(about[0].split()).rstrip(".")
    places = [
        {"name": name, "in": "path", "required": True, "schema": PLACES.get(name, {"type": "string", "minLength": 1})}
        for name in _NAMED.findall(route.path)
    ]
    found: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}_{route.path.strip('/')}").strip("_"),
        "tags": [_tag(route.path)],
        "parameters": [*places, *(_parameter(route.path, name) for name in route.parameters)],
        "responses": _responses(route),
        "security": [] if route.role is None else [{"token": []}, {"session": []}],
        "x-role": None if route.role is None else route.role.word,
        "x-areas": route.scope,
    }
    if summary:
        found["summary"] = summary[:300]
    if chinese := _chinese().get(_NAMED.sub(r"{\1}", route.name)):
        found["x-summary-zh"] = chinese
    if len(about) > 1:
        found["description"] = about[1].strip()
    if body := _body(route, schemas):
        found["requestBody"] = body
    return found


@cache
def _chinese() -> dict[str, str]:
    """What each operation does, in Chinese."""
    return tomllib.loads((config_dir() / "api.toml").read_text("utf-8"))


def _parameter(path: str, name: str) -> dict[str, Any]:
    told = dict(PARAMETERS.get(f"{path} {name}") or PARAMETERS.get(name) or {"type": "string"})
    about = told.pop("description", None)
    found = {"name": name, "in": "query", "required": False, "schema": told}
    return found | {"description": about} if about else found


def _responses(route: Any) -> dict[str, Any]:
    kinds = KINDS.get(route.name, ("application/json",))
    closed = route.role is not None or route.path.startswith("/api/session")
    answers: dict[str, Any] = {"2XX": {"description": "Done", "content": {kind: {} for kind in kinds}}}
    wanted = [code for code in _ERRORS if closed or code not in ("401", "403")]
    return answers | {code: {"$ref": f"#/components/responses/E{code}"} for code in wanted}


def _body(route: Any, schemas: dict[str, Any]) -> dict[str, Any] | None:
    if route.upload:
        return {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    if not route.body:
        return None
    model = BODIES.get(route.name)
    if model is None:
        fields = {name: FIELDS.get(name, {"type": ["string", "number", "boolean", "object", "null"]}) for name in route.body}
        shape: dict[str, Any] = {"type": "object", "properties": fields}
        return {"required": False, "content": {"application/json": {"schema": shape}}}
    name = f"{model.__module__.rpartition('.')[2]}_{model.__name__}"
    if name not in schemas:
        whole = model.model_json_schema(ref_template=REF)
        schemas |= whole.pop("$defs", {})
        schemas[name] = whole
    return {"required": True, "content": {"application/json": {"schema": {"$ref": REF.format(model=name)}}}}


def _tag(path: str) -> str:
    words = path.strip("/").split("/")
    return words[1].partition(".")[0] if words[0] == "api" and len(words) > 1 else "service"
