"""The way to the service's API. Over the network when it runs; else the same app in this process, under the folder's lock.

SENSING_URL set            that service, with SENSING_TOKEN
DATA/run.json is alive     its http address, with SENSING_TOKEN or the folder's admin.token
nothing runs here          the app itself, while holding DATA/lock: no operation is done twice
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import httpx

from sensing import runfile
from sensing.errors import (
    CheckFailedError,
    ConflictError,
    Exit,
    NotFoundError,
    SensingError,
    TimedOutError,
    UnreachableError,
    UsageError,
    ValidationError,
)

from .root import everywhere

_ERRORS: dict[int, type[SensingError]] = {
    error.exit_code: error
    for error in (UsageError, ValidationError, NotFoundError, UnreachableError, ConflictError, CheckFailedError, TimedOutError)
}
_BY_STATUS = {
    400: Exit.USAGE,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    422: Exit.VALIDATION,
    502: Exit.UNREACHABLE,
    503: Exit.UNREACHABLE,
}
_LOCK_WAIT_S = 10.0
TIMEOUT = httpx.Timeout(40.0, connect=5.0)
"""A command that the service waits for (redrive) may take 30 s."""


class Client:
    """One service. `offline` says that it is the app in this process: nothing new arrives while we look."""

    def __init__(self, http: httpx.Client, *, offline: bool = False) -> None:
        self._http = http
        self.offline = offline

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path; params that are None are left out. Raises SensingError as the service says."""
        return self._ask("GET", path, params=given(params)).json()

    def text(self, path: str, **params: Any) -> str:
        """The text at a path."""
        return self._ask("GET", path, params=given(params)).text

    def download(self, path: str, **params: Any) -> Iterator[bytes]:
        """The bytes at a path as they come. Raises SensingError, UnreachableError when they break off."""
        with reached(), self._http.stream("GET", path, params=given(params)) as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            yield from response.iter_bytes()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON, get JSON."""
        return self._ask("POST", path, json=dict(body or {})).json()

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send changes, get what it is now."""
        return self._ask("PATCH", path, json=dict(body)).json()

    def upload(self, path: str, source: IO[bytes], **params: Any) -> Iterator[dict[str, Any]]:
        """Send a file as it is; the lines of the answer as they come. Raises SensingError, also for an error that comes as a line."""
        pieces = iter(lambda: source.read(1 << 20), b"")
        with reached(), self._http.stream("POST", path, params=given(params), content=pieces) as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            for text in response.iter_lines():
                line = json.loads(text)
                if "error" in line:
                    raise _ERRORS.get(int(line["code"]), SensingError)(line["error"], line["hint"])
                yield line

    def delete(self, path: str) -> None:
        """Take something away."""
        self._ask("DELETE", path)

    def pages(self, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, `{items, next}`, to its end."""
        asked = given(params)
        while True:
            answer = self.get(path, **asked)
            yield answer["items"]
            if not answer["next"]:
                return
            asked["cursor"] = answer["next"]

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All entries of a list."""
        return [item for page in self.pages(path, **params) for item in page]

    @contextlib.contextmanager
    def stream(self, path: str, params: Mapping[str, Any], after: str = "") -> Iterator[Iterator[str]]:
        """Lines of server-sent events as they come; `after` is the id to go on from."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        with reached(), self._http.stream("GET", path, params=given(params), headers=headers) as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            yield response.iter_lines()

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        with reached():
            response = self._http.request(method, path, **options)
        if response.is_error:
            raise refusal(response)
        return response


@contextlib.contextmanager
def connect(data: Path, environ: Mapping[str, str] = os.environ, *, network: bool = False) -> Iterator[Client]:
    """A client for a data folder; `network` refuses the app in this process.

    Raises ConflictError when another command has the folder, NotFoundError when one that only looks finds none, UnreachableError.
    """
    remote, running = environ.get("SENSING_URL", ""), None
    if not remote:
        running = runfile.running(data)
    if remote or running:
        token = environ.get("SENSING_TOKEN") or ("" if remote else admin_token(data))
        with httpx.Client(base_url=remote or str(running and running["http"]), headers=bearer(token), timeout=TIMEOUT) as http:
            yield Client(http)
        return
    if network:
        raise UnreachableError(f"nothing runs in {data}", "start it with `sensing up`")
    if everywhere().reads and not data.exists():
        raise NotFoundError(f"there is no data folder {data}", "`sensing up` makes one; --data DIR names another")
    with runfile.only_one(data, wait_s=_LOCK_WAIT_S), offline(data) as client:
        yield client


@contextlib.contextmanager
def offline(data: Path) -> Iterator[Client]:
    """The app in this process. The caller holds `DATA/lock`."""
    from sensing import app, logs

    from .inprocess import InProcess

    logs.setup("cli", "warning")  # to stderr: stdout is the answer's
    starlette = app.offline_app(data)  # makes admin.token the first time
    transport = InProcess(starlette)
    with httpx.Client(base_url="http://offline", headers=bearer(admin_token(data)), transport=transport, timeout=TIMEOUT) as http:
        yield Client(http, offline=True)


def bearer(token: str) -> dict[str, str]:
    """The header that says who we are."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def admin_token(data: Path) -> str:
    """The folder's own admin secret; "" when we may not read it."""
    try:
        return (data / "admin.token").read_text("utf-8").strip()
    except OSError:
        return ""


def segment(text: str) -> str:
    """An id as one segment of a path, whatever is in it."""
    return quote(text, safe="")


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that were given; several words stand between commas."""
    found = {name.rstrip("_"): value for name, value in params.items() if value not in (None, "", [], ())}
    return {name: ",".join(value) if isinstance(value, (list, tuple)) else value for name, value in found.items()}


@contextlib.contextmanager
def reached() -> Iterator[None]:
    """Network trouble is exit code 5."""
    try:
        yield
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise UnreachableError(
            f"the service does not answer: {str(error) or type(error).__name__}",
            "`sensing status` and `sensing doctor` tell more",
        ) from None


def refusal(response: httpx.Response) -> SensingError:
    """The service's refusal as the error that it means."""
    try:
        said = response.json()
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    code = said.get("code") or _BY_STATUS.get(response.status_code, Exit.UNEXPECTED)
    hint = str(said.get("hint") or "")
    if response.status_code in (401, 403) and not hint:
        hint = "set SENSING_TOKEN to a token with the role that this needs (`sensing token create`)"
    error = _ERRORS.get(int(code), SensingError)
    return error(str(said.get("error") or f"the service answered {response.status_code}"), hint)
