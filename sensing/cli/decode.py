"""decode: read frames of a file or pipe with an adapter, without the service."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from sensing.model import Thing

    from .readings import Lines, Told

app = typer.Typer()
_SHOWN = ("device", "time", "code", "property", "statistic", "value", "unit", "result", "result_unit")
_WIDTHS = (14, 19, 10, 20, 14, 10, 9, 11, 9)
_NOBODY = "unknown"
_ZSTD = b"\x28\xb5\x2f\xfd"


@app.command(epilog=EPILOG)
def decode(
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="sl651, senml, plainjson ...")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="One frame a line, or a recording; - for stdin")] = "-",
    in_hex: Annotated[bool, typer.Option("--hex", help="Lines are hex digits")] = False,
    in_base64: Annotated[bool, typer.Option("--base64", help="Lines are base64")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Settings of this thing type, or of this maker's model")
    ] = None,
    fport: Annotated[int | None, typer.Option("--fport", min=0, max=255, help="LoRaWAN: the port the bytes came on")] = None,
    device: Annotated[str | None, typer.Option(metavar="ID", help="Settings, units and zero of this registered device")] = None,
) -> None:
    """解码报文。Read frames, one a line, and print one line for each reading. Needs no running service.

    A frame that is refused prints its reason and does not stop the next; then it ends with 3. Parts of one message are joined.
    JSON that wraps a frame (`payload_hex`, `payload_b64`, `data`; a recording) is unwrapped; blank lines and `#` comments are skipped.
    With `-o table` each frame is shown byte by byte: offset, bytes, what they are, what they say, and what is wrong with them.

    Example: `echo 7E7E010030301490... | sensing decode sl651 - --hex -o table`
    """
    from sensing.errors import Exit, UsageError

    from . import inputs
    from .readings import Lines

    if in_hex and in_base64:
        raise UsageError("--hex and --base64 exclude each other", "name the one that the lines are in")
    thing, table = _thing(adapter, model, device)
    if fport is not None:
        thing = _set(thing, fport=fport)
    lines = Lines(table, thing)
    with _opened(file) as source:
        _print(lines, source, inputs.HEX if in_hex else inputs.BASE64 if in_base64 else inputs.AUTO)
    if lines.bad:
        raise typer.Exit(int(Exit.VALIDATION))


def _thing(adapter: str, model: str | None, device: str | None) -> tuple[Thing, Any]:
    """The stand-in for the sender, and the adapter. Raises NotFoundError for an unknown adapter, type or device."""
    from sensing import app as root
    from sensing.errors import NotFoundError, ValidationError

    from .readings import stand_in

    adapters = root.adapters()
    if adapter not in adapters:
        raise NotFoundError(f'adapter "{adapter}" does not exist', f"there are {', '.join(adapters)}")
    native, principal, own, units = _NOBODY, _NOBODY, {}, {}
    if device is not None:
        found = _registered(device)
        model, native, principal = model or found["type"], found["native"], found["principal"]
        own = found
    types = root.types(data_folder()) if model else {}
    kind = types.get(model or "")
    known: Callable[[str], Mapping[str, Any] | None] = getattr(adapters[adapter], "model", lambda _name: None)
    own_model = (known(model) if kind is None and model else None) or {}
    if kind is None and not own_model and model not in {None, "generic"}:
        raise NotFoundError(f'type "{model}" does not exist', f"there are generic, {', '.join(sorted(types))}")
    if kind is not None and kind.adapter not in {"", adapter}:
        raise ValidationError(
            f"type {model} speaks {kind.adapter}, not {adapter}", "name another type, or decode with its adapter"
        )
    if kind is not None:
        units = dict(kind.units)
    settings = {**(kind.settings if kind else own_model), **(own.get("settings") or {})}
    thing = stand_in(adapter, native, principal, settings, {**units, **(own.get("unit") or {})})
    return (_dated(thing, own, units) if own else thing), adapters[adapter]


def _set(thing: Thing, **settings: Any) -> Thing:
    from msgspec.structs import replace

    return replace(thing, settings={**thing.settings, **settings})


def _registered(device: str) -> dict[str, Any]:
    from .client import connect, segment

    with connect(data_folder()) as client:
        found: dict[str, Any] = client.get(f"/api/devices/{segment(device)}")
        found["settings"] = client.get(f"/api/devices/{segment(device)}/settings")  # with payload keys, which are shown nowhere
    return found


def _dated(thing: Thing, found: dict[str, Any], units: dict[str, str]) -> Thing:
    """The thing with the device's configurations, as each was true."""
    from msgspec.structs import replace

    from sensing import times
    from sensing.model import Config

    configs = tuple(
        Config(
            valid_from=times.parse_instant(each["valid_from"]), generation=each["generation"], zero=each["zero"], offset=each["offset"],
            mount_height=each["mount_height"], datum=each["datum"], units={**units, **each["unit"]}, period_rule=each["period_rule"],
        )
        for each in found.get("configs", ())
    )  # fmt: skip
    return replace(thing, configs=configs or thing.configs)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    from sensing.errors import NotFoundError

    if file == "-":
        yield sys.stdin.buffer
        return
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(Path(file).open("rb"))
            if source.peek(4)[:4] == _ZSTD:
                from sensing import app as root

                source = stack.enter_context(root.opened_recording(Path(file)))
        except OSError as error:
            raise NotFoundError(f"{file}: {error.strerror}", "name a file, or - for stdin") from None
        yield source


def _print(lines: Lines, source: Iterable[bytes], form: str) -> None:
    """Each line's rows as soon as it is read, in the form asked for."""
    from .output import layout, show_rows

    shown = layout(stream=True)
    if shown == "ndjson":
        _ndjson(lines.all(source, form))
    elif shown == "csv":
        _csv(lines.all(source, form))
    elif shown == "json":
        show_rows([row for rows in lines.all(source, form) for row in rows], ())
    else:
        _blocks(lines, source, form)


def _ndjson(told: Iterable[list[dict[str, Any]]]) -> None:
    import msgspec

    out, encoder = sys.stdout.buffer, msgspec.json.Encoder()
    sys.stdout.flush()
    for rows in told:
        if rows:
            out.write(b"".join(encoder.encode(row) + b"\n" for row in rows))
            out.flush()


def _csv(told: Iterable[list[dict[str, Any]]]) -> None:
    from .output import Sheet
    from .readings import COLUMNS

    sheet = Sheet(COLUMNS)
    sheet.header()
    for rows in told:
        sheet.rows(row for row in rows if "device" in row)
        for row in rows:
            _aside(row)


def _blocks(lines: Lines, source: Iterable[bytes], form: str) -> None:
    """Each frame byte by byte, then what it said as a table."""
    from .annotated import view
    from .hexdump import dump
    from .output import write

    name = lines.adapter
    for told in lines.each(source, form):
        write(_headline(name, told))
        spans = lines.spans(told.payload)
        if spans is not None:
            write(view(told.payload, spans))
        elif told.payload:
            write(dump(told.payload))
        readings = [row for row in told.rows if "device" in row]
        if readings:
            write("\n" + _drawn(readings))
        write("\n")


def _headline(name: str, told: Told) -> str:
    """`── line 3 · sl651 · 83 bytes · ✔ 14 readings`, and a line for each error."""
    from .output import paint, printable
    from .words import say

    readings = sum("device" in row for row in told.rows)
    verdicts = [paint(f"✖ {row['error']}: {printable(row['detail'])}", "red") for row in told.rows if "error" in row]
    verdicts += [f"○ {printable(row['control'])}" for row in told.rows if "control" in row]
    if readings:
        verdicts.insert(0, paint(f"✔ {say('readings', count=readings)}", "green"))
    if told.waiting:
        verdicts.append(f"… {say('parts')}")
    lead = f"── {say('line', number=told.line)} · {name} · {say('size', count=len(told.payload))}"
    return "\n   ".join([" · ".join([lead, *verdicts[:1]]), *verdicts[1:]]) + "\n"


def _drawn(rows: Iterable[dict[str, Any]]) -> str:
    from .output import cell, padded
    from .words import phrase

    cells = [[phrase("column", name) for name in _SHOWN], *([cell(name, row[name]) for name in _SHOWN] for row in rows)]
    return "".join(
        "  ".join(padded(text, width) for text, width in zip(line, _WIDTHS, strict=True)).rstrip() + "\n" for line in cells
    )


def _aside(row: dict[str, Any]) -> None:
    """A line that holds no reading, where only readings fit: on stderr."""
    from .output import complain, printable, talk
    from .words import say

    if "error" in row:
        complain(f"{say('line', number=row['line'])}: {row['error']}: {row['detail']}")
    elif "control" in row:
        talk(f"  {say('line', number=row['line'])}: {printable(row['control'])}")
