"""E-mail and chat as the alerts role sends them, through the real apprise, to a mail server and a chat's web hook on this machine."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from sensing.alerts.book import targets
from sensing.alerts.notify import Notifier
from sensing.alerts.role import Alerting
from sensing.export.verdict import Fate
from sensing.settings import Settings
from sensing.times import MINUTE
from tests.e2e.service import eventually, free_port
from tests.house import House, reading
from tests.smtp import mail_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what plug-ins of apprise import is theirs
RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
MAIL = "mailto://wang:pa55word@127.0.0.1:{}/?from=sensing@city.example&to=duty@city.example&mode=insecure"


@contextmanager
def chat(*statuses):
    """A web hook of a chat: yields its port and what it got; answers these first, then 200."""
    got, left = [], list(statuses)

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers["content-type"], body))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port, got
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path / "house")
    found.device("g1", name="南门水位站", area="Xinglin", settings={"thresholds": {"water_level": RIVER}})
    found.send("g1", reading("g1", 1.0, found.now - 60 * MINUTE))
    yield found
    found.close()


@contextmanager
def alerting(house, *alerts):
    """The role's own loop over a house, for as long as this lasts; begins once every target knows where it begins."""
    stop = threading.Event()
    role = Alerting(house.data, Settings(alerts=[{"kind": "apprise", "every_s": 0.05, **each} for each in alerts]), stop)
    thread = threading.Thread(target=role.run)
    thread.start()
    try:
        eventually(lambda: _begun(house, len(alerts)), "each target has a cursor", 30)
        yield
    finally:
        stop.set()
        thread.join(40)
        assert not thread.is_alive()


def _begun(house, number):
    import apsw

    db = apsw.Connection(str(house.data / "alerts.db"), flags=apsw.SQLITE_OPEN_READONLY)
    return db.execute("SELECT count(*) FROM cursors").get == number


def flood(house, *levels):
    house.send("g1", *(reading("g1", level, house.now + (at - 30) * MINUTE) for at, level in enumerate(levels)))


def test_a_flood_reaches_a_mailbox_and_a_chat(house, monkeypatch, capfd):
    """Alert and end, once each and in order: e-mail with both languages line by line after a first no of the server, JSON into the chat after a 503."""
    with mail_server("451 4.3.0 later", user=("wang", "pa55word")) as mail, chat(503) as (port, said):
        monkeypatch.setenv("DUTY_MAIL", MAIL.format(mail.port))
        monkeypatch.setenv("DUTY_CHAT", f"json://bot:t0ken@127.0.0.1:{port}/hooks/duty")
        with alerting(house, {"name": "mail", "url_env": "DUTY_MAIL"}, {"name": "chat", "url_env": "DUTY_CHAT"}):
            flood(house, 1.0, 4.5)
            eventually(lambda: len(mail.got) == 1 and len(said) == 2, "the alert is there", 30)
            flood(house, 1.0, 4.5, 1.0)
            eventually(lambda: len(mail.got) == 2 and len(said) == 3, "its end is there", 30)
            states = eventually(
                lambda: all(each["waiting"] == 0 for each in targets(house.data / "alerts.db")), "nothing waits", 10
            )
        assert states
    (sender, to, alert), (_, _, end) = mail.got
    assert (sender, to, alert["to"]) == ("FROM:<sensing@city.example>", ["duty@city.example"], "duty@city.example")
    assert alert["subject"].startswith("南门水位站（g1，Xinglin）")
    assert alert["subject"] != end["subject"]
    text = alert.get_body(("plain",)).get_content().strip()
    zh, en = text.splitlines()
    assert "4.5 m" in zh
    assert "4.5 m" in en
    assert "南门水位站" in zh
    assert [path for path, _, _ in said] == ["/hooks/duty"] * 3
    bodies = [json.loads(body) for _, _, body in said]
    assert bodies[0] == bodies[1] != bodies[2]
    assert bodies[0]["title"] == alert["subject"]
    assert bodies[0]["message"].splitlines() == [zh, en]
    kept = b"".join(path.read_bytes() for path in house.data.rglob("*") if path.is_file())
    told = capfd.readouterr()
    for secret in ("pa55word", "t0ken"):
        assert secret.encode() not in kept
        assert secret not in told.out + told.err


def test_a_mail_server_that_is_away_gets_it_when_it_is_back(house, monkeypatch):
    """Nobody listens, then a wrong password, then all is well: the message waits, and is sent once."""
    port = free_port()
    monkeypatch.setenv("DUTY_MAIL", MAIL.format(port))
    with alerting(house, {"name": "mail", "url_env": "DUTY_MAIL"}):
        flood(house, 1.0, 4.5)
        eventually(lambda: targets(house.data / "alerts.db")[0]["state"] == "waiting", "it waits", 30)
        with mail_server(user=("wang", "another"), port=port) as mail:
            eventually(lambda: mail.knocked, "a wrong password was said no to", 40)
            mail.user = ("wang", "pa55word")
            eventually(lambda: mail.got, "it was taken", 60)
            eventually(lambda: targets(house.data / "alerts.db")[0]["waiting"] == 0, "it is done", 10)
            assert len(mail.got) == 1


@pytest.mark.parametrize("title", ["水位\r\nBcc: evil@city.example", "水位\nX-Evil: 1\n\nbody", "\x00水位"])
def test_what_a_device_is_called_makes_no_header(title):
    """Line breaks in a title add no recipient and no header; text that looks like a page is text."""
    with mail_server() as mail:
        way = Notifier(f"mailto://127.0.0.1:{mail.port}/?from=sensing@city.example&to=duty@city.example&mode=insecure")
        verdict = way.send(title, "<script>alert(1)</script>\n.\nend")
    for _, to, message in mail.got:
        assert to == ["duty@city.example"]
        assert (message["bcc"], message["x-evil"]) == (None, None)
        assert [part.get_content_type() for part in message.walk()] == ["text/plain"]
        assert message.get_content().splitlines()[:3] == ["<script>alert(1)</script>", ".", "end"]
    assert (verdict.fate is Fate.TAKEN) == bool(mail.got)
