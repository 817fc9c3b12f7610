"""A fake of the service's API: answers from a table, remembers what it was asked."""

import contextlib
import json

import httpx

from sensing.cli import client


class FakeService:
    """`routes`: (method, path) to JSON, to (status, JSON), or to a function of the request; a list gives one answer after the other."""

    def __init__(self, routes=None, offline=False):
        self.routes = dict(routes or {})
        self.asked = []
        self.offline = offline

    def __call__(self, request):
        self.asked.append(request)
        answer = self.routes.get((request.method, request.url.path))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            return answer(request)
        if answer is None:
            return httpx.Response(404, json={"error": f"no {request.url.path}", "hint": "look again", "code": 4})
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=body)

    @contextlib.contextmanager
    def connect(self, _data=None, _environ=None, *, network=False):
        with httpx.Client(base_url="http://fake", transport=httpx.MockTransport(self)) as http:
            yield client.Client(http, offline=self.offline)

    def bodies(self, method="POST"):
        """What was sent with a method."""
        return [json.loads(request.content or b"{}") for request in self.asked if request.method == method]

    def params(self):
        """The parameters of each request."""
        return [dict(request.url.params) for request in self.asked]


def page(*items, following=None):
    return {"items": list(items), "next": following}


def events(*pieces):
    """A server-sent event stream: each piece is (id, event, data), or text as it is."""
    text = "".join(
        piece if isinstance(piece, str) else f"event: {piece[1]}\nid: {piece[0]}\ndata: {json.dumps(piece[2])}\n\n"
        for piece in pieces
    )
    return lambda _request: httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def row(number, **more):
    """An observation as the API gives it."""
    return {
        "cursor": f"000000000000{number}-0000000", "device": "gauge-1", "property": "water_level", "statistic": "instant", "channel": "",
        "begin": None, "time": f"2026-09-14T19:00:0{number}Z", "received": "2026-09-14T19:00:09Z", "result": 1.5 + number, "unit": "m",
        "quality": 1, "reason": "", "revision": "0badcafe", "origin": "live", "run": "", "frame": number,
    } | more  # fmt: skip
