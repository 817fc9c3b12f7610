"""`sensing watch` in a real terminal: the demo's city on the screen, a key that leaves, and plain words where there is no terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading

import pytest

from tests.e2e.service import Sensing, eventually

pytestmark = pytest.mark.slow
COLUMNS, LINES = 150, 40


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command, *words):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        line = [sys.executable, "-m", "sensing", *words]
        environ = command.environ | {"TERM": "xterm-256color", "SENSING_LANG": "zh"}
        self.process = subprocess.Popen(line, env=environ, cwd=command.data.parent, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self._ours, self.seen = ours, b""
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self):
        while True:
            try:
                self.seen += os.read(self._ours, 65_536)
            except OSError:
                return

    def press(self, keys):
        os.write(self._ours, keys.encode())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reading.join(5)
        os.close(self._ours)


@pytest.fixture(scope="module")
def sensing(tmp_path_factory):
    command = Sensing(tmp_path_factory.mktemp("watch") / "data")
    try:
        yield command
    finally:
        command.down_if_up()


def test_what_cannot_be_watched_is_said_in_plain_words(sensing):
    """Without a service it ends with 5, without a terminal with 2; neither leaves a screen of controls behind."""
    sensing.say("watch", code=2)
    terminal = Terminal(sensing, "watch")
    try:
        assert terminal.process.wait(60) == 5
        eventually(lambda: b"sensing up" in terminal.seen, "the hint")
    finally:
        terminal.close()


def test_the_city_is_on_the_screen_and_q_leaves(sensing):
    """The drill's banner, a device and a balanced ledger appear; the other language at a key; `q` ends with 0."""
    sensing.up("--demo")
    terminal = Terminal(sensing, "watch")
    try:
        for words in ("演练数据", "收支平衡", "水位站"):
            eventually(lambda words=words: words.encode() in terminal.seen, words, 60)
        terminal.press("l")
        eventually(lambda: b"ledger balanced" in terminal.seen, "English", 60)
        terminal.press("q")
        assert terminal.process.wait(30) == 0
    finally:
        terminal.close()
