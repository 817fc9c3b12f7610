"""An ASGI app as the transport of an httpx client: the API without a socket."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class InProcess(httpx.BaseTransport):
    """Runs the app for one request at a time, on a loop of its own. An answer is whole before it is read: no live streams."""

    def __init__(self, app: Any) -> None:
        self._asgi = httpx.ASGITransport(app)
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the app answers; what it raises passes through."""
        request.read()  # a file comes in pieces, which only a socket can send
        return self._runner.run(self._answer(request))

    def close(self) -> None:
        """End the loop."""
        self._runner.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body)
