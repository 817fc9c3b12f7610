"""A target of alerts: what it is told of, once and in order, whatever it answers and whenever we fall."""

import json
import sys
import threading
import types

import pytest

from sensing.alerts.book import AlertBook, targets
from sensing.alerts.role import secret, way_to
from sensing.alerts.target import Target
from sensing.errors import ValidationError
from sensing.export.verdict import Fate, Verdict
from sensing.incidents import Place
from sensing.metrics import Metrics
from sensing.telling import Alert
from sensing.times import MINUTE
from tests.house import House, reading

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
TAKEN = Verdict(Fate.TAKEN, 200)


class Line:
    """A target over a house; `answers` is what it says, the last for ever; `got` what it was sent."""

    def __init__(self, house, *answers, **settings):
        self.settings = Alert(name="duty", url="https://hook.example/x", **settings)
        self.answers, self.got, self.house = list(answers) or [TAKEN], [], house
        self.book, self.store = AlertBook(house.data / "alerts.db"), house.reader()
        self.stop = threading.Event()
        self.stop.set()  # waits are over at once
        self.target = self.made()

    def made(self):
        return Target(
            self.settings, self.store, self.way, self.book, lambda device: Place(118.0, 24.5, device, "Xinglin"), self.stop, Metrics(), "+08:00",
        )  # fmt: skip

    def way(self, letter):
        self.got.append((letter.key, letter.body))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def step(self):
        while self.target.gather():
            pass
        for _ in range(20):
            if not self.target.deliver():
                break
        return [json.loads(body)["word"] for _, body in self.got]

    def state(self):
        return targets(self.house.data / "alerts.db")[0]

    def close(self):
        self.book.close()
        self.store.close()


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", area="Xinglin", settings={"thresholds": {"water_level": RIVER}})
    yield found
    found.close()


@pytest.fixture
def line(house):
    made = []

    def make(*answers, **settings):
        made.append(Line(house, *answers, **settings))
        made[-1].step()
        return made[-1]

    yield make
    for each in made:
        each.close()


def water(house, *levels, run="", start=0):
    house.send("g1", *(reading("g1", level, house.now + (start + at - 900) * MINUTE) for at, level in enumerate(levels)), run=run)


def test_it_is_told_from_now_on_of_what_it_wants(house, line):
    """What happened before it was set is not; below its severity it hears nothing."""
    water(house, 1, 3.5, 1)
    duty = line()
    assert duty.got == []
    water(house, 3, start=10)
    assert duty.step() == []
    water(house, 3.5, start=11)
    assert duty.step() == ["alert"]
    water(house, 4.5, 1, start=12)
    assert duty.step() == ["alert", "ended"]
    body = json.loads(duty.got[0][1])
    assert body["headline"]["zh"].startswith("g1（g1，Xinglin）") or body["headline"]["zh"].startswith("g1（")
    assert (body["event"]["device"], body["drill"], body["id"]) == ("g1", False, duty.got[0][0])


def test_a_target_that_is_away_gets_everything_later_in_order_under_the_same_keys(house, line):
    """No answer, 503, 429: nothing is lost, nothing overtakes; what may have arrived is sent again as it was."""
    duty = line(Verdict(Fate.SILENT), Verdict(Fate.LATER, 503), Verdict(Fate.LATER, 429), TAKEN)
    water(house, 3.5, 4.5)
    duty.step()
    water(house, 1, start=2)
    duty.step()
    keys = [key for key, _ in duty.got]
    assert len(set(duty.got[:4])) == 1
    assert [key.rpartition("-")[2] for key in keys] == ["1", "1", "1", "1", "2"]
    assert (duty.state()["sent"], duty.state()["waiting"], duty.state()["dead"]) == (2, 0, 0)


def test_a_refusal_is_a_dead_letter_and_the_line_goes_on(house, line):
    """400, 410, 422: this message, not the target, is at fault. 401, 403, 404 and redirects wait for a person."""
    duty = line(Verdict(Fate.REFUSED, 422, "secret words of the server"), TAKEN)
    water(house, 3.5)
    duty.step()
    water(house, 1, start=1)
    duty.step()
    assert (duty.state()["dead"], duty.state()["sent"]) == (1, 1)
    for verdict in (
        Verdict(Fate.BARRED, 401),
        Verdict(Fate.BARRED, 403),
        Verdict(Fate.LOST, 404),
        Verdict(Fate.LOST, 302),
        Verdict(Fate.LOST),
    ):
        duty.answers = [verdict]
        water(house, 3.5, 1, start=10 + verdict.status)
        duty.step()
        assert duty.state()["state"] == "paused: needs a person"
    assert duty.state()["dead"] == 1
    duty.answers = [Verdict(Fate.LOST, 410)]
    duty.step()
    assert duty.state()["dead"] > 1


def test_drills_stay_at_home_unless_they_are_asked_for(house, line):
    """P6: and then they say so first."""
    duty = line()
    water(house, 4.5, run="typhoon")
    assert duty.step() == []
    loud = line(simulated=True)
    loud.settings = loud.settings.model_copy(update={"name": "loud"})
    loud.target = loud.made()
    loud.step()
    water(house, 1, 4.5, run="typhoon", start=5)
    loud.step()
    bodies = [json.loads(body) for _, body in loud.got]
    assert bodies
    assert all(
        body["drill"] and body["headline"]["zh"].startswith("【演练 DRILL】") and body["headline"]["en"].startswith("DRILL")
        for body in bodies
    )


def test_quiet_time_holds_repeats_back_but_not_what_is_worse(house, line):
    """A gauge that goes up and down each five minutes is one alert, until it rises further."""
    duty = line(quiet_min=60)
    water(house, 3.5, 1, 3.5, 1, 3.5, 1)
    assert duty.step() == ["alert", "ended"]
    water(house, 4.5, start=10)
    assert duty.step() == ["alert", "ended", "alert"]
    water(house, 1, 3.5, start=100)
    assert duty.step()[-2:] == ["ended", "alert"]


@pytest.mark.parametrize("wanted", [{"domains": ["safety"]}, {"kinds": ["gale"]}, {"areas": ["Haicang"]}, {"severity": "danger"}])
def test_what_is_not_asked_for_is_not_told(house, line, wanted):
    """Domain, kind, area, severity; and with what fits, it is."""
    duty = line(**wanted)
    water(house, 3.5)
    assert duty.step() == []


def test_areas_and_kinds_that_fit_are_told(house, line):
    """An area holds those within it."""
    duty = line(kinds=["water_*"], areas=["Xing", "Xinglin"])
    water(house, 3.5)
    assert duty.step() == ["alert"]


def test_a_fall_between_reading_and_writing_tells_nothing_twice(house, line, monkeypatch):
    """Messages and cursor are one transaction."""
    duty = line()
    water(house, 3.5)
    real = duty.target._threads.move
    monkeypatch.setattr(duty.target._threads, "move", lambda _changed: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        duty.target.gather()
    assert duty.book.first("duty") is None
    monkeypatch.setattr(duty.target._threads, "move", real)
    assert duty.step() == ["alert"]
    duty.target = duty.made()
    assert duty.step() == ["alert"]


def test_settings_that_would_leak_or_lead_nowhere_are_refused():
    """A URL in clear for apprise, users in a URL, two URLs, none."""
    for wrong in (
        {"kind": "apprise", "url": "mailto://a:b@c"},
        {"url": "https://u:p@x"},
        {"url": "https://x", "url_env": "X"},
        {},
    ):
        with pytest.raises(ValueError, match="duty"):
            Alert(name="duty", **wrong)


def test_secrets_come_from_files_of_mode_0600_or_the_environment(tmp_path, monkeypatch):
    """An error names the place and never what it holds."""
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o644)
    with pytest.raises(ValidationError, match="open to others") as refused:
        secret("", path, "alerts.duty: secret")
    assert "s3cret" not in str(refused.value)
    path.chmod(0o600)
    assert secret("", path, "x") == "s3cret"
    with pytest.raises(ValidationError, match="SENSING_NONE"):
        secret("SENSING_NONE", None, "x")
    assert secret("", None, "x") == ""


class Chat:
    """Stands for `apprise.Apprise`, which takes seconds to load: knows chat:// and says no once."""

    def __init__(self):
        self.said = []

    def add(self, url):
        return url.startswith("chat://")

    def notify(self, title, body, body_format):
        assert body_format == "text"
        self.said.append((title, body))
        if len(self.said) == 2:
            raise RuntimeError("chat://user:pa55@host is away")
        return len(self.said) > 2


def test_chat_goes_through_apprise_and_its_url_stays_secret(monkeypatch):
    """The title and text of both languages; a service that says no, or fails, is asked again; no URL is ever repeated."""
    chat = Chat()
    monkeypatch.setitem(sys.modules, "apprise", types.SimpleNamespace(Apprise=lambda: chat))
    monkeypatch.setenv("DUTY_URL", "chat://user:pa55@host")
    way = way_to(Alert(name="duty", kind="apprise", url_env="DUTY_URL"))
    letter = types.SimpleNamespace(title="标题 title", text="正文\ntext")
    verdicts = [way(letter) for _ in range(3)]
    assert [each.fate for each in verdicts] == [Fate.SILENT, Fate.SILENT, Fate.TAKEN]
    assert "pa55" not in str(verdicts)
    assert chat.said[0] == ("标题 title", "正文\ntext")
    monkeypatch.setenv("DUTY_URL", "nothing-like-it://pa55")
    with pytest.raises(ValidationError) as refused:
        way_to(Alert(name="duty", kind="apprise", url_env="DUTY_URL"))
    assert "pa55" not in str(refused.value)


def test_without_apprise_the_error_says_what_to_install(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("DUTY_URL", "json://x")
    with pytest.raises(ValidationError) as refused:
        way_to(Alert(name="duty", kind="apprise", url_env="DUTY_URL"))
    assert "notify" in refused.value.hint
