"""The sender, a process of its own: blocks of packets made before the clock starts, raw sockets, and counting of PUBACK bytes.

    python -m tests.bench.load < spec.json > result.json

spec: {port, passwords: {name: password}, form, connections, mode, watch: {name: pid}} and, by mode,
    saturate   window, warm_s, seconds      acknowledged in `seconds` after `warm_s`, `window` unacknowledged a connection
    count      window, count                that many, each with a device time of its own
    paced      rate, seconds                open loop: each has an instant at which it is due, which is also its device time (form "fleet": of most)
result: {acked, seconds, began (monotonic), cpu: {name: seconds, the loader's own too}}; saturate: ever, all acknowledgements; paced: start_s,
the instant of the first, and the latencies p50_ms p95_ms p99_ms max_ms, from when a message was due to its PUBACK.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
from typing import Any

from sensing.mqtt.limits import open_files
from tests.bench import fleet, host, messages
from tests.faults.load import connect

_PUBACK = 4
_SETTLE_S = 0.5


class Line:
    """One connection. allow: messages that may be out by now; acked: acknowledged; a block repeats for as long as is asked."""

    __slots__ = ("_length", "_recv", "_rest", "_send", "_sent", "acked", "allow", "size", "sock", "view")

    def __init__(self, port: int, name: str, password: str, block: bytes, size: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(connect(f"bench-{name}", name, password))
        answer = self.sock.recv(4, socket.MSG_WAITALL)
        assert answer[::3] == b"\x20\x00", f"CONNACK {answer.hex()}"
        self.sock.setblocking(False)
        self.view, self.size, self._length = memoryview(block), size, len(block)
        self._send, self._recv = self.sock.send, self.sock.recv
        self.acked = self.allow = self._sent = self._rest = 0

    def push(self) -> None:
        """Send what is allowed, as far as the socket takes it; the next acknowledgement tries again."""
        allowed = self.allow * self.size
        while self._sent < allowed:
            at = self._sent % self._length
            try:
                self._sent += self._send(self.view[at : min(at + allowed - self._sent, self._length)])
            except BlockingIOError:
                return

    def answered(self) -> int:
        """Read acknowledgements; how many whole ones came."""
        data = self._recv(65_536)
        if not data:
            raise ConnectionError("the other side hung up")
        assert self._rest or data[0] == 0x40, f"not a PUBACK: {data[:8].hex()}"
        came, self._rest = divmod(self._rest + len(data), _PUBACK)
        self.acked += came
        return came


def paced_ms(start_s: float, rate: float, total: int, connections: int) -> list[list[int]]:
    """When each connection's messages are due, ms since the epoch: the connections in turn."""
    gap = 1000 / rate
    return [[int(start_s * 1000 + k * gap) for k in range(n, total, connections)] for n in range(connections)]


class Load:
    """All connections, and the clock over them."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        number = spec["connections"]
        open_files(number + 64)
        self.start_s = 0.0
        times = self._times(number)
        self.lines = []
        for n in range(number):
            block, size = fleet.packets(n, times[n]) if spec["form"] == "fleet" else messages.packets(spec["form"], n, times[n])
            name = messages.principal(n)
            self.lines.append(Line(spec["port"], name, spec["passwords"].get(name, ""), block, size))
        self._poll = select.epoll()
        self._by_fd = {line.sock.fileno(): line for line in self.lines}
        for descriptor in self._by_fd:
            self._poll.register(descriptor, select.EPOLLIN)
        gc.collect()
        gc.disable()

    def _times(self, number: int) -> list[Any]:
        """Device times, ms, of each connection's messages."""
        spec, step, first = self.spec, messages.STEP_MS.get(self.spec["form"], fleet.STEP_MS), messages.START_MS
        if spec["mode"] == "saturate":
            return [range(first, first + step * max(2 * spec["window"], 20), step)] * number
        if spec["mode"] == "count":
            share = [spec["count"] // number + (n < spec["count"] % number) for n in range(number)]
            return [range(first, first + step * max(1, many), step) for many in share]
        total = int(spec["rate"] * spec["seconds"])
        self.start_s = float(int(time.time() + 1.0 + total * 5e-6))
        return paced_ms(self.start_s, spec["rate"], total, number)

    def run(self) -> dict[str, Any]:
        """Send as the spec says."""
        modes = {"saturate": self._saturate, "count": self._count, "paced": self._paced}
        return modes[self.spec["mode"]]()

    def _turn(self, window: int, most: int | None, until: float) -> None:
        """Keep `window` unacknowledged on each line until an instant, or until all are acknowledged."""
        left = sum(line.acked < most for line in self.lines) if most is not None else 1
        for line in self.lines:
            line.allow = line.acked + window if most is None else min(line.acked + window, most)
            line.push()
        by_fd, poll = self._by_fd, self._poll.poll
        while left and time.monotonic() < until:
            for descriptor, _ in poll(0.05):
                line = by_fd[descriptor]
                line.answered()
                line.allow = line.acked + window
                if most is not None and line.allow > most:
                    line.allow = most
                    left -= line.acked == most
                line.push()

    def _used(self) -> dict[str, float]:
        return {name: host.cpu_s(pid) for name, pid in self.spec.get("watch", {}).items()} | {"loader": time.process_time()}

    def _result(self, began: float, acked: int, used: dict[str, float], **more: Any) -> dict[str, Any]:
        seconds = time.monotonic() - began
        cpu = {name: round(after - used[name], 3) for name, after in self._used().items()}
        return {"acked": acked, "seconds": seconds, "began": began, "cpu": cpu, **more}

    def _saturate(self) -> dict[str, Any]:
        window = self.spec["window"]
        self._turn(window, None, time.monotonic() + self.spec["warm_s"])
        before, used, began = self._acked(), self._used(), time.monotonic()
        self._turn(window, None, began + self.spec["seconds"])
        result = self._result(began, self._acked() - before, used)
        time.sleep(_SETTLE_S)  # nobody hangs up in the middle of a commit: the next case meets an idle disk
        return result | {"ever": self._acked()}

    def _count(self) -> dict[str, Any]:
        number, count = self.spec["connections"], self.spec["count"]
        assert count % number == 0, "the same number for each connection"
        used, began = self._used(), time.monotonic()
        self._turn(self.spec["window"], count // number, began + 300)
        return self._result(began, self._acked(), used)

    def _paced(self) -> dict[str, Any]:
        rate, lines, late = self.spec["rate"], self.lines, list[float]()
        number, total = len(lines), int(rate * self.spec["seconds"])
        began = time.monotonic() + self.start_s - time.time()
        order = {line.sock.fileno(): n for n, line in enumerate(lines)}
        acked = sent = 0
        time.sleep(max(0.0, began - time.monotonic()))
        used = self._used()
        while acked < total and time.monotonic() < began + self.spec["seconds"] + 30:
            due = min(total, int((time.monotonic() - began) * rate) + 1)
            for index in range(sent, due):
                line = lines[index % number]
                line.allow += 1
                line.push()
            sent = max(sent, due)
            for descriptor, _ in self._poll.poll(0.001):
                line, n = self._by_fd[descriptor], order[descriptor]
                first = line.acked
                came, now = line.answered(), time.monotonic() - began
                late += [now - (k * number + n) / rate for k in range(first, first + came)]
                acked += came
                line.push()
        return self._result(began, acked, used, start_s=self.start_s, **host.spread(late))

    def _acked(self) -> int:
        return sum(line.acked for line in self.lines)


def main() -> None:
    json.dump(Load(json.load(sys.stdin)).run(), sys.stdout)


if __name__ == "__main__":
    main()
