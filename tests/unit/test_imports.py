"""Imports go one way (docs/architecture.md). This file reads them with `ast`: nothing is run, late imports count as well."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sensing", "adapters", "simulators")

# Lowest first. A module may import its own layer and those below it. One that is not named here stands just as high as
# the highest that it imports, so it may be used from there upwards.
LAYERS = (
    (
        "ground",
        "model ports errors properties units topics times sections settings logs metrics sqlite unit_names coordinates failpoints paths runfile things thresholds rules checks",
    ),
    ("stages", "decode resolve observe quality events derive silence watch vessels ledger"),
    ("stores and ways in", "framelog store mqtt registry access audit export"),
    ("work", "work worker commands streams supervisor"),
    ("faces", "web cli tui"),
    ("root", "app"),
)
FIXED = {name: rank for rank, (_, names) in enumerate(LAYERS) for name in names.split()}

# What the packages outside `sensing` may see of it.
NOUNS = {f"sensing.{noun}" for noun in ["model", "ports", "errors", "properties", "units", "times", "paths"]}
OUTSIDE = {
    "adapters": ({"adapters"}, NOUNS),
    "simulators": ({"simulators", "adapters"}, NOUNS | {"sensing.topics"}),
}
# Steps up that are meant: (who, what): why.
UPWARD = {
    ("sensing.cli", "sensing.app"): "`up` and `decode` start the composition root",
    ("sensing", "sensing.python"): "`sensing.open`, loaded when it is asked for",
}
# Pure modules: no socket, no file, no clock of their own. They are handed what they need.
PURE = (
    "adapters",
    "sensing.model",
    "sensing.decode",
    "sensing.resolve",
    "sensing.observe",
    "sensing.events",
    "sensing.derive",
    "sensing.silence",
    "sensing.thresholds",
    "sensing.mqtt.wire",
)
IMPURE = {"socket", "ssl", "asyncio", "threading", "subprocess", "sqlite3", "apsw", "sqlalchemy", "paho", "aiomqtt", "httpx"}


def modules(root):
    """Dotted name and path of each module of the three packages."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(name, path):
    """Every module that a file imports, absolute, wherever the import stands."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__"):
            yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def within(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def part(name):
    """The file or folder of `sensing` that a module belongs to: `mqtt` for sensing.mqtt.wire; empty for what is none."""
    top, _, rest = name.partition(".")
    return rest.split(".")[0] if top == "sensing" else ""


def ranks(imports, parts):
    """The layer of each part of `sensing`, by number: as LAYERS says, or found from what it imports."""
    rank = {name: FIXED.get(name, 0) for name in parts} | FIXED
    for _ in parts:
        for name, target in imports:
            mine, theirs = part(name), part(target)
            if mine in rank and theirs in rank and mine not in FIXED:
                rank[mine] = max(rank[mine], rank[theirs])
    return rank


def complaint(name, target, rank):
    """Why `name` may not import `target`; None when it may."""
    top, to = name.split(".")[0], target.split(".")[0]
    if any(within(name, pure) for pure in PURE) and to in IMPURE:
        return f"{name} is pure and imports {target}"
    if to not in PACKAGES or target == "sensing":
        return None
    if top in OUTSIDE:
        packages, nouns = OUTSIDE[top]
        fine = to in packages or any(within(target, noun) for noun in nouns)
        return None if fine else f"{name} imports {target}: {top} may see only {', '.join(sorted(packages | nouns))}"
    if to != "sensing":
        return None if within(name, "sensing.app") else f"{name} imports {target}: only sensing.app sees {to}"
    if any((name == who or (who != "sensing" and within(name, who))) and within(target, what) for who, what in UPWARD):
        return None
    if name == "sensing":
        return f"sensing/__init__.py imports {target}: it is below everything"
    mine, theirs = rank[part(name)], rank.get(part(target), 0)
    return f"{name} ({LAYERS[mine][0]}) imports {target} ({LAYERS[theirs][0]})" if theirs > mine else None


def complaints(root):
    found = list(modules(root))
    imports = [(name, target) for name, path in found for target in imported(name, path)]
    rank = ranks(imports, {part(name) for name, _ in found} - {""})
    return sorted({text for name, target in imports if (text := complaint(name, target, rank))})


def test_imports_go_one_way():
    """Simulators see adapters, adapters see the nouns, and inside sensing nothing looks up."""
    assert list(modules(ROOT)), "found no module to read"
    assert not complaints(ROOT)


VIOLATIONS = [
    ("sensing/resolve.py", "from adapters import sl651", "only sensing.app sees adapters"),
    ("sensing/cli/storm.py", "import simulators.city", "only sensing.app sees simulators"),
    ("sensing/cli/decode.py", "def run():\n    from adapters import sl651", "only sensing.app sees adapters"),
    ("sensing/work.py", "from .web import server", "(work) imports sensing.web"),
    ("sensing/mqtt/door.py", "from ..cli.main import app", "(stores and ways in) imports sensing.cli"),
    ("sensing/mqtt/__init__.py", "from .. import work", "(stores and ways in) imports sensing.work"),
    ("sensing/model.py", "from . import framelog", "(ground) imports sensing.framelog"),
    ("sensing/web/api.py", "from sensing import app", "(faces) imports sensing.app"),
    ("sensing/decode.py", "import apsw", "is pure and imports apsw"),
    ("sensing/store/hot.py", "import importlib\nimportlib.import_module('sensing.work')", "imports sensing.work"),
    ("adapters/sl651.py", "from sensing.registry import things", "adapters may see only"),
    ("adapters/sl651.py", "import simulators", "adapters may see only"),
    ("adapters/sl651.py", "import socket", "is pure and imports socket"),
    ("simulators/player.py", "from sensing.store import hot", "simulators may see only"),
]
ALLOWED = [
    ("sensing/novel.py", "from .model import Frame\nfrom .web import live"),
    ("sensing/app.py", "import adapters.sl651, simulators.city\nfrom .web import server\nfrom .cli import main"),
    ("sensing/cli/up.py", "from sensing import app, __version__"),
    ("sensing/web/api.py", "from ..store import hot\nfrom .. import __version__\nfrom . import live"),
    ("adapters/sl651.py", "from sensing.model import Frame\nfrom ._wire import bcd\nfrom sensing.errors import Reason"),
    ("simulators/player.py", "import asyncio, aiomqtt\nfrom adapters import sl651\nfrom . import clock"),
]


def planted(root, file, text):
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return complaints(root)


@pytest.mark.parametrize(("file", "text", "why"), VIOLATIONS)
def test_a_planted_violation_is_found(tmp_path, file, text, why):
    """The checker says no to each kind of import that breaks the rule."""
    assert any(why in line for line in planted(tmp_path, file, text))


def test_a_detour_is_found(tmp_path):
    """A module that nobody has placed is no way around: it stands as high as what it imports."""
    planted(tmp_path, "sensing/detour.py", "from .another import thing")
    planted(tmp_path, "sensing/another.py", "from .web import server")
    assert planted(tmp_path, "sensing/store/hot.py", "from .. import detour") == [
        "sensing.store.hot (stores and ways in) imports sensing.detour (faces)"
    ]


@pytest.mark.parametrize(("file", "text"), ALLOWED)
def test_what_is_meant_is_let_through(tmp_path, file, text):
    """The checker has nothing against imports that go down."""
    assert planted(tmp_path, file, text) == []
