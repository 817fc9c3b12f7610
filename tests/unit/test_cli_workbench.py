"""The workbench on the command line: frames byte by byte, every form of input, dead letters, redecode."""

import base64
import json

import pytest
from typer.testing import CliRunner

from sensing.cli import annotated, client, commands, inputs
from sensing.cli.main import app
from sensing.errors import DecodeError, Exit
from sensing.model import Span
from tests.cli_service import FakeService, page
from tests.contract import golden

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
CASE = golden.GOLDEN / "sl651" / "bj-21-34" / "frame.hex"
GOOD = CASE.read_text("ascii").strip()
PARTS = (golden.GOLDEN / "sl651" / "con-m3-3pkt" / "frame.hex").read_text("ascii").split()
FLIPPED = GOOD[:100] + ("0" if GOOD[100] != "0" else "1") + GOOD[101:]


@pytest.fixture
def service(monkeypatch):
    fake = FakeService()
    monkeypatch.setattr(client, "connect", fake.connect)
    monkeypatch.setattr(commands, "_POLL_S", 0.01)
    return fake


def decode(text, *options, adapter="sl651"):
    return run(app, ["decode", adapter, "-", *options], input=text)


def values(answer):
    return [(line["line"], line["code"], line["value"]) for line in map(json.loads, answer.stdout.splitlines()) if "code" in line]


def test_a_table_shows_the_frame_byte_by_byte_and_then_its_readings():
    """A block for each frame: line, adapter, size and verdict; offset, bytes, meaning and value; the readings."""
    answer = decode(GOOD, "--hex", "-o", "table")
    lines = answer.stdout.splitlines()
    assert lines[0] == "── line 1 · sl651 · 83 bytes · ✔ 14 readings"
    assert lines[1].split() == ["offset", "bytes", "meaning", "value"]
    assert lines[2].split() == ["0000", "7e", "7e", "start", "of", "frame", "HEX"]
    assert any(line.split()[:3] == ["0051", "19", "c2"] and line.endswith("19C2 ✔") for line in lines)
    assert sum(line.startswith("0030301490") for line in lines) == 14
    assert answer.exit_code == 0


def test_what_is_wrong_is_marked_with_its_reason():
    """The bad bytes' line has a mark and the reason; on a terminal that wants it, red."""
    answer = decode(FLIPPED, "--hex", "-o", "table")
    marked = [line for line in answer.stdout.splitlines() if line.startswith("✖ ")]
    assert answer.exit_code == 3
    assert len(marked) == 1
    assert "bad_checksum: 19C2; right would be" in marked[0]
    assert "✖ bad_checksum" in answer.stdout.splitlines()[0]
    red = CliRunner(env={"SENSING_LANG": "en", "FORCE_COLOR": "1", "NO_COLOR": ""}).invoke
    assert "\x1b[31m✖ 0051" in red(app, ["decode", "sl651", "-", "--hex", "-o", "table"], input=FLIPPED, color=True).stdout


def test_parts_and_controls_have_their_headline():
    """A part waits for the others; a keep-alive is a control; parts whose rest never came are errors at the end."""
    answer = decode("\n".join(PARTS[:2]), "--hex", "-o", "table")
    assert next(line for line in answer.stdout.splitlines() if line.startswith("──")).endswith("waits for the other parts")
    assert "missing_fragment" in answer.stdout
    keep_alive = (golden.GOLDEN / "sl651" / "doc-2F" / "frame.hex").read_text("ascii")
    assert "○ keep-alive" in decode(keep_alive, "--hex", "-o", "table").stdout


def test_text_is_shown_as_text():
    """Frames of printable characters are shown so, with the member's name; what a terminal would obey is not."""
    answer = decode('{"device": "x", "water_level": 1.25, "note": "\\u001b[31m"}', "-o", "table", adapter="plainjson")
    assert '"water_level": 1.25' in answer.stdout
    assert "Water level · water_level" in answer.stdout
    raw = decode('{"device": "x", "note": "\x1b[31m"}', "-o", "table", adapter="plainjson")
    assert "\x1b" not in raw.stdout
    assert annotated.is_text(b"##0101QN=1\r\n")
    assert not annotated.is_text(b"~~\x01\x02\x03")


def test_an_adapter_without_annotations_is_dumped(monkeypatch):
    """Its bytes are still shown."""
    from adapters import sl651

    monkeypatch.delattr(sl651, "annotate")
    assert "  000000  7e 7e 01" in decode(GOOD, "--hex", "-o", "table").stdout


@pytest.mark.parametrize(("line", "options"), [
    (GOOD, ["--hex"]),
    (GOOD, []),
    (f"0x{GOOD}", ["--hex"]),
    (base64.b64encode(bytes.fromhex(GOOD)).decode(), ["--base64"]),
    (base64.urlsafe_b64encode(bytes.fromhex(GOOD)).decode().rstrip("="), ["--base64"]),
    (json.dumps({"payload_hex": GOOD}), []),
    (json.dumps({"payload_b64": base64.b64encode(bytes.fromhex(GOOD)).decode()}), []),
    (json.dumps({"data": GOOD}), []),
    (json.dumps({"t": 1, "topic": "sensing/v1/sl651/gw/up", "payload_b64": base64.b64encode(bytes.fromhex(GOOD)).decode(), "qos": 1}), []),
])  # fmt: skip
def test_each_form_of_a_frame_reads_alike(line, options):
    """Hex, base64, and either in JSON or in a recording."""
    assert values(decode(line, *options)) == values(decode(GOOD, "--hex"))
    assert len(values(decode(line, *options))) == 14


def test_a_whole_capture_file():
    """A recording: its header, comments, blank lines and other adapters' frames are passed over; parts are joined by topic."""

    def line(topic, frame):
        return json.dumps(
            {"t": "2026-09-14T19:00:00Z", "topic": topic, "payload_b64": base64.b64encode(bytes.fromhex(frame)).decode()}
        )

    capture = [
        json.dumps({"format": "sensing-record/1"}), "# by hand", "", line("sensing/v1/sl651/a/up", PARTS[0]),
        line("sensing/v1/sl651/b/up", GOOD), line("sensing/v1/plainjson/c/up", "7B7D"), line("sensing/v1/sl651/a/status", "00"),
        line("sensing/v1/sl651/a/up", PARTS[1]), line("sensing/v1/sl651/a/up", PARTS[2]),
    ]  # fmt: skip
    answer = decode("\n".join(capture))
    assert answer.exit_code == 0
    assert {number for number, _, _ in values(answer)} == {5, 9}


def test_json_adapters_keep_their_own_data():
    """A vendor's `data` member is not a wrapper where the protocol is JSON itself."""
    assert inputs.read(b'{"data": "abc"}', inputs.AUTO, "plainjson").payload == b'{"data": "abc"}'
    assert inputs.read(b'{"data": "##0101"}', inputs.AUTO, "hj212").payload == b"##0101"
    assert inputs.read(b'{"payload_hex": "0167", "fport": 2}', inputs.AUTO, "lorawan") == inputs.Input(b"\x01\x67", "", None, 2)
    assert inputs.read(b"##0101QN=", inputs.AUTO, "hj212").payload == b"##0101QN="
    assert inputs.read(b'{"t": 1789412400.5, "data": "x"}', inputs.AUTO, "ais").received == 1_789_412_400_500_000
    with pytest.raises(DecodeError):
        inputs.read(b"%%", inputs.BASE64, "sl651")


def test_fport_and_model_reach_the_adapter():
    """LoRaWAN bytes without an envelope: the port on the command line or in the line, the maker's model by its name."""
    payload = "0167FFD7"
    for line, options in ((payload, ["--hex", "--fport", "1"]), (json.dumps({"payload_hex": payload, "fport": 1}), [])):
        assert ("temperature", -4.1) in [
            (code.split("_")[0], value) for _, code, value in values(decode(line, *options, adapter="lorawan"))
        ]
    assert run(app, "decode sl651 --hex --base64").exit_code == Exit.USAGE
    assert run(app, "decode sl651 --model nope").exit_code == Exit.NOT_FOUND


LETTER = {
    "id": "7.0", "adapter": "sl651", "principal": "p", "device": "", "reason": "bad_checksum", "detail": "d", "attempts": 1, "offset": 2,
    "length": 1, "remedy": {"zh": "查线路", "en": "look at the line"}, "frame": {"hex": "7e7e01", "size": 3},
}  # fmt: skip
SPANS = [
    {"offset": 0, "length": 2, "name": "start", "meaning": {"zh": "帧起始符", "en": "start"}, "value": "HEX", "bad": False},
    {
        "offset": 2,
        "length": 1,
        "name": "crc",
        "meaning": {"zh": "校验码", "en": "checksum"},
        "value": "bad_checksum: 01",
        "bad": True,
    },
]


def test_a_dead_letter_points_at_the_byte_that_was_wrong(service):
    """The same view as decode's, with the reason and the remedy; JSON has the spans as they came."""
    service.routes["GET", "/api/dead-letters/7.0"] = LETTER | {"spans": SPANS}
    shown = run(app, "dlq show 7.0 -o table").stdout.splitlines()
    assert [line.split() for line in shown if line.startswith("✖")] == [["✖", "0002", "01", "checksum", "bad_checksum:", "01"]]
    assert any("look at the line" in line for line in shown)
    assert json.loads(run(app, "dlq show 7.0 -o json").stdout)["spans"] == SPANS
    chinese = run(app, "dlq show 7.0 -o table", env={"SENSING_LANG": "zh"}).stdout
    assert "校验码 checksum" in chinese
    assert "查线路 look at the line" in chinese


def test_a_dry_redrive_says_what_would_become_of_each(service):
    """Decoded, or the reason that would still hold it; nothing is sent."""
    tried = [
        LETTER | {"becomes": "decoded", "still": None},
        LETTER | {"id": "9.0", "becomes": "dead_lettered", "still": "bad_time"},
    ]
    service.routes["GET", "/api/dead-letters"] = page(*tried)
    answer = run(app, "dlq redrive --dry-run -o ndjson")
    assert [(row["becomes"], row["still"]) for row in map(json.loads, answer.stdout.splitlines())] == [
        ("decoded", None), ("dead_lettered", "bad_time")]  # fmt: skip
    assert service.params() == [{"limit": "1000", "again": "1"}]
    assert service.bodies() == []
    assert "becomes" in run(app, "dlq redrive --dry-run -o table").stdout


ROW = {
    "change": "changed", "device": "g", "property": "water_level", "statistic": "instant", "channel": "F5", "run": "",
    "time": "2026-09-14T19:00:00Z", "old": 2.3, "old_quality": 1, "new": 4.8, "new_quality": 1, "unit": "m", "frame": 7,
}  # fmt: skip


def compared(rows, following, at):
    counts = {"same": 1, "changed": len(rows), "new": 0, "gone": 0}
    more = {"counts": counts, "frames": 2, "progress": {"from": 0, "at": at, "to": 10}}
    return page(*rows, following=following) | more


def test_a_dry_redecode_shows_old_beside_new(service):
    """Every page of the comparison, in a table for people and in rows for programs; nothing is sent."""
    service.routes["GET", "/api/redecode"] = [compared([ROW], "5", 5), compared([], None, 10)]
    answer = run(app, "redecode --device g --since 7d --dry-run -o ndjson")
    assert [json.loads(line) for line in answer.stdout.splitlines()] == [ROW]
    assert "4 frames: 2 same, 1 changed, 0 new, 0 gone" in answer.stderr
    assert service.params() == [{"device": "g", "since": "7d"}, {"device": "g", "since": "7d", "cursor": "5"}]
    assert service.bodies() == []
    service.routes["GET", "/api/redecode"] = compared([ROW], None, 10)
    table = run(app, "redecode --device g --dry-run -o table").stdout
    assert "2.3" in table
    assert "4.8" in table


def test_a_redecode_sends_the_command_and_shows_what_it_did(service):
    """The counts first; then the command with what was chosen, and its result."""
    service.routes["GET", "/api/redecode"] = compared([ROW], None, 10)
    service.routes["POST", "/api/commands"] = {"id": "x-1", "op": "redecode", "result": {"redecoded": {"decoded": 2}}}
    answer = run(app, "redecode --device g --yes -o table")
    assert answer.stdout == "redecoded: decoded 2\n"
    assert "1 changed" in answer.stderr
    assert service.bodies() == [{"op": "redecode", "args": {"device": "g"}}]


def test_a_redecode_asks_on_a_terminal(service, monkeypatch):
    """Whoever says no has changed nothing."""
    service.routes["GET", "/api/redecode"] = compared([ROW], None, 10)
    monkeypatch.setattr("sensing.cli.output.sure", refuse)
    assert run(app, "redecode --device g").exit_code == 0
    assert service.bodies() == []


def refuse(question, *, yes):
    import typer

    assert "1 revisions" in question
    raise typer.Exit(0)


def test_explain_shows_the_frame_byte_by_byte(service):
    """The first step of a value's way is the same view."""
    frame = {
        "step": "frame",
        "zh": "收到的帧",
        "en": "the frame as it arrived",
        "place": 7,
        "hex": "7e7e01",
        "text": None,
        "spans": SPANS,
    }
    service.routes["GET", "/api/explain"] = {"device": "g", "observation": {}, "steps": [frame]}
    shown = run(app, "explain g water_level 2026-09-14T19:00:00Z -o table").stdout
    assert "0000         7e 7e" in shown
    assert "'offset'" not in shown
    assert '"offset"' not in shown


def test_long_fields_are_cut_and_control_characters_are_pictures():
    """Eight bytes of hex, then …; of text 24 characters."""
    shown = annotated.view(bytes(range(128, 150)), [Span(0, 22, "x", ("数", "data"))])
    assert "80 81 82 83 84 85 86 87 …" in shown
    text = annotated.view(b"\x01" + b"A" * 60, [Span(0, 61, "x", ("数", "data"))])
    assert "␁AAAA" in text
    assert "…" in text
