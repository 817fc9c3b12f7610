"""What a tracked file may be: short when it is source, small always, and silent about the machine it was written on."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 300
MOST_BYTES = 1_000_000
SOURCE = {".py", ".js", ".css", ".sh"}
UNTRACKED = {".git", ".venv", "data", "dist", "build", "artefacts", ".hypothesis", "__pycache__", "node_modules"}

# Character classes keep this file from matching itself.
GIVEAWAYS = {
    "a path of some machine": re.compile(r"(?<![\w./}-])/(?:[w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/\w"),
    "a folder beside the checkout": re.compile(r"\.\./[s]hared\b"),
    "a package registry": re.compile(
        r"\b(?:[p]ypi\.org|[p]ythonhosted\.org|[c]rates\.io|[n]pmjs\.(?:org|com)|[p]roxy\.golang\.org|[d]eb\.debian\.org"
        r"|[r]epo1?\.maven\.(?:org|apache\.org))"
    ),
}


def tracked(root):
    """Files that git tracks or would track; in a copy without git, all but the usual litter."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            return [root / name for name in answer.stdout.split("\0") if name and (root / name).is_file()]
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in UNTRACKED and not name.endswith(("_cache", ".egg-info"))]
        found += [Path(folder) / name for name in names]
    return found


def giveaways(text):
    return [f"{what}: {found[0]}" for what, pattern in GIVEAWAYS.items() if (found := pattern.search(text))]


def test_source_files_have_one_idea():
    """No source file is longer than 300 lines: past that, split it by noun."""
    long = {}
    for path in tracked(ROOT):
        if path.suffix in SOURCE:
            lines = len(path.read_text("utf-8").splitlines())
            if lines > MOST_LINES:
                long[str(path.relative_to(ROOT))] = lines
    assert not long


def test_no_file_is_large():
    """A clone stays quick: no file is over a megabyte."""
    assert not [str(path.relative_to(ROOT)) for path in tracked(ROOT) if path.stat().st_size > MOST_BYTES]


def test_files_are_silent_about_machines():
    """No tracked file names a path of somebody's machine or the host of a package registry."""
    found = []
    for path in tracked(ROOT):
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{path.relative_to(ROOT)}: {line}" for line in giveaways(text)]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "cp /" + "work/main/x .",
        "open('/" + "home/me/x')",
        "../" + "shared/data",
        "--index-url https://py" + "pi.org/simple",
        "https://files.python" + "hosted.org/x",
    ],
)
def test_the_checker_sees_giveaways(text):
    """Each kind of slip is caught."""
    assert giveaways(text)


@pytest.mark.parametrize("text", ["sensing/work/loop.py", "GET /work", "https://example.org/home/", "tests/shared/x"])
def test_the_checker_leaves_ordinary_text_alone(text):
    """Our own paths and routes are no giveaway."""
    assert giveaways(text) == []
