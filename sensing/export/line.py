"""The connection to one target: pre-joined line protocol through influxdb-client, one request at a time, no retries of its own.

The token comes from a file or an environment variable, is read anew after a refusal, and never reaches argv, a log or an answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sensing.errors import ValidationError
from sensing.settings import Export

from .verdict import Fate, Verdict, judge

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

_OBJECT = re.compile(r"<?\S+(?: object)? at 0x[0-9a-f]+>?:? ?|^\w+\(host=.*?port=\d+\): ?")


def token(target: Export, environ: Mapping[str, str] = os.environ) -> str:
    """The secret; "" for a server that asks for none. Raises ValidationError when it is named and not there."""
    if target.token_file is not None:
        try:
            return target.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValidationError(
                f"export {target.name}: token_file {target.token_file}: {error}", "chmod 600, and readable"
            ) from None
    if target.token_env:
        found = environ.get(target.token_env, "")
        if not found:
            raise ValidationError(f"export {target.name}: {target.token_env} is not set", "set it where the service starts")
        return found
    return ""


def client(target: Export, secret: str) -> InfluxDBClient:
    """A client as every use here wants it; retries are ours."""
    from influxdb_client.client.influxdb_client import InfluxDBClient

    return InfluxDBClient(
        url=target.url, token=secret or "none", org=target.org, timeout=int(target.timeout_s * 1000), enable_gzip=target.gzip,
        connection_pool_maxsize=1, retries=False,
    )  # fmt: skip


class Line:
    """One target, from one thread. It connects when it first has something to say."""

    def __init__(self, target: Export) -> None:
        self._target = target
        self._client: Any = None
        self._api: Any = None
        self._opened = self._known = 0
        self._told_to_close = False

    def post(self, body: bytes) -> Verdict:
        """Send lines. Whatever goes wrong is a verdict."""
        return self._guarded(lambda: self._post(body))

    def ping(self) -> Verdict:
        """Ask whether it is there, on the connection that points go over. Any answer of HTTP will do."""
        return self._guarded(self._ping)

    def _guarded(self, ask: Callable[[], Verdict]) -> Verdict:
        try:
            verdict = ask()
        except ValidationError as error:
            verdict = Verdict(Fate.BARRED, 0, str(error))
        except Exception as error:  # noqa: BLE001 names that do not resolve, sockets that break, answers that are no HTTP: one and the same here
            verdict = Verdict(Fate.SILENT, 0, f"no answer: {type(error).__name__}: {_brief(error)}")
        if verdict.fate in {Fate.BARRED, Fate.SILENT}:
            self.close()
        return verdict

    def _ping(self) -> Verdict:
        self._connect()
        pool = self._client.api_client.rest_client.pool_manager
        answer = pool.request("GET", self._target.url.rstrip("/") + "/ping", timeout=self._target.timeout_s, retries=False)
        return replace(self._judge(answer.status, dict(answer.headers), ""), fate=Fate.TAKEN)

    def _connect(self) -> None:
        from influxdb_client.client.write_api import SYNCHRONOUS

        if self._client is None:
            self._client = client(self._target, token(self._target))
            self._api = self._client.write_api(write_options=SYNCHRONOUS)
            self._count_connections()

    def _post(self, body: bytes) -> Verdict:
        from influxdb_client.rest import ApiException

        self._connect()
        try:
            self._api.write(self._target.bucket, self._target.org, body, write_precision="ns")
        except ApiException as error:
            if not error.status:  # a certificate that does not fit
                return Verdict(Fate.SILENT, 0, f"no answer: {_brief(error.reason)}")
            return self._judge(error.status, dict(error.headers or {}), _text(error.body))
        answer = self._client.api_client.last_response
        return self._judge(answer.status, dict(answer.getheaders()), "")

    def _judge(self, status: int, headers: Mapping[str, str], body: str) -> Verdict:
        """The verdict, with whether it came on a connection that the server had not told us to open: it may have been started again."""
        anew = self._opened > self._known > 0 and not self._told_to_close
        self._known = self._opened
        said = next((value for key, value in headers.items() if key.lower() == "connection"), "")
        self._told_to_close = said.lower() == "close"
        return judge(status, headers, body, anew=anew)

    def _count_connections(self) -> None:
        """urllib3 opens a connection anew without a word when the server has dropped it, so we count where it does."""
        pool = self._client.api_client.rest_client.pool_manager.connection_from_url(self._target.url)
        line = self

        class Counted(pool.ConnectionCls):  # type: ignore[misc, name-defined]
            """A connection that says when it connects."""

            def connect(self) -> None:
                super().connect()
                line._opened += 1

        pool.ConnectionCls = Counted

    def close(self) -> None:
        """Hang up; the next `post` opens a new connection with the token as it is then."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _text(body: object) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")


def _brief(error: object) -> str:
    """An error's words without what changes from try to try: the same trouble is told once."""
    return " ".join(_OBJECT.sub("", str(error)).split())[:200]
