"""Named fakes of the ports: small, honest, in memory."""

import threading

from sensing.framelog import PARTITIONS
from sensing.model import Grant
from sensing.mqtt import packets
from sensing.mqtt.admission import Admission
from sensing.mqtt.dialogue import Dialogue
from sensing.mqtt.limits import Buckets
from sensing.mqtt.session import Sessions
from sensing.mqtt.wire import Decoder, encode
from sensing.settings import Mqtt


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
        self.certificates = set()
        self.expires = {}

    def version(self):
        return self.changes

    def authenticate(self, username, password):
        if password != f"secret-{username}".encode() or username in self.revoked:
            return None
        origin, run = self.runs.get(username, ("live", ""))
        return Grant(username, f"credential-{username}", origin, run, self.expires.get(username))

    def recognise(self, username, fingerprint):
        if (username, fingerprint) not in self.certificates or username in self.revoked:
            return None
        return Grant(username, f"certificate-{username}")

    def still_valid(self, grant):
        return grant.principal not in self.revoked

    def revoke(self, principal):
        self.revoked.add(principal)
        self.changes += 1


class HandCommitter:
    """A committer that commits when the test says so."""

    def __init__(self):
        self.free = 10_000
        self.drills = True
        self.waiting = []
        self.frames = []

    def room(self, *, live=True):
        if not live and not self.drills:
            return 0
        return max(0, self.free - sum(len(frames) for frames, _, _ in self.waiting))

    def submit_many(self, frames, size, on_durable):
        self.waiting.append((frames, size, on_durable))

    def commit(self):
        groups, self.waiting = self.waiting, []
        for frames, _, on_durable in groups:
            self.frames += frames
            on_durable(len(self.frames))


class HandDesk:
    """A door without sockets and timers: the test moves `now`, calls `commit`, and reads what was asked."""

    def __init__(self, **settings):
        self.settings = Mqtt(**settings)
        self.committer = HandCommitter()
        self.gatekeeper = FakeGatekeeper()
        self.sessions = Sessions(100)
        self.buckets = Buckets(self.settings.max_rate, self.settings.max_burst)
        self.admission = Admission(self.settings, self.gatekeeper, frozenset({"plainjson", "sl651", "command"}), [])
        self.now = 100.0
        self.left = []
        self.refused = []
        self.waiting = []
        self._answered = []

    def clock(self):
        return self.now, 1_790_000_000_000_000

    def enter(self, dialogue, connect):
        dialogue.terms = self.admission.terms(connect)
        session, present = self.sessions.open(dialogue.terms.key, clean=connect.clean)
        session.expiry_s = dialogue.terms.expiry_s
        return session, present, self.buckets.of(dialogue.terms.grant.principal, self.now)

    def leave(self, dialogue, *, with_will):
        self.left.append(with_will)
        self.sessions.leave(dialogue.session, self.now)

    def refuse(self, principal, reason, topic):
        self.refused.append((principal, reason, topic))

    def answered(self, dialogue):
        self._answered.append(dialogue)

    def wait(self, dialogue, delay_s):
        self.waiting.append((dialogue, delay_s))

    def commit(self):
        self.committer.commit()
        answered, self._answered = self._answered, []
        for dialogue in answered:
            dialogue.flush()
        waiting, self.waiting = self.waiting, []
        for dialogue, _delay in waiting:
            dialogue.proceed()


class HandLine:
    """The socket's side: what was written, as packets; whether it is read and open."""

    def __init__(self, version):
        self.reading = True
        self.closed = False
        self.writes = 0
        self._decoder = Decoder(version=version)
        self._packets = []

    def write(self, data):
        self.writes += 1
        self._packets += self._decoder.feed(data)

    def close(self):
        self.closed = True

    def read_more(self, wanted):
        self.reading = wanted

    def said(self):
        """What was written since the last time."""
        packets, self._packets = self._packets, []
        return packets


class Caller:
    """A client at a HandDesk: says packets, reads answers."""

    def __init__(self, desk, principal="p1", version=4, **connect):
        self.version = version
        self.line = HandLine(version)
        self.dialogue = Dialogue(desk, self.line)
        connect = {
            "client_id": f"client-{principal}",
            "username": principal,
            "password": f"secret-{principal}".encode(),
            **connect,
        }
        self.say(packets.Connect(version=version, **connect))

    def say(self, *said):
        self.dialogue.receive(b"".join(one if isinstance(one, bytes) else encode(one, self.version) for one in said))

    def heard(self):
        return self.line.said()

    def code(self):
        """The code of CONNACK, which is all that was heard."""
        (connack,) = self.heard()
        return connack.code


def up(pid, qos=1, principal="p1", payload=b"{}", **more):
    """A publish to a principal's own topic."""
    return packets.Publish(f"sensing/v1/plainjson/{principal}/up", payload, qos, pid if qos else 0, **more)
