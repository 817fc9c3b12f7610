"""device template: a thing type guessed from what a device sends, and the head of a spreadsheet of devices."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def template(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Payloads: JSON, one a line, hex, base64 or a recording")] = "",
    adapter: Annotated[str, typer.Option(help="The protocol, when the guess is wrong")] = "",
    identity: Annotated[
        str, typer.Option("--id", metavar="TYPE", help="Write DATA/things/TYPE.toml and its test; without it, print the type")
    ] = "",
    name_zh: Annotated[str, typer.Option("--name-zh", help="What people call it, in Chinese")] = "",
    name_en: Annotated[str, typer.Option("--name-en", help="and in English")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Over a type of this site that is there")] = False,
    sheet: Annotated[
        bool, typer.Option("--csv", help="The head of a spreadsheet of devices, with an example of each type")
    ] = False,
) -> None:
    """由样本报文生成设备类型。Guess a device's type from what it sends: protocol, id, time, values, units, cadence; doubts are comments.

    With --id it becomes a type of this site, with a golden test that `sensing config check` runs. Several samples tell the cadence.

    Example: `sensing device template payloads.txt --id acme-level --name-zh 液位计`
    """
    from sensing.errors import UsageError

    if sheet:
        _sheet()
        return
    if not file:
        raise UsageError("no sample", "name a file of payloads, - for stdin, or --csv for a spreadsheet")
    _write(_read(file), adapter, identity, (name_zh or identity, name_en or identity), replace=replace)


def _write(data: bytes, adapter: str, identity: str, names: tuple[str, str], *, replace: bool) -> None:
    from sensing import app as root
    from sensing import times
    from sensing.errors import NotFoundError
    from sensing.guess import kind, samples, toml

    from .output import talk, write
    from .words import say

    adapters, received = root.adapters(), times.now()
    if adapter and adapter not in adapters:
        raise NotFoundError(f'adapter "{adapter}" does not exist', f"there are {', '.join(adapters)}")
    taken = samples.samples(data)
    found = kind.guess(taken, adapters, root.types(data_folder()), received, adapter)
    text = toml.written(found, names[0] or "未命名", names[1] or "Unnamed")
    if not identity:
        write(text)
        return
    path = _kept(identity, text, taken, received, replace=replace)
    talk(say("type_written", path=path, confidence=f"{found.confidence:.2f}"))
    write(text)


def _kept(identity: str, text: str, taken: Any, received: int, *, replace: bool) -> Path:
    """Write the type and its test together, once both are known to be right. Raises ConflictError, ValidationError."""
    from sensing import app as root
    from sensing.errors import ConflictError, UsageError
    from sensing.things import read_type
    from sensing.topics import is_id

    from . import golden

    if not is_id(identity):
        raise UsageError(f'--id "{identity}" is not an id', "use 1 to 64 of a-z, 0-9 and -")
    folder = data_folder() / "things"
    path, test = folder / f"{identity}.toml", folder / f"{identity}{golden.SUFFIX}"
    if path.exists() and not replace:
        raise ConflictError(f"{path} is there already", "give another --id, or --replace")
    folder.mkdir(parents=True, exist_ok=True)
    before = path.read_text("utf-8") if path.exists() else None
    try:
        path.write_text(text, "utf-8")
        kind = read_type(path)
        test.write_text(golden.written(kind, root.adapters()[kind.adapter], taken, received), "utf-8")
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink() if before is None else path.write_text(before, "utf-8")
        raise
    return path


def _read(file: str) -> bytes:
    from sensing.errors import NotFoundError

    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise NotFoundError(f"{file}: {error.strerror}", "name a file of payloads, or - for stdin") from None


_EXAMPLES = {
    "sl651": "00{:08d}", "hj212": "3506{:010d}", "lorawan": "24e12400{:08x}", "ais": "4120{:05d}",
}  # fmt: skip
"""How a native id looks in each protocol."""


def _sheet() -> None:
    """Header in the person's language, and a device of each type, which an import takes as it is."""
    import csv

    from sensing import app as root
    from sensing.registry.export import CHINESE, COLUMNS

    from .words import language

    writer = csv.writer(sys.stdout, lineterminator="\n")
    chinese = language() == "zh"
    writer.writerow(CHINESE if chinese else COLUMNS)
    for number, (name, kind) in enumerate(sorted(root.types(data_folder()).items()), 1):
        adapter = kind.adapter or "plainjson"
        cells = {
            "id": f"{name[:58]}-1", "type": name, "adapter": adapter, "native": _EXAMPLES.get(adapter, f"{name[:50]}-{{:04d}}").format(number),
            "name": kind.name_zh if chinese else kind.name_en, "lat": f"24.5{number:03d}", "lon": "117.65", "crs": "wgs84",
            "area": "示例" if chinese else "example", "datum": "85" if "water_level" in kind.properties else "",
        }  # fmt: skip
        writer.writerow([cells.get(column, "") for column in COLUMNS])
