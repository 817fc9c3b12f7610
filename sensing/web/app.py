"""The Starlette app: what stands before every handler. Deny by default, read with limits, answer errors in one shape.

In this order: headers, route, who asks (401), not too often (429), is it our page (403), may they (403), parameters known (400), body within
a megabyte (413), handler.
"""

from __future__ import annotations

import inspect
import math
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from typing import IO, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sensing import logs
from sensing.access import Identity, permits
from sensing.errors import Exit, SensingError, UsageError

from . import nowhere, pages
from .answers import HEADERS, Answer, error_response, json_response, refusal_response
from .ask import Ask
from .auth import TooManyError, meant
from .desk import Desk
from .routes import ROUTES, Route
from .scope import ANY, AREA, check_path
from .session import cookie_name

_log = logs.get("web")
MOST_BODY = 1024 * 1024
_ELSEWHERE: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PATCH", "DELETE"],
    "allow_headers": ["authorization", "content-type", "last-event-id"],
    "expose_headers": ["retry-after", "content-disposition"],
    "allow_credentials": False,  # a token is shown on purpose; a cookie would go by itself
    "max_age": 600,
}
"""What pages of other sites may do that `http.cors_origins` names."""
_LONGEST_QUERY = 16_384
_SPOOL = 4 << 20
STREAMS = ("/api/stream", "/api/live")
"""What goes on for as long as somebody listens."""


def make(desk: Desk) -> Starlette:
    """The app over a desk. It has no start-up of its own: it works in-process as it does under a server."""
    paths = [Path(route.path, _endpoint(desk, route), methods=[route.method], include_in_schema=False) for route in ROUTES]
    for path in paths:
        if path.path in STREAMS and path.methods:
            path.methods.discard("HEAD")  # a stream has no end that a HEAD could wait for
    app = Starlette(routes=paths, exception_handlers={HTTPException: _http_error})
    app.add_middleware(_Headers)
    if origins := desk.settings.http.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=origins, **_ELSEWHERE)
    app.state.desk = desk
    return app


class _RefusedError(Exception):
    """An answer that ends the request before its handler."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _endpoint(desk: Desk, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if route.path.startswith("/id/") and _is_browser(request):
            return pages.to_register(request.path_params["code"])
        try:
            return await _answered(desk, route, await _read(desk, route, request))
        except _RefusedError as refused:
            return refused.response
        except SensingError as error:
            return refusal_response(error)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001 a defect costs one answer, and is told
            _log.error("request_failed", route=route.name, error=repr(error)[:300], trace=traceback.format_exc(limit=-8))
            return error_response("an unexpected error", "the service's log has it; tell us", Exit.UNEXPECTED, 500)

    return answer


async def _answered(desk: Desk, route: Route, ask: Ask) -> Response:
    """What the handler says. A file that was sent is closed when it is refused; otherwise who reads it closes it."""
    try:
        handler = route.handler
        found = await handler(desk, ask) if inspect.iscoroutinefunction(handler) else await run_in_threadpool(handler, desk, ask)
        return _response(found)
    except BaseException:
        if ask.upload is not None:
            ask.upload.close()
        raise


async def _read(desk: Desk, route: Route, request: Request) -> Ask:
    """Who asks for what. Raises _RefusedError, UsageError."""
    address = request.client.host if request.client else "local"
    bearer, cookie = request.headers.get("authorization"), None
    identity = None
    if route.role is not None:
        cookie = request.cookies.get(cookie_name(desk)) if bearer is None else None
        if route.page:
            await _check_signed_in(desk, request, bearer, address, cookie)
        identity = await _identify(desk, bearer, address, cookie)
        _check_page(desk, request, identity, cookie)
        if not permits(identity, route.role):
            desk.metrics.count("sensing_requests_refused_total", role=identity.role.word)
            what = f"{route.name} takes the role {route.role.word}, {identity.name} has {identity.role.word}"
            raise _RefusedError(error_response(what, "ask an administrator for a token of that role", Exit.USAGE, 403))
        _check_scope(desk, route, identity)
        if identity.areas:
            await run_in_threadpool(check_path, desk, identity.areas, route.path, request.path_params.get("id", ""))
    elif request.method != "GET":
        _check_site(request)
    query = _query(route, request)
    upload = await _upload(request, desk.settings.http.upload_mb << 20) if route.upload else None
    body = await _body(request) if request.method != "GET" and upload is None else b""
    desk.metrics.count("sensing_requests_taken_total", route=route.name)
    told = request.headers.get
    return Ask(
        identity, address, request.path_params, query, body, told("last-event-id", ""), upload, bearer, cookie,
        request.url.path, told("accept-encoding", ""), told("if-none-match", ""),
    )  # fmt: skip


def _is_browser(request: Request) -> bool:
    """Whether a person's browser opened an address, and no program or script of ours."""
    return "text/html" in request.headers.get("accept", "") and "authorization" not in request.headers


async def _check_signed_in(desk: Desk, request: Request, bearer: str | None, address: str, cookie: str | None) -> None:
    """A person who opens a page is shown the way in, or to another password, where a program is told what it lacks. Raises _RefusedError."""
    if bearer is not None:
        return
    identity = await run_in_threadpool(desk.guard.identify, None, address, cookie)
    if identity is None:
        raise _RefusedError(pages.to_sign_in(request.url.path, request.url.query))
    if identity.must_change and request.url.path != pages.ACCOUNT:
        raise _RefusedError(pages.to_account())


async def _identify(desk: Desk, bearer: str | None, address: str, cookie: str | None) -> Identity:
    try:
        identity = await run_in_threadpool(desk.guard.identify, bearer, address, cookie)
    except TooManyError:
        hint = "wait half a minute, then show the right one"
        raise _RefusedError(error_response("too many wrong tokens", hint, Exit.UNREACHABLE, 429, {"retry-after": "30"})) from None
    if identity is None:
        what = "the token is not valid" if bearer else "a token is needed"
        hint = "send Authorization: Bearer TOKEN; `sensing token create` makes one"
        raise _RefusedError(error_response(what, hint, Exit.USAGE, 401, {"www-authenticate": 'Bearer realm="sensing"'}))
    try:
        desk.guard.spend(identity)
    except TooManyError as error:
        wait = {"retry-after": str(math.ceil(error.wait_s))}
        what = f"{identity.name} asks more often than http.max_rate"
        raise _RefusedError(error_response(what, "ask less often, or for more at once", Exit.UNREACHABLE, 429, wait)) from None
    return identity


def _check_page(desk: Desk, request: Request, identity: Identity, cookie: str | None) -> None:
    """What a browser sends by itself proves nothing about who made it do so. Raises _RefusedError."""
    if not identity.session or request.method in ("GET", "HEAD"):
        return
    _check_site(request)
    if cookie is None or not meant(cookie, request.headers.get("x-csrf-token")):
        desk.metrics.count("sensing_requests_forged_total")
        what, hint = "the page's token is missing", "send X-CSRF-Token as GET /api/session gives it"
        raise _RefusedError(error_response(what, hint, Exit.USAGE, 403))


def _check_site(request: Request) -> None:
    """Browsers say where a request comes from: another site's are not for us. Raises _RefusedError."""
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise _RefusedError(error_response("another site made this request", "use our own pages", Exit.USAGE, 403))


def _check_scope(desk: Desk, route: Route, identity: Identity) -> None:
    """A one-time password opens nothing but the way to another; who is bound to areas has no say in the house. Raises _RefusedError."""
    if identity.must_change and not route.path.startswith(("/api/session", pages.ACCOUNT)):
        what, hint = "the one-time password is still in use", "choose a password of your own: POST /api/session/password"
        raise _RefusedError(error_response(what, hint, Exit.USAGE, 403))
    if identity.areas and route.scope not in (AREA, ANY):
        desk.metrics.count("sensing_requests_refused_total", role=identity.role.word)
        what = f"{route.name} is about the whole house, {identity.name} is bound to {', '.join(identity.areas)}"
        raise _RefusedError(error_response(what, "ask somebody who is not bound to areas", Exit.USAGE, 403))


def _query(route: Route, request: Request) -> dict[str, str]:
    if route.page:  # an address that somebody typed or was sent: the page's own script reads it
        return {}
    if len(request.url.query) > _LONGEST_QUERY:
        raise UsageError("the query is too long", f"at most {_LONGEST_QUERY} characters are read")
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in route.parameters:
            known = f"it knows {', '.join(route.parameters)}" if route.parameters else "it takes none"
            raise UsageError(f'{route.name} has no parameter "{name[:40]}"', known)
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def _body(request: Request) -> bytes:
    """The body, refused before it is parsed when it is too large."""
    stated = request.headers.get("content-length", "0")
    parts, size = [], 0
    if not stated.isdigit() or int(stated) > MOST_BODY:
        raise _too_large()
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


async def _upload(request: Request, most: int) -> IO[bytes]:
    """The body as a file: small ones in memory, larger ones on disk without a name; refused as soon as it is too large."""
    file = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 it lives as long as the request
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            file.close()
            raise _too_large(f"the file is over {most >> 20} MB")
        await run_in_threadpool(file.write, part)
    file.seek(0)
    return file


def _too_large(what: str = "the body is over a megabyte") -> _RefusedError:
    return _RefusedError(error_response(what, "send less at once", Exit.VALIDATION, 413, {"connection": "close"}))


def _response(found: Any) -> Response:
    if isinstance(found, Response):
        return found
    return json_response(found.data, found.status) if isinstance(found, Answer) else json_response(found)


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and request.method == "GET" and _is_browser(request):
        return nowhere.page()
    words = {404: ("there is no such route", Exit.NOT_FOUND), 405: ("this route has no such method", Exit.USAGE)}
    what, code = words.get(error.status_code, (error.detail, Exit.UNEXPECTED))
    headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
    return error_response(what, "docs/api.md lists the routes", code, error.status_code, headers)


def _allowed(request: Request) -> str:
    """Every method of an address: the routes of one path are several."""
    found = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))


class _Headers:
    """Adds the security headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(header for header in HEADERS if header[0] not in own)]
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
