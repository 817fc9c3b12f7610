"""Stands between the export role and VictoriaMetrics and refuses some points, as a server with opinions would.

Transparent in all else: one connection beyond for each connection here, and when that one breaks, so does this one.
"""

import contextlib
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One connection here, and its own beyond."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.beyond = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        lines = body.split(b"\n")
        wanted = [line for line in lines if not self.server.refused(line)]
        status, answer = self.pass_on("POST", b"\n".join(wanted))
        if status is not None and len(wanted) < len(lines):
            status = 400
            answer = json.dumps({"message": f"partial write: not wanted here dropped={len(lines) - len(wanted)}"}).encode()
        self.reply(status, answer)

    def do_GET(self):
        self.reply(*self.pass_on("GET", None))

    def pass_on(self, method, body):
        """(status, body) from beyond; None when that connection broke."""
        try:
            if self.beyond is None:
                self.beyond = http.client.HTTPConnection("127.0.0.1", self.server.port_beyond, timeout=30)
                self.beyond.connect()
                self.beyond.auto_open = 0
            self.beyond.request(method, self.path, body)
            answer = self.beyond.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None, b""

    def reply(self, status, body):
        with contextlib.suppress(OSError):
            if status is None:
                self.close_connection = True
                self.connection.shutdown(2)
                return
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status != 204:
                self.wfile.write(body)

    def finish(self):
        if self.beyond is not None:
            self.beyond.close()
        super().finish()

    def log_message(self, *_words):
        """Silent."""


class Gate(ThreadingHTTPServer):
    """`refused` says of a line whether it is not wanted; the wanted lines of a request go on, the others are named in a 400."""

    daemon_threads = True

    def __init__(self, port_beyond, refused):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port_beyond = port_beyond
        self.refused = refused
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_about):
        """A broken connection is what this is for."""

    def close(self):
        self.shutdown()
        self.server_close()
