"""Targets of webhooks that mean harm: they send us elsewhere, answer for ever, answer a byte at a time, or change their address between two looks."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from sensing.alerts.guard import forbidden, parsed, resolved
from sensing.alerts.webhook import Webhook
from sensing.export.verdict import Fate, retry_after

PATIENCE_S = 0.2
OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def speaking(talk):
    """A server whose connections are `talk(socket)`, once the head of the request is in; yields its URL and how many bytes it got rid of."""
    listening = socket.create_server(("127.0.0.1", 0))
    sent = [0]

    def serve():
        with suppress(OSError):
            while True:
                one, _ = listening.accept()
                with one, suppress(OSError):
                    one.recv(65_536)
                    for piece in talk():
                        one.sendall(piece)
                        sent[0] += len(piece)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", sent
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        assert not thread.is_alive()


def sent_to(url):
    """The verdict, and the seconds that it took."""
    began = time.monotonic()
    verdict = Webhook(url, b"", loopback=True, timeout_s=PATIENCE_S).send("k", b"{}", drill=False)
    return verdict, time.monotonic() - began


def drip(*pieces):
    """Bytes that come slower than nothing, and for ever: each of them within the patience for one."""

    def talk():
        yield from pieces
        while True:
            time.sleep(PATIENCE_S / 4)
            yield b"x"

    return talk


def for_ever(head, piece):
    def talk():
        yield head
        while True:
            yield piece

    return talk


@pytest.mark.parametrize("pieces", [(), (b"HTTP/1.1 2",), (OK, b"X-Slow: "), (b"HTTP/1.1 100 Continue\r\n",)])
def test_an_answer_that_comes_byte_by_byte_is_given_up(pieces):
    """Each byte is in time and there is always another: three times the patience, then it is no answer, and is asked again."""
    with speaking(drip(*pieces)) as (url, _):
        verdict, took_s = sent_to(url)
    assert verdict.fate is Fate.SILENT
    assert took_s < 20 * PATIENCE_S


def test_continue_for_ever_is_no_answer():
    """`100 Continue` may come before an answer, but not without end."""
    with speaking(for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as (url, _):
        verdict, took_s = sent_to(url)
    assert verdict.fate is Fate.SILENT
    assert took_s < 20 * PATIENCE_S


@pytest.mark.parametrize("head", [b"\r\n", b"Content-Length: 99999999999\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
                                  b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n"])  # fmt: skip
def test_a_body_without_end_is_not_read(head):
    """The status is the answer: it counts at once, and what follows is left in the network."""
    with speaking(for_ever(OK + head, bytes(65_536))) as (url, got):
        verdict, took_s = sent_to(url)
    assert (verdict.fate, verdict.status) == (Fate.TAKEN, 200)
    assert took_s < 20 * PATIENCE_S
    assert got[0] < 64 << 20


@pytest.mark.parametrize("head", [OK + b"X: " + b"y" * 70_000, OK + b"".join(b"X%d: y\r\n" % number for number in range(200)), b"\x16\x03\x01\x02",
                                  b"HTTP/9.9 huh\r\n\r\n", b"\r\n" * 100])  # fmt: skip
def test_what_is_no_http_is_no_answer(head):
    """Lines and headers beyond all bounds, TLS where none was asked for, nonsense."""
    with speaking(lambda: iter((head,))) as (url, _):
        assert sent_to(url)[0].fate is Fate.SILENT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    """To this machine or anywhere else: it waits for a person, and nobody connects to where it points."""
    inner = socket.create_server(("127.0.0.1", 0))
    inner.settimeout(0.05)
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{inner.getsockname()[1]}/\r\n\r\n".encode()
    with inner, speaking(lambda: iter((answer,))) as (url, _):
        assert sent_to(url)[0].fate is Fate.LOST
        with pytest.raises(TimeoutError):
            inner.accept()


def test_a_name_that_answers_otherwise_the_second_time_reaches_nothing(monkeypatch):
    """DNS rebinding: what was judged is what is connected to; and the next message judges anew."""
    turns, reached = iter(["93.184.216.34", "127.0.0.1", "::ffff:127.0.0.1", "93.184.216.34"]), []

    def look(host, port, **_):
        return [(0, 0, 0, "", (next(turns), port))]

    def connect(address, _timeout):
        reached.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    hook = Webhook("https://rebind.example/x", b"", resolve=lambda to: resolved(to, loopback=False, private=False, look=look))
    fates = [hook.send("k", b"{}", drill=False).fate for _ in range(4)]
    assert fates == [Fate.SILENT, Fate.LOST, Fate.LOST, Fate.SILENT]
    assert reached == [("93.184.216.34", 443)] * 2


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
                                  "localhost", "[2002:7f00:1::]", "0", "[::]"])  # fmt: skip
def test_this_machine_is_this_machine_however_it_is_written(host):
    """Decimal, hexadecimal, octal, short, mapped, translated: the system's own look-up decides what a name is, and that is judged."""
    assert Webhook(f"https://{host}:9/", b"").send("k", b"{}", drill=False).fate in (Fate.LOST, Fate.SILENT)
    try:
        rows = socket.getaddrinfo(host.strip("[]"), 9, type=socket.SOCK_STREAM)
    except OSError:
        return  # to this system it is no address at all
    with pytest.raises(Exception, match=r"machine|reserved"):
        resolved(parsed(f"https://{host}/", loopback=False), loopback=False, private=False, look=lambda *_a, **_k: rows)


@pytest.mark.parametrize(
    "address", ["168.63.129.16", "fd20:ce::254", "fd00:ec2::23", "fec0::1", "192.88.99.1", "192.0.0.8", "3fff::1"]
)
def test_addresses_that_look_like_the_publics_and_are_not(address):
    """Keys of clouds behind a public or private address, site-local and relays: refused with everything allowed."""
    from ipaddress import ip_address

    assert forbidden(ip_address(address), loopback=True, private=True) is not None


def test_a_wait_that_is_asked_for_is_cut_and_never_an_error():
    """A number of digits that are none, dates beyond the calendar, a thousand years."""
    assert retry_after({"Retry-After": "9" * 400}) == 600.0
    for text in ("\xb2", "\u0663", "-1", "nan", "1e9", "Mon, 01 Jan 99999 00:00:00 GMT", "Mon, 01 Jan 2030 00:00:00 +99999999"):
        assert (retry_after({"Retry-After": text}) or 0.0) <= 600.0
