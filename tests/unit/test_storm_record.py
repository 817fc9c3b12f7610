"""Recordings: what is written is read, also after a cut; captures become frames; the log is recorded as it was received."""

import base64
import json

import pyarrow as pa
import pytest

from sensing import recordings, times
from sensing.errors import NotFoundError, UsageError, ValidationError
from simulators.captures import Capture, tagged
from simulators.record import Entry, Gateway, Recorder, Recording
from simulators.replay import Replay, broker, found
from tests.forward import Bench

T = 1_790_000_000_000_000


def written(path, count=100, **more):
    with Recorder(path, {"from": "test"}, **more) as out:
        out.gateway(Gateway("gw-01", "gateway", [{"id": "d1", "type": "generic"}]))
        for n in range(count):
            out.frame(T + n, "sensing/v1/plainjson/gw-01/up", bytes([n % 256]) * n)
    return path


def test_what_is_written_is_read(tmp_path):
    """Header, gateways and frames come back as they were, and the file is zstd-compressed NDJSON as the contract says."""
    path = written(tmp_path / "a.zst")
    recording = Recording(path)
    assert recording.about == {"format": "sensing-record/1", "from": "test"}
    assert list(recording.frames()) == [Entry(T + n, "sensing/v1/plainjson/gw-01/up", bytes([n % 256]) * n) for n in range(100)]
    lines = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read().splitlines()
    assert json.loads(lines[2]) == {"t": T, "topic": "sensing/v1/plainjson/gw-01/up", "payload_b64": "", "qos": 1}


def test_the_same_frames_are_the_same_bytes(tmp_path):
    """A recording that nobody follows depends on its frames alone."""
    assert written(tmp_path / "a.zst", live=False).read_bytes() == written(tmp_path / "b.zst", live=False).read_bytes()


def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path):
    """After a crash the frames that were flushed are there, whatever byte it ends with."""
    out = Recorder(tmp_path / "a.zst", {})
    for n in range(1000):
        out.frame(T + n, "sensing/v1/plainjson/gw-01/up", b"x" * 50)
    out.flush()
    kept = (tmp_path / "a.zst").read_bytes()
    out.close()
    for cut in (len(kept), len(kept) - 1, len(kept) - 7):
        (tmp_path / "cut.zst").write_bytes(kept[:cut])
        frames = list(Recording(tmp_path / "cut.zst").frames())
        assert frames == [Entry(T + n, "sensing/v1/plainjson/gw-01/up", b"x" * 50) for n in range(len(frames))]
    (tmp_path / "cut.zst").write_bytes(kept)
    assert len(list(Recording(tmp_path / "cut.zst").frames())) == 1000


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"format": "other"}\n', b'{"format": "sensing-record/9"}\n'])
def test_what_is_no_recording_is_refused(tmp_path, content):
    """Another file, or another format's version, is named as such."""
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(ValidationError, match=r"recording|format|JSON"):
        Recording(path)


def test_a_replay_knows_who_speaks(tmp_path):
    """Gateways with their kinds, devices for registering, the span, and how much belongs to nobody here."""
    path = tmp_path / "a.ndjson"
    rows = [
        {"format": "sensing-record/1"},
        {"gateway": "gw-01", "kind": "gateway", "devices": [{"id": "d1"}]},
        *({"t": T + n, "topic": topic, "payload_b64": base64.b64encode(b"{}").decode(), "qos": 1} for n, topic in enumerate(
            ["sensing/v1/plainjson/gw-01/up", "sensing/v1/ais/rx/up", "their/tree"])),
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    replay = Replay(path)
    assert replay.roster() == {
        "storm": "a", "begin": T, "end": T + 1, "frames": 2, "foreign": 1, "gateways": {"gw-01": "gateway", "rx": "receiver"},
        "devices": [{"id": "d1", "principal": "gw-01", "note": "replayed"}],
    }  # fmt: skip
    assert [(frame.time, frame.gateway) for frame in replay.sent(10, one_line=False)] == [(T + 10, "gw-01"), (T + 11, "rx")]
    assert [frame.gateway for frame in replay.sent(0, one_line=True)] == ["replay"] * 3


def test_shipped_examples_are_found_by_name():
    """Each capture of config/replays plays by its name; another name lists them."""
    for name in ("river_deadrun_2018-06_5min", "ais_capture_merrimac_gofree.nmea"):
        assert found(name).is_file()
    with pytest.raises(NotFoundError) as error:
        found("nothing")
    assert "ais_capture_pyais_sample" in error.value.hint


def test_a_capture_without_times_gets_one_a_message():
    """Each AIS message has a second of its own, the parts of one share it, and the tag block's checksum is right."""
    entries = list(Capture(found("ais_capture_pyais_sample")).frames())
    seconds = [entry.t // times.SECOND for entry in entries]
    parts = [entry.payload.split(b"!", 1)[1].split(b",")[2] for entry in entries]
    assert len(entries) == 898
    assert len(set(seconds)) == parts.count(b"1")
    assert tagged(1_473_800_000_000_000, b"!X") == b"\\c:1473800000*50\\!X"


def test_a_capture_says_what_is_missing(tmp_path):
    """Without its .toml, or with a column that is not there, the file and the line are named."""
    series = tmp_path / "series.csv"
    series.write_text("when,level\n2026-01-01T00:00:00Z,1.5\nsoon,2\n")
    with pytest.raises(NotFoundError, match=r"series\.toml"):
        Capture(series)
    aside = 'adapter = "plainjson"\ngateway = "gw"\ntime = "when"\n[device]\nid = "d"\ntype = "generic"\n[columns]\nwater_level = "level"\n'
    series.with_suffix(".toml").write_text(aside)
    frames = Capture(series).frames()
    assert json.loads(next(frames).payload) == {"device": "d", "time": "2026-01-01T00:00:00Z", "water_level": 1.5}
    with pytest.raises((ValidationError, UsageError), match=r"soon|line 3"):
        next(frames)


def test_a_broker_is_named_by_a_url():
    """User, host and port come from the URL, the password from the environment and never from the URL."""
    target, password = broker("mqtt://wang@example.org:1884", {"SENSING_MQTT_PASSWORD": "x"})
    assert (target.host, target.port, target.username, target.tls, password) == ("example.org", 1884, "wang", None, "x")
    assert broker("mqtts://example.org", {})[0].tls is not None
    for url in ("http://example.org", "mqtt://wang:secret@example.org", "example.org"):
        with pytest.raises(UsageError):
            broker(url, {})


def test_the_log_is_recorded_as_it_was_received(tmp_path):
    """A run's frames have the run's time, the service's own frames are left out, and each gateway is introduced once, before its first."""
    bench = Bench(tmp_path)
    bench.say({"time": T}, principal="p", run="storm-1", adapter="clock")
    bench.say({"d": "g1", "v": 1.0}, {"d": "g1", "v": 2.0}, run="storm-1")
    bench.say({"d": "g1", "v": 3.0})
    met = []
    with Recorder(tmp_path / "a.zst", {}) as out:
        recordings.follow(tmp_path, out, met.append, since=None, run="storm-1", until=lambda: False)
    frames = list(Recording(tmp_path / "a.zst").frames())
    bench.close()
    assert [(frame.t, json.loads(frame.payload)["v"]) for frame in frames] == [(T, 1.0), (T, 2.0)]
    assert {frame.topic for frame in frames} == {"sensing/v1/fake/p/up"}
    assert met == ["p"]
