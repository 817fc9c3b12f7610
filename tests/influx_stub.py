"""A server with /api/v2/write that keeps what it is sent, and misbehaves as it is told: refuses, hangs after applying, vanishes.

Its parser of the line protocol is written from InfluxDB's reference, apart from ours, so that each checks the other.
"""

import contextlib
import gzip
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

INTEGER = re.compile(r"-?\d+i")
FLOAT = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class BadLineError(Exception):
    """A line that the reference does not allow."""


def scan(text, at, stops, escapable):
    """A word from `at` up to an unescaped character of `stops`: the word, and where it ended."""
    word = []
    while at < len(text) and text[at] not in stops:
        if text[at] == "\\" and text[at + 1 : at + 2] and text[at + 1] in escapable:
            at += 1
        word.append(text[at])
        at += 1
    return "".join(word), at


def parse(line):
    """(measurement, tags, fields, nanoseconds) of one line; raises BadLineError."""
    measurement, at = scan(line, 0, ", ", ", ")
    if not measurement or measurement[0] in "#_":
        raise BadLineError(f"measurement {measurement!r}")
    tags = {}
    while line[at : at + 1] == ",":
        key, at = scan(line, at + 1, "=, ", ",= ")
        value, at = scan(line, at + 1, ",= ", ",= ")
        if not key or not value or key in tags or line[at : at + 1] == "=":
            raise BadLineError(f"tag {key!r}={value!r}")
        tags[key] = value
    fields = {}
    while line[at : at + 1] in {" ", ","} and not (fields and line[at] == " "):
        key, at = scan(line, at + 1, "=, ", ",= ")
        value, at = scan(line, at + 1, ", ", "")
        if not INTEGER.fullmatch(value) and not FLOAT.fullmatch(value):
            raise BadLineError(f"field {key!r}={value!r}")
        fields[key] = int(value[:-1]) if value.endswith("i") else float(value)
    stamp = line[at + 1 :]
    if not fields or line[at : at + 1] != " " or not re.fullmatch(r"-?\d+", stamp):
        raise BadLineError(f"time {stamp!r} of {line!r}")
    return measurement, tags, fields, int(stamp)


class Stub:
    """Listens on a loopback port. `points` is (measurement, tags, nanoseconds) to fields; `refuses` says why a point is not wanted.

    plans: one for each request to come, else it is taken: a status (int), (status, headers), "hang" (apply, never answer),
    "drop" (apply nothing, hang up), "drop_applied", or "close" (take it, and hang up afterwards without a word before).
    """

    def __init__(self, port=0):
        self.points = {}
        self.writes = 0
        self.requests = []
        self.plans = []
        self.refuses = lambda _point: None
        self.lock = threading.Lock()
        self.answers = {}
        self.most_lines = None
        self._port = port
        self._server = None
        self._sockets = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def start(self):
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                stub._sockets.add(self.request)

            def finish(self):
                stub._sockets.discard(self.request)
                super().finish()

            def do_POST(self):
                stub.handle(self)

            def do_GET(self):
                stub.answer(self, 204, b"")

            def log_message(self, *_words):
                """Silent."""

        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.handle_error = lambda *_: None
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self):
        """Vanish: nobody listens, open connections break."""
        self._server.shutdown()
        self._server.server_close()
        self.hang_up()

    def hang_up(self):
        """Break open connections, go on listening."""
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(2)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    def handle(self, ask):
        body = ask.rfile.read(int(ask.headers["Content-Length"]))
        if ask.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        path = urlsplit(ask.path)
        with self.lock:
            plan = self.plans.pop(0) if self.plans else "take"
            self.requests.append((path.path, parse_qs(path.query), dict(ask.headers), body.count(b"\n"), time.monotonic()))
        if path.path in self.answers:
            return self.answer(ask, 200, self.answers[path.path], {"Content-Type": "application/csv"})
        if plan == "drop":
            return self.cut(ask)
        if isinstance(plan, tuple):
            return self.answer(ask, plan[0], b'{"code":"x","message":"as planned"}', plan[1])
        if isinstance(plan, int):
            return self.answer(ask, plan, b'{"code":"x","message":"as planned"}')
        lines = [line for line in body.decode().split("\n") if line]
        if self.most_lines is not None and len(lines) > self.most_lines:
            return self.answer(ask, 413, b"too large")
        wrong = self.apply(lines)
        if plan == "hang":
            time.sleep(2)
            return self.cut(ask)
        if plan == "drop_applied":
            return self.cut(ask)
        if wrong:
            said = {"code": "invalid", "message": f"partial write: {wrong[0]} dropped={len(wrong)}"}
            return self.answer(ask, 400, json.dumps(said).encode())
        self.answer(ask, 204, b"")
        if plan == "close":
            self.cut(ask)
        return None

    def apply(self, lines):
        """Keep what is wanted; why the others are not."""
        wrong = []
        with self.lock:
            for line in lines:
                measurement, tags, fields, stamp = parse(line)
                key = measurement, frozenset(tags.items()), stamp
                why = self.refuses((measurement, tags, fields, stamp))
                if why:
                    wrong.append(why)
                    continue
                self.writes += 1
                self.points.setdefault(key, {}).update(fields)
        return wrong

    @staticmethod
    def answer(ask, status, body, headers=None):
        with contextlib.suppress(OSError):
            ask.send_response(status)
            for name, value in (headers or {}).items():
                ask.send_header(name, value)
            if status != 204:
                ask.send_header("Content-Length", str(len(body)))
            ask.end_headers()
            if status != 204:
                ask.wfile.write(body)

    @staticmethod
    def cut(ask):
        ask.close_connection = True
        with contextlib.suppress(OSError):
            ask.connection.shutdown(2)
