"""The documentation is complete: what exists has its paragraph or row, and what is generated is up to date."""

import re
from pathlib import Path

import pytest

from scripts import generate_docs
from sensing.errors import Exit, Reason
from sensing.model import QualityReason

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ["why", "vocabulary", "architecture", "adapters", "operate", "commands", "security"]


def rows(page):
    """Tables of a page by the word in their first cell: the other cells."""
    lines = [line.strip() for line in (DOCS / f"{page}.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def undocumented(words, table):
    """Words without a row, or with an empty last cell."""
    return sorted(str(word) for word in words if not table.get(str(word), [""])[-1])


def adapters():
    return sorted(path.stem for path in (ROOT / "adapters").glob("*.py") if not path.stem.startswith("_"))


def fenced_commands(page):
    """The `sensing ...` lines in a page's code fences, without options and arguments that vary."""
    fences = re.findall(r"```\w*\n(.*?)```", page, re.DOTALL)
    lines = [line.strip() for fence in fences for line in fence.splitlines()]
    return [re.sub(r"^(\S*/)?sensing ", "", line) for line in lines if re.match(r"(\S*/)?sensing \w", line)]


def test_every_page_stands():
    """The pages that README links to exist and say something."""
    assert not [name for name in PAGES if len((DOCS / f"{name}.md").read_text("utf-8")) < 400]


def test_every_command_says_what_it_does():
    """Each command that the command line knows has a help text, and so its paragraph in docs/commands.md."""
    assert not [path for path, command in generate_docs.commands() if not (command.help or "").strip()]


def test_every_setting_has_its_row():
    """Each leaf of Settings has a row with a meaning."""
    assert not undocumented([path for path, _, _ in generate_docs.setting_rows()], rows("operate"))


@pytest.mark.parametrize(("page", "words"), [("operate", Reason), ("operate", [r for r in QualityReason if r])])
def test_every_reason_has_its_row(page, words):
    """Each reason of a refusal, a dead letter or a quality flag is explained."""
    assert not undocumented(words, rows(page))


def test_every_exit_code_has_its_row():
    """Each exit code is explained."""
    assert not undocumented([int(code) for code in Exit], rows("operate"))


def test_every_adapter_has_its_row():
    """Each protocol found under adapters/ has a row in the table of adapters."""
    assert not undocumented(adapters(), rows("adapters"))


@pytest.mark.parametrize("name", generate_docs.PAGES)
def test_generated_parts_are_fresh(name):
    """What `make docs` writes is what is there."""
    page = (ROOT / name).read_text("utf-8")
    assert page == generate_docs.refreshed(page), f"{name} is out of date: run `make docs`"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_names_the_two_commands(name):
    """Whoever reads README finds the two commands that are all a new machine needs."""
    page = (ROOT / name).read_text("utf-8")
    assert "make demo" in page
    assert "make test" in page


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "docs/operate.md", "docs/adapters.md", "docs/security.md"])
def test_commands_in_pages_exist(name):
    """Every `sensing ...` line in a code fence names a command that is there."""
    known = [path for path, _ in generate_docs.commands()]
    shown = fenced_commands((ROOT / name).read_text("utf-8"))
    assert not [line for line in shown if known and not any(f"{line} ".startswith(f"{path} ") for path in known)]


@pytest.mark.parametrize("path", sorted(ROOT.glob("README*.md")) + sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    """A link to another file of the repository finds it."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_decisions_are_numbered():
    """Decisions are pages 0001, 0002, ... without gaps, each saying what was decided and why."""
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert not [page.name for page in pages if not re.search(r"^## (Why|Reason)", page.read_text("utf-8"), re.MULTILINE)]


def test_an_undocumented_word_is_found():
    """The checker says no to a missing row and to an empty one."""
    assert undocumented(["kept", "gone", "bare"], {"kept": ["meaning"], "bare": [""]}) == ["bare", "gone"]
    assert fenced_commands("```sh\n.venv/bin/sensing tail -n 3\n```\nsensing nothing") == ["tail -n 3"]
