"""CAP 1.2: what we write is what the standard says, and what somebody else's reader reads."""

import warnings
import xml.etree.ElementTree as ET

import pytest

from sensing.alerts import cap, kinds
from sensing.alerts.tell import Message, Word
from sensing.errors import ValidationError
from sensing.events import CLOSED, OPEN, Step
from sensing.incidents import Place
from sensing.store.events import Event
from sensing.times import HOUR, MINUTE, parse_instant
from tests.cap_rules import NS, faults

NOW = parse_instant("2026-11-22T06:00:00Z")
OFFICE = cap.Office("sensing.zz.example", {"zh": "漳州", "en": "Zhangzhou"}, "Restricted", "duty staff", "+08:00", 24 * HOUR)
PLACE = Place(117.65, 24.51, "南门 <水位> & 站", "芗城区")


def event(kind="water_level_high", origin="live", severity=1, **more):
    fields = {"id": "671b69bd703a", "end": None, "state": OPEN, "more": {"level": "river_warning"}} | more
    return Event(
        fields["id"], 1, kind, "gauge-17", "water_level", "instant", "", "" if origin == "live" else "typhoon-1", origin, "m",
        "environment", NOW - HOUR, fields["end"], severity, fields["state"], [Step(0, NOW - HOUR, 2.9), Step(1, NOW, 3.31)], 3.45, NOW,
        {}, NOW, NOW, 1, more=fields["more"],
    )  # fmt: skip


def written(word=Word.ALERT, place=PLACE, office=OFFICE, number=1, before=(), **fields):
    found = event(**fields)
    message = Message(word, found.id, number, 1, found)
    return ET.fromstring(cap.document(message, kinds.of(found.kind), office, place, NOW, before, "inc-1"))


def text(root, path):
    return root.findtext("/".join(NS + part for part in path.split("/")))


BEFORE = (cap.Reference("sensing.zz.example", "671b69bd703a-1", "2026-11-22T13:00:00+08:00"),)


@pytest.mark.parametrize("kind", ["rainstorm", "gale", "ponding_depth_high", "water_level_rising", "pm2_5_exceeded", "gas_downwind",
                                  "dangerous_goods", "dark_vessel", "noise_exceeded"])  # fmt: skip
@pytest.mark.parametrize("word", list(Word))
@pytest.mark.parametrize("origin", ["live", "simulated", "replayed"])
def test_every_message_keeps_every_rule_of_the_standard(kind, word, origin):
    """Each element: its place, how often, and what it may say."""
    before = () if word is Word.ALERT else BEFORE
    for place in (PLACE, Place()):
        assert faults(written(word, place, number=2, before=before, kind=kind, origin=origin)) == []


def test_the_rules_find_what_is_wrong():
    """The table that judges can fail: each of these breaks one rule."""
    for path, value in (("sent", "2026-11-22T06:00:00Z"), ("identifier", "a b"), ("msgType", "Warning"), ("info/area/circle", "24.5 117.6"),
                        ("info/urgency", "Now"), ("scope", "Public")):  # fmt: skip
        root = written()
        root.find("/".join(NS + part for part in path.split("/"))).text = value
        assert faults(root), path
    root = written()
    root.append(root[0])
    assert faults(root)


def test_an_alert_says_what_is_known():
    """Severity, times with the city's offset, the value, and a circle around what measured it."""
    root = written()
    assert (text(root, "status"), text(root, "msgType"), text(root, "sent")) == ("Actual", "Alert", "2026-11-22T14:00:00+08:00")
    assert [each.text for each in root.iter(NS + "language")] == ["zh-CN", "en-US"]
    assert text(root, "info/headline") == "南门 <水位> & 站（gauge-17，芗城区） 水位超警戒 警戒水位"
    assert (text(root, "info/severity"), text(root, "info/certainty")) == ("Moderate", "Observed")
    assert text(root, "info/area/circle") == "24.51000,117.65000 2"
    said = {each[0].text: each[1].text for each in root.find(NS + "info").iter(NS + "parameter")}
    assert (said["value"], said["unit"], said["threshold"], said["device"]) == ("3.45", "m", "river_warning", "gauge-17")
    assert cap.sent_text(NOW, "+00:00") == "2026-11-22T06:00:00-00:00"


@pytest.mark.parametrize("origin", ["simulated", "replayed"])
def test_what_is_not_live_is_an_exercise_in_every_line(origin):
    """P6: status, note, headline, description and instruction all say so."""
    root = written(origin=origin)
    assert (text(root, "status"), text(root, "note")) == ("Exercise", f"Exercise typhoon-1 ({origin})")
    for name in ("headline", "description", "instruction"):
        assert "演练" in text(root, f"info/{name}")
    assert "DRILL" in [each.text for each in root.iter(NS + "headline")][1]


def test_the_end_and_the_withdrawal_follow_what_was_sent():
    """An end is an Update that clears, a withdrawal a Cancel; both name what went before."""
    ended = written(Word.ENDED, before=BEFORE, end=NOW + 5 * MINUTE, state=CLOSED)
    assert (text(ended, "msgType"), text(ended, "info/responseType"), text(ended, "info/urgency")) == (
        "Update",
        "AllClear",
        "Past",
    )
    gone = written(Word.CANCEL, before=BEFORE)
    assert (text(gone, "msgType"), text(gone, "references")) == ("Cancel", str(BEFORE[0]))


def test_colours_are_the_severities_of_rainstorm_warnings():
    """Blue, yellow, orange, red: Minor to Extreme."""
    found = [
        text(written(kind="rainstorm", more={"colour": each}), "info/severity") for each in ("blue", "yellow", "orange", "red")
    ]
    assert found == ["Minor", "Moderate", "Severe", "Extreme"]


def test_signs_that_xml_cannot_hold_are_left_out():
    """A device's name may hold anything; the message stays well-formed."""
    assert text(written(place=Place(1, 2, "a\x00b\x1b[31m\ud800")), "info/area/areaDesc") == "ab[31m"


def test_polygons_close_and_have_four_pairs():
    """3.2.4."""
    assert (
        cap.polygon([(117, 24), (118, 24), (118, 25)])
        == "24.00000,117.00000 24.00000,118.00000 25.00000,118.00000 24.00000,117.00000"
    )
    with pytest.raises(ValueError, match="no polygon"):
        cap.polygon([(117, 24), (118, 24)])


def test_another_reader_reads_ours():
    """capparser 2 (PyPI, MIT): what it finds is what we said."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import capparser
    found = event()
    xml = cap.document(Message(Word.UPDATE, found.id, 2, 1, found), kinds.of(found.kind), OFFICE, PLACE, NOW, BEFORE)
    read = capparser.parse(stringXML=xml.decode())
    assert (read.identifier[0], read.sender[0], read.msgType[0], read.status[0]) == (
        "671b69bd703a-2", "sensing.zz.example", "Update", "Actual")  # fmt: skip
    assert read.references[0] == str(BEFORE[0])
    chinese, english = read.info[0]
    assert (chinese.language[0], english.language[0]) == ("zh-CN", "en-US")
    assert english.event[0] == "water level high"
    assert chinese.area[0][0].areaDesc[0] == "芗城区, 南门 <水位> & 站"
    assert {each.valueName[0]: each.value[0] for each in english.parameter[0]}["value"] == "3.45"


def test_kinds_are_words_of_the_standard(tmp_path):
    """A category that CAP does not have is refused by name; technical kinds are not told."""
    assert kinds.of("device_silent") is None
    path = tmp_path / "cap.toml"
    path.write_text('[[kind]]\nkinds=["x"]\ncategory="Flood"\nresponse="Avoid"\nkm=1\ninstruction={zh="a",en="b"}\n')
    with pytest.raises(ValidationError, match="Flood"):
        kinds.read(path)
