"""Where a webhook may not go: every address that is not the public's, whatever it is written as, and nowhere else than where it was checked."""

import hmac
import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from sensing.alerts.guard import ForbiddenTargetError, Target, parsed, resolved
from sensing.alerts.webhook import Webhook, signature
from sensing.export.verdict import Fate


def answers(*addresses):
    return lambda host, port, **_: [(0, 0, 0, "", (each, port)) for each in addresses]


FORBIDDEN = [
    "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "169.254.1.1", "100.64.0.9", "100.100.100.200", "0.0.0.0",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "192.0.2.1", "198.18.0.1", "fe80::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_that_are_nobodys_business_are_refused(address):
    """Alone, and hidden behind a public one."""
    for found in (answers(address), answers("93.184.216.34", address)):
        with pytest.raises(ForbiddenTargetError):
            resolved(parsed("https://hook.example/x", loopback=False), loopback=False, private=False, look=found)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0"]
)
def test_metadata_and_link_local_are_refused_whatever_is_allowed(address):
    """private and loopback open neither."""
    with pytest.raises(ForbiddenTargetError):
        resolved(parsed("https://hook.example/x", loopback=True), loopback=True, private=True, look=answers(address))


def test_public_addresses_are_taken_and_private_ones_when_allowed():
    """The address that was judged is the one to connect to."""
    target = parsed("https://hook.example:8443/a?b=c", loopback=False)
    assert resolved(target, loopback=False, private=False, look=answers("93.184.216.34")) == Target(
        "https", "hook.example", 8443, "/a?b=c", "93.184.216.34")  # fmt: skip
    assert resolved(target, loopback=False, private=True, look=answers("10.1.2.3")).address == "10.1.2.3"
    assert resolved(target, loopback=False, private=False, look=answers("2606:4700::1111")).address == "2606:4700::1111"


@pytest.mark.parametrize("url", ["http://hook.example/", "ftp://x/", "https://u:p@x/", "https:///x", "file:///etc/passwd", "https://x:99999/",
                                 "https://x/a b", "https://x/\r\nHost: y", "gopher://x", "//x", ""])  # fmt: skip
def test_urls_that_are_refused_do_not_appear_in_the_error(url):
    """Plain http, other schemes, users, ports that are none, signs that split a request."""
    with pytest.raises(ForbiddenTargetError) as refused:
        parsed(url, loopback=False)
    assert not url or url not in str(refused.value)


def test_plain_http_is_for_this_machine_alone():
    """A name that leads elsewhere is refused though loopback is allowed."""
    target = parsed("http://localhost:1/", loopback=True)
    assert resolved(target, loopback=True, private=False, look=answers("127.0.0.1")).address == "127.0.0.1"
    with pytest.raises(ForbiddenTargetError, match="https"):
        resolved(target, loopback=True, private=False, look=answers("93.184.216.34"))


@contextmanager
def listening(*statuses):
    """A server that answers these, the last for ever; yields its URL and what it got."""
    got, left = [], list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, dict(self.headers), body))
            status, headers = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_post_is_signed_and_has_its_key():
    """Whoever has the secret can tell that it is ours, and unchanged."""
    with listening((200, {})) as (url, got):
        verdict = Webhook(url, b"s3cret", loopback=True).send("t:a-1", b'{"x":1}', drill=True)
    (path, headers, body) = got[0]
    assert (verdict.fate, path, json.loads(body)) == (Fate.TAKEN, "/hook", {"x": 1})
    assert (headers["Idempotency-Key"], headers["X-Sensing-Drill"]) == ("t:a-1", "1")
    at = int(headers["X-Sensing-Signature"].partition(",")[0].removeprefix("t="))
    assert headers["X-Sensing-Signature"] == signature(b"s3cret", "t:a-1", body, at)
    assert headers["X-Sensing-Signature"].endswith(hmac.new(b"s3cret", f"{at}.t:a-1.".encode() + body, "sha256").hexdigest())


def test_a_redirect_is_not_followed():
    """Nobody is sent elsewhere with our message."""
    with listening((200, {})) as (inner, got), listening((302, {"Location": inner})) as (url, _):
        assert Webhook(url, b"", loopback=True).send("k", b"{}", drill=False).fate is Fate.LOST
    assert got == []


def test_the_connection_goes_to_the_address_that_was_checked():
    """The name is not looked up a second time: a name that means nothing here is reached by its address."""
    with listening((200, {})) as (url, got):
        port = int(url.rpartition(":")[2].partition("/")[0])
        hook = Webhook(f"http://rebind.invalid:{port}/x", b"", loopback=True, resolve=lambda target: Target(
            target.scheme, target.host, target.port, target.path, "127.0.0.1"))  # fmt: skip
        assert hook.send("k", b"{}", drill=False).fate is Fate.TAKEN
    assert got[0][1]["Host"] == f"rebind.invalid:{port}"


def test_what_is_forbidden_needs_a_person_and_what_is_silent_is_asked_again():
    """Two different verdicts."""
    assert Webhook("http://127.0.0.1:9/", b"").send("k", b"{}", drill=False).fate is Fate.LOST
    assert Webhook("https://127.0.0.1:9/", b"").send("k", b"{}", drill=False).fate is Fate.LOST
    assert Webhook("http://127.0.0.1:9/", b"", loopback=True, timeout_s=0.5).send("k", b"{}", drill=False).fate is Fate.SILENT
