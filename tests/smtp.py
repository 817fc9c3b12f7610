"""A mail server as small as RFC 5321 allows, on a loopback port, in a thread: it takes what it is given, or says what it is told to say."""

import base64
import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy


class Session(socketserver.StreamRequestHandler):
    """One client. `server.refusals`: answers to RCPT before one is taken; `server.user`: who may, None for anybody."""

    timeout = 10

    def handle(self):
        self._say("220 mail.city.example ESMTP")
        known, sender, to = self.server.user is None, "", []
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            word = word.upper()
            if word == "EHLO":
                self._say("250-mail.city.example", "250-8BITMIME", "250 AUTH PLAIN")
            elif word == "AUTH":
                known = self._knows(rest)
                self.server.knocked += not known
                self._say("235 2.7.0 welcome" if known else "535 5.7.8 wrong")
            elif word == "MAIL":
                sender = rest
                self._say("250 ok" if known else "530 5.7.0 who are you")
            elif word == "RCPT":
                answer = self.server.refusals.pop(0) if self.server.refusals else "250 ok"
                to += [rest.partition(":")[2].strip("<> ")] if answer.startswith("250") else []
                self._say(answer)
            elif word == "DATA":
                self._say("354 go on")
                self.server.got.append((sender, to, message_from_bytes(self._message(), policy=policy.default)))
                to = []
                self._say("250 taken")
            else:
                self._say("221 bye" if word == "QUIT" else "250 ok")
                if word == "QUIT":
                    return

    def _knows(self, rest):
        """AUTH PLAIN with its answer at once, or after a prompt (RFC 4954)."""
        kind, _, text = rest.partition(" ")
        assert kind.upper() == "PLAIN"
        if not text:
            self._say("334 ")
            text = self.rfile.readline().decode().strip()
        return base64.b64decode(text).decode().split("\0")[1:] == list(self.server.user or ())

    def _message(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _say(self, *lines):
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_server(*refusals, user=None, port=0):
    """Yields the server: `got` is [(MAIL argument, recipients, message)], `knocked` how many said a wrong password, `port` where it listens."""
    with Server(("127.0.0.1", port), Session) as server:
        server.got, server.refusals, server.user, server.knocked = [], list(refusals), user, 0
        server.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
