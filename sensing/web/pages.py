"""The pages: shells without data, their files, and the words on them. What a page shows it asks of the API, as whoever is signed in.

Who is not signed in is sent to `/signin?next=`, which leads back; `next` is only ever a path of ours. A shell says nothing of the city, so every
page is a viewer's: what one may do there the API decides, and the page says what it lacks.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from sensing.errors import NotFoundError

from . import assets, shells, wording
from .ask import Ask
from .desk import Desk

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""No script or style but our own files, nothing from another host, nobody's frame."""
PAGES = {
    "/": "map",
    "/map/flood": "map",
    "/map/safety": "map",
    "/map/port": "map",
    "/wall": "map",
    "/table": "table",
    "/m/register": "register",
    "/import": "import",
    "/quarantine": "quarantine",
    "/devices": "devices",
    "/device": "device",
    "/account": "account",
    "/api/docs": "apidocs",
    "/labels": "labels",
    "/signin": "signin",
}
"""Address: shell. `/signin` is open, the others take a session."""
ACCOUNT, SIGN_IN, REGISTER = "/account", "/signin", "/m/register"
_HEADERS = {
    "content-security-policy": CSP,
    "permissions-policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_SHELF = assets.Assets()


def page(_desk: Desk, ask: Ask) -> Response:
    """The shell of a page, which names this version's files."""
    name = PAGES.get(ask.url)
    if name is None:
        raise NotFoundError("there is no such page", "docs/pages.md lists them")
    return assets.send(_shell(name, _SHELF.version), accepts=ask.accepts, known=ask.known, for_ever=False, headers=_HEADERS)


@lru_cache(maxsize=2 * len(shells.SHELLS))
def _shell(name: str, version: str) -> assets.Asset:
    """A page's shell as it is sent; made anew when any file has changed."""
    return assets.asset(shells.made(name, _text).replace('"/static/', f'"/static/{version}/').encode(), ".html")


def _text(name: str) -> str:
    found = _SHELF.find(name)
    if found is None:
        raise NotFoundError(f"{name} is not among the pages' files", "reinstall, or undo the edit")
    return found.plain.decode()


def static(_desk: Desk, ask: Ask) -> Response:
    """A file that pages are made of."""
    version, name = assets.split(ask.path["name"])
    found = _SHELF.find(name)
    if found is None:
        raise NotFoundError("there is no such file", "reload the page")
    headers = {"content-security-policy": CSP, "cross-origin-resource-policy": "same-origin"}
    if name.rpartition("/")[2] == "sw.js":
        headers["service-worker-allowed"] = "/"  # it lies under /static/ and looks after pages
    fresh = bool(version) and version == _SHELF.version
    return assets.send(found, accepts=ask.accepts, known=ask.known, for_ever=fresh, headers=headers)


def words(_desk: Desk, ask: Ask) -> Response:
    """Every word of the pages, in both languages: `{key: {zh, en}}`. It tells nothing of the city."""
    return assets.send(wording.catalogue(), accepts=ask.accepts, known=ask.known, for_ever=False)


def to_sign_in(path: str, query: str) -> Response:
    """The way in, and back to where somebody wanted to go."""
    wanted = path + (f"?{query}" if query else "")
    return RedirectResponse(SIGN_IN + ("" if wanted == "/" else f"?next={quote(wanted, safe='/')}"), 303)


def to_register(code: str) -> Response:
    """A label that a phone's camera opened: the page that registers, with the code filled in."""
    return RedirectResponse(f"{REGISTER}?code={quote(code[:300], safe='')}", 303)


def to_account() -> Response:
    """Where a one-time password is replaced, before anything else."""
    return RedirectResponse(ACCOUNT, 303)
