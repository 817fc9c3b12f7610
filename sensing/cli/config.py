"""config: what is set, and where it was set."""

from __future__ import annotations

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="设置。Settings: show, check, path.", no_args_is_help=True)


@app.command(epilog=EPILOG)
def show() -> None:
    """查看设置。List every setting, its value, and where the value comes from: default, a file, or an environment variable.

    Example: `sensing config show -o json`
    """
    from sensing import settings

    from .output import show_rows

    loaded = settings.load(data_folder())
    values = settings.leaves(loaded.settings.model_dump(mode="json"))
    show_rows(
        [{"setting": path, "value": value, "from": _origin(path, loaded.provenance)} for path, value in values],
        ("setting", "value", "from"),
    )


@app.command(epilog=EPILOG)
def check() -> None:
    """检查设置。Read all settings and thing types, and say what is wrong with the first that does not fit. Ends with 3 then.

    Types of this site that were made by `device template` must still read their samples as they did (`things/*.golden.json`).

    Example: `sensing config check`
    """
    from sensing import app as root
    from sensing import settings
    from sensing.things import check_settings

    from . import golden
    from .output import layout, show_one, write
    from .words import say

    settings.load(data_folder())
    kinds = root.types(data_folder())
    check_settings(kinds.values(), root.adapters())
    tests = sorted((data_folder() / "things").glob(f"*{golden.SUFFIX}"))
    readings = sum(golden.check(path, kinds, root.adapters()) for path in tests)
    if layout() == "table":
        write(say("config_fits", types=len(kinds)) + "\n")
    else:
        show_one({"ok": True, "types": len(kinds), "tests": len(tests), "readings": readings})


@app.command(epilog=EPILOG)
def path() -> None:
    """设置文件。Print where this site's settings are, whether the file is there yet or not.

    Example: `sensing config path`
    """
    from .output import layout, show_one, write
    from .root import everywhere

    where = str((data_folder() / "config.toml").absolute())
    if everywhere().output in {"auto", "table"}:
        write(where + "\n")
    else:
        show_one({"path": where}, ["path"] if layout() == "csv" else ())


def _origin(name: str, provenance: dict[str, str]) -> str:
    return provenance.get(name, "default")
