"""The command line as a whole: options that go everywhere, exit codes, forms of answers, languages, start-up."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scripts import generate_docs
from sensing.cli import client, output, root, words
from sensing.cli.main import app
from sensing.errors import ConflictError, Exit, NotFoundError, UnreachableError, ValidationError
from tests.cli_service import FakeService, page

ROOT = Path(__file__).resolve().parents[2]
DEVICE = {
    "id": "gauge-1",
    "type": "generic",
    "adapter": "sl651",
    "native": "0012345678",
    "principal": "dtu",
    "name": "古雷",
    "area": "",
    "state": "active",
}
run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke


@pytest.fixture
def service(monkeypatch):
    fake = FakeService()
    monkeypatch.setattr(client, "connect", fake.connect)
    return fake


def python(code, **options):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False, **options
    )


def test_help_starts_light():
    """`sensing --help` loads neither the registry's nor the web's machinery, nor what only some command needs."""
    heavy = ["sqlalchemy", "starlette", "uvicorn", "httpx", "paho", "cryptography", "structlog", "apsw"]
    code = f"""
import sys
from sensing.cli.main import main
sys.argv = ["sensing", "--help"]
try:
    main()
except SystemExit as end:
    print("code", end.code, [name for name in {heavy} if name in sys.modules])
"""
    answer = python(code)
    assert "code 0 []" in answer.stdout, answer.stdout + answer.stderr


def test_version_starts_lighter():
    """`sensing version` does not even load pydantic, which typer would for a command with options."""
    code = "import sys; from sensing.cli.main import main; sys.argv = ['sensing', 'version']\ntry:\n main()\nfinally:\n print('pydantic' in sys.modules)"
    answer = python(code)
    assert answer.stdout.splitlines() == ["sensing 0.1.0", "False"], answer.stderr


@pytest.mark.parametrize(
    ("line", "rest", "given"),
    [
        ("--data d status", "status", ("d", "auto")),
        ("status --data d -o json", "status", ("d", "json")),
        ("status --data=d -ocsv", "status", ("d", "csv")),
        ("device list x --output=table", "device list x", ("data", "table")),
        ("decode sl651 -- -o", "decode sl651 -- -o", ("data", "auto")),
    ],
)
def test_options_go_everywhere(line, rest, given, monkeypatch):
    """--data and -o are understood before and after the command, and not behind `--`."""
    monkeypatch.delenv("SENSING_DATA", raising=False)
    words_left, found = root.lift(line.split())
    assert (" ".join(words_left), (str(found.data), found.output)) == (rest, given)


def test_the_data_folder_may_come_from_the_environment(monkeypatch):
    """SENSING_DATA names the folder, --data wins over it."""
    monkeypatch.setenv("SENSING_DATA", "there")
    assert str(root.lift(["status"])[1].data) == "there"
    assert str(root.lift(["status", "--data", "here"])[1].data) == "here"


@pytest.mark.parametrize(
    "line", ["nothing", "device", "device register x", "status -o xml", "status --data", "up --speed fast", "up --storm meranti"]
)
def test_usage_errors_end_with_2(line):
    """Words that do not fit are usage errors, whoever finds them."""
    assert run(app, line).exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValidationError("v", "h"), 3),
        (NotFoundError("n"), 4),
        (UnreachableError("u"), 5),
        (ConflictError("c"), 6),
        (ZeroDivisionError("z"), 1),
    ],
)
def test_errors_become_exit_codes(monkeypatch, error, code):
    """What a command raises is one line with a hint on stderr, and the exit code of its kind; never a traceback."""

    def broken(*_args, **_more):
        raise error

    monkeypatch.setattr(client, "connect", broken)
    answer = run(app, "device list")
    assert answer.exit_code == code
    assert answer.stdout == ""
    assert "✖ error:" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_debug_shows_where(monkeypatch):
    """--debug lets an unexpected error through with its traceback."""
    monkeypatch.setattr(client, "connect", lambda *_: 1 / 0)
    assert isinstance(run(app, "device list --debug").exception, ZeroDivisionError)


def test_a_service_s_refusal_keeps_its_code(service):
    """An error of the API ends the command with the code that it names, and tells its hint."""
    service.routes["POST", "/api/devices"] = (409, {"error": "device x exists already", "hint": "edit it", "code": 6})
    answer = run(app, "device register x --type generic --adapter sl651")
    assert answer.exit_code == Exit.CONFLICT
    assert "device x exists already" in answer.stderr
    assert "edit it" in answer.stderr


def test_interrupted_ends_with_130(monkeypatch):
    """Ctrl-C is not an error of ours."""

    def pressed(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "connect", pressed)
    assert run(app, "device list").exit_code == Exit.INTERRUPTED


def test_a_closed_pipe_ends_quietly(tmp_path):
    """`sensing ... | head -1`: the reader going away is 0, with nothing on stderr."""
    frame = (ROOT / "tests/golden/sl651/bj-21-34/frame.hex").read_text("ascii").strip()
    (tmp_path / "frames").write_text(f"{frame}\n" * 5000)
    command = [sys.executable, "-m", "sensing", "decode", "sl651", str(tmp_path / "frames"), "--hex"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline().startswith(b'{"line":1,')
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_a_remote_service_that_is_not_there_ends_with_5(free_port):
    """SENSING_URL names a service; when it does not answer, nothing is opened in its stead."""
    answer = run(app, "device list", env={"SENSING_URL": f"http://127.0.0.1:{free_port}"})
    assert answer.exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_answers_have_four_forms(service, form):
    """A list is an array, lines, a sheet with a header, or a table: the same rows."""
    service.routes["GET", "/api/devices"] = page(DEVICE)
    text = run(app, f"device list -o {form}").stdout
    if form == "json":
        assert json.loads(text) == [DEVICE]
    elif form == "ndjson":
        assert [json.loads(line) for line in text.splitlines()] == [DEVICE]
    elif form == "csv":
        assert text.splitlines()[0] == "id,type,adapter,native,principal,name,area,state"
        assert "gauge-1,generic,sl651,0012345678,dtu,古雷,,active" in text
    else:
        assert "gauge-1" in text
        assert "native" in text


def test_pages_are_read_to_the_end(service):
    """A list longer than a page is asked for until there is no next."""
    service.routes["GET", "/api/devices"] = [page(DEVICE, following="gauge-1"), page(DEVICE | {"id": "gauge-2"})]
    assert [row["id"] for row in json.loads(run(app, "device list").stdout)] == ["gauge-1", "gauge-2"]
    assert service.params()[1]["cursor"] == "gauge-1"


def test_text_from_outside_cannot_drive_a_terminal():
    """Escape sequences in a name or a detail are shown, not obeyed."""
    assert output.cell("detail", "a\x1b[2Jb\n") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}"


def test_people_see_local_time_and_marks():
    """A table has the city's time, and quality as mark and word; unknown is a dash, never a zero."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSING_LANG", "en")
        assert output.cell("time", "2026-09-14T19:00:00Z") == "2026-09-15 03:00:00"
        assert output.cell("quality", 3) == "▲ suspect"
        assert output.cell("origin", "simulated") == "DRILL"
        assert output.cell("result", None) == "–"


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [({}, "zh"), ({"LANG": "en_GB.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "zh"), ({"LANG": "en_US", "SENSING_LANG": "zh"}, "zh")],
)
def test_languages(environ, spoken):
    """SENSING_LANG, else LANG when it is one of ours, else the shipped default."""
    assert words.language(environ) == spoken


def test_chinese_comes_first(monkeypatch):
    """In Chinese a message says both; in English only itself."""
    monkeypatch.setenv("SENSING_LANG", "zh")
    assert words.say("registered", id="x") == "登记成功 registered x"
    monkeypatch.setenv("SENSING_LANG", "en")
    assert words.say("registered", id="x") == "registered x"


def test_every_word_has_both_languages():
    """No entry of the catalogue lacks a language, and both fill in the same values or none."""
    catalogue = words._catalogue()
    assert catalogue["cli"]
    entries = list(leaves(catalogue))
    assert len(entries) > len(catalogue["cli"])
    assert not [path for path, entry in entries if not entry.get("zh") or not entry.get("en")]


def leaves(table, path=()):
    """Entries of the catalogue: `map.title = {zh, en}` is a table in a table to TOML."""
    for key, value in table.items():
        if any(isinstance(word, str) for word in value.values()):
            yield (*path, key), value
        else:
            yield from leaves(value, (*path, key))


@pytest.mark.parametrize(("path", "command"), generate_docs.commands())
def test_every_command_is_documented(path, command):
    """Each command says in Chinese and in English what it does, shows an example of itself, and stands in docs/commands.md."""
    text = command.help
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text.splitlines()[0]), f"{path}: no Chinese summary"
    assert "Example: `" in text, f"{path}: no example"
    assert f"sensing {path}" in text.split("Example: `")[1], f"{path}: its example is not of itself"
    assert f"### `sensing {path}" in (ROOT / "docs/commands.md").read_text("utf-8")
    assert not [option.name for option in command.params if "--help" not in option.opts and not option.help], (
        f"{path}: an option without help"
    )


def test_the_contract_s_commands_are_there():
    """Every command that issue 2 promises exists."""
    promised = """up status down doctor version decode tail query explain ledger annotate
    device/register device/list device/show device/test device/edit device/rotate device/retire device/restore device/export
    principal/register principal/list principal/rotate principal/revoke principal/retire config/show config/check config/path
    dlq/list dlq/show dlq/redrive dlq/drop quarantine/list quarantine/show quarantine/accept quarantine/drop
    token/create token/list token/revoke audit/show audit/verify"""
    known = {path for path, _ in generate_docs.commands()}
    assert not [path for path in promised.split() if path.replace("/", " ") not in known]


def test_config_says_where_values_come_from(tmp_path):
    """`config show` names the file or variable behind each value; `config check` ends with 3 when one does not fit."""
    (tmp_path / "config.toml").write_text('city = "Xiamen"\n')
    answer = run(app, f"--data {tmp_path} config show", env={"SENSING_MQTT__PORT": "1999"})
    rows = {row["setting"]: row for row in json.loads(answer.stdout)}
    assert rows["city"] == {"setting": "city", "value": "Xiamen", "from": str(tmp_path / "config.toml")}
    assert (rows["mqtt.port"]["value"], rows["mqtt.port"]["from"]) == (1999, "SENSING_MQTT__PORT")
    (tmp_path / "config.toml").write_text("mqtt = 7\n")
    assert run(app, f"--data {tmp_path} config check").exit_code == Exit.VALIDATION


def test_status_of_nothing_is_5(tmp_path):
    """Where nothing runs, `status` still prints the contract's shape, and ends with 5; nothing is made on the disk."""
    folder = tmp_path / "none"
    answer = run(app, f"status --data {folder} -o json")
    assert answer.exit_code == Exit.UNREACHABLE
    assert set(json.loads(answer.stdout)) == {"ready", "processes", "mqtt", "http", "ingest_rate", "lag_ms", "balanced"}
    assert not folder.exists()
    assert run(app, f"down --data {folder}").exit_code == Exit.NOT_FOUND


@pytest.mark.parametrize(("terminal", "yes", "asked"), [(False, False, 0), (True, True, 0), (True, False, 1)])
def test_a_script_is_not_asked(monkeypatch, terminal, yes, asked):
    """A question is for a person at a terminal who did not say --yes; a script is taken at its word."""
    questions = []
    monkeypatch.setattr(typer, "confirm", lambda question, **_: questions.append(question) or True)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal)
    output.sure("retire?", yes=yes)
    assert len(questions) == asked
