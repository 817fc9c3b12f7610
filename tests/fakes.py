"""Named fakes of the ports: small, honest, in memory."""

import threading

from sensing.framelog import PARTITIONS
from sensing.model import Grant


class MemoryLog:
    """A Log that a power cut would empty. `error` is raised by append while it is set; `gate` holds append back while cleared."""

    def __init__(self):
        self.frames = []
        self.commits = []
        self.error = None
        self.gate = threading.Event()
        self.gate.set()

    def append(self, frames):
        self.gate.wait(30)
        if self.error is not None:
            raise self.error
        for frame in frames:
            self.frames.append(frame)
            frame.place = len(self.frames)
        self.commits.append(len(frames))
        return len(self.frames)

    def read(self, after, limit, partitions=PARTITIONS):
        return self.frames[after : after + limit]

    def get(self, place):
        return self.frames[place - 1] if 0 < place <= len(self.frames) else None

    def head(self):
        return len(self.frames)

    def tail(self):
        return 1

    def prune(self, before, limit):
        return 0

    def close(self):
        pass


class FakeGatekeeper:
    """Lets in who says `secret-<username>`, under `runs`' origin and run; `revoke` takes it back."""

    def __init__(self):
        self.changes = 0
        self.revoked = set()
        self.runs = {}
        self.expires = {}

    def version(self):
        return self.changes

    def authenticate(self, username, password):
        if password != f"secret-{username}".encode() or username in self.revoked:
            return None
        origin, run = self.runs.get(username, ("live", ""))
        return Grant(username, f"credential-{username}", origin, run, self.expires.get(username))

    def still_valid(self, grant):
        return grant.principal not in self.revoked

    def revoke(self, principal):
        self.revoked.add(principal)
        self.changes += 1
