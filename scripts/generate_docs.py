"""Write the generated parts of docs/ anew: the settings table and the list of commands (`make docs`).

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; all else in a page is written by hand.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from sensing.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CLI = "sensing.cli.main"


def setting_rows(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Dotted path, default and meaning of every leaf; `brokers[].host` for a field of each entry of a list."""
    for name, field in model.model_fields.items():
        path = prefix + name
        entry = next((arg for arg in get_args(field.annotation) if isinstance(arg, type) and issubclass(arg, BaseModel)), None)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_rows(field.annotation, path + ".")
        elif entry is not None:
            yield from setting_rows(entry, path + "[].")
        else:
            default = "" if field.is_required() else _shown(field.get_default(call_default_factory=True))
            yield path, default, field.description or ""


def _shown(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def commands() -> list[tuple[str, Any]]:
    """Path (`device register`) and click command of every command, in order; nothing while there is no command line yet."""
    if importlib.util.find_spec("sensing.cli") is None or importlib.util.find_spec(CLI) is None:
        return []
    import typer
    from typer.main import get_command

    app = importlib.import_module(CLI).app
    assert isinstance(app, typer.Typer)
    return list(_walk(get_command(app), ""))


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if path and (inner is None or command.invoke_without_command):
        yield path, command
    for name, child in (inner or {}).items():
        if not child.hidden:
            yield from _walk(child, f"{path} {name}".strip())


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = [f"| `{path}` | {f'`{default}`' if default else ''} | {_cell(meaning)} |" for path, default, meaning in setting_rows()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def rights_table() -> str:
    """Every route by the least role that it takes, and how it serves who is bound to areas."""
    from sensing.web.routes import ROUTES

    served = {"area": "within their areas", "house": "refused", "any": "as everybody"}
    rows = [f"| `{route.name}` | {route.role.word if route.role else 'open'} | {served[route.scope]} |" for route in ROUTES]
    return "\n".join(["| route | role | bound to areas |", "|---|---|---|", *rows])


def command_list() -> str:
    """Every command with what it does and its options."""
    return "\n\n".join(_command(path, command) for path, command in commands())


def _command(path: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden and "--help" not in p.opts]
    usage = " ".join(["sensing", path, *(_argument(p) for p in arguments)])
    lines = [f"### `{usage}`", _plain(command.help or "")]
    lines += [f"- `{_argument(p)}`: {_cell(p.help)}" for p in arguments if p.help]
    lines += [f"- `{', '.join([*p.opts, *p.secondary_opts])}`: {_cell(p.help or '')}".rstrip(": ") for p in options]
    return "\n".join(lines)


def _argument(param: Any) -> str:
    name = (param.metavar or param.name).upper() + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _plain(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", text.replace("\f", "\n").replace("\b\n", "")).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS: dict[str, Callable[[], str]] = {"settings": settings_table, "commands": command_list, "rights": rights_table}
PAGES = ("docs/operate.md", "docs/commands.md", "docs/security.md")
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(page: str) -> str:
    """The page with its generated parts as they should be now."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", page)


def main() -> int:
    """Rewrite the pages that are out of date; returns 0."""
    for name in PAGES:
        path = ROOT / name
        before = path.read_text("utf-8")
        after = refreshed(before)
        if after != before:
            path.write_text(after, "utf-8")
            print(f"{name}: written anew")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
