"""device qr, device record: what is printed for a device."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from sensing.labels import Label

    from .client import Client

app = typer.Typer()


@app.command(epilog=EPILOG)
def qr(
    devices: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Devices by id")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every device in service")] = False,
    area: Annotated[str, typer.Option(help="Every device of an area")] = "",
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="One code as PNG")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="One code as SVG")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="SHEET.pdf", help="Sheets of labels, A4, 3 x 8 of 70 x 37 mm")] = None,
    skip: Annotated[int, typer.Option(min=0, max=23, help="Labels of the first sheet that are used already")] = 0,
    base: Annotated[str, typer.Option(help="The address in the code; http.public_url, or where the service listens")] = "",
) -> None:
    """打印二维码标签。QR labels: a phone opens the device's page; the 8-character code below it can be typed as well.

    Without a file the codes are drawn on the terminal.

    Example: `sensing device qr --area zhangpu --pdf labels.pdf`
    """
    from sensing import labels
    from sensing.errors import UsageError

    from .client import connect
    from .output import talk, write
    from .words import say

    if not (devices or all_ or area):
        raise UsageError("which devices?", "name them, or --all, or --area A")
    with connect(data_folder()) as client:
        found = _labels(client, devices or [], area, base, all_=all_)
    if (png or svg) and len(found) != 1:
        raise UsageError(f"{len(found)} devices in one picture", "name one, or make a sheet (--pdf)")
    for path, content in ((png, labels.png), (svg, labels.svg)):
        if path is not None:
            path.write_bytes(content(found[0]))
            talk(say("written", path=path))
    if pdf is not None:
        pdf.write_bytes(labels.sheet(found, skip))
        talk(say("written", path=pdf))
    if not (png or svg or pdf):
        write(_shown(found))


def _shown(found: list[Label]) -> str:
    """Codes drawn for people; their words for programs."""
    from sensing import labels

    from .output import json_text, layout, printable

    form = layout()
    if form in {"json", "ndjson", "csv"}:
        rows = [{"code": label.code, "name": label.name, "url": label.text} for label in found]
        return json_text(rows, indent=2) + "\n" if form == "json" else "".join(json_text(row) + "\n" for row in rows)
    return "".join(
        f"{labels.terminal(each)}  {labels.spelled(each.code)}  {printable(each.name)}\n  {each.text}\n\n" for each in found
    )


def _labels(client: Client, devices: list[str], area: str, base: str, *, all_: bool) -> list[Label]:
    from sensing.labels import Label, url

    from .client import segment

    found = [client.get(f"/api/devices/{segment(device)}") for device in devices]
    if all_ or area:
        known = {device["id"] for device in found}
        found += [device for device in client.items("/api/devices", area=area or None) if device["id"] not in known]
    at = base or public()
    return [
        Label(device["label"], device["name"] or device["id"], device["area"], url(at, device["label"]))
        for device in found
    ]  # fmt: skip


def public() -> str:
    """Where people reach the service: as set, else where it listens now, else where it would."""
    from sensing import runfile, settings

    http = settings.load(data_folder()).settings.http
    if http.public_url:
        return http.public_url
    running = runfile.running(data_folder()) or {}
    scheme = "https" if http.tls_cert else "http"
    return str(running.get("http") or f"{scheme}://{http.host}:{http.port}")


@app.command(epilog=EPILOG)
def record(
    device: Annotated[str, typer.Argument(metavar="ID", help="The device's id")],
    dip: Annotated[float | None, typer.Option(metavar="3.42", help="What a hand measured, in the property's own unit")] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who commissions it; the account when left out")] = "",
    photo: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A picture of the installation; it stays where it is")
    ] = None,
    note: Annotated[str, typer.Option(help="A note")] = "",
    since: Annotated[str | None, typer.Option(help="Prove it by what came since (a duration or an instant)")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE.pdf", help="Print it there, as PDF")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="or as a page")] = None,
    last: Annotated[bool, typer.Option("--last", help="Print the newest record again, make none")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check every record of the device, make none")] = False,
) -> None:
    """投运记录。Commission a device: checklist, first stored values, dip test, photo, configuration in force; hashed, kept, printable.

    The service itself looks at what it stored; a record that somebody changed later is found (--verify ends with 7).

    Example: `sensing device record gauge-17 --dip 3.42 --by 王工 --photo gauge.jpg --pdf gauge-17.pdf`
    """
    from sensing.errors import NotFoundError, UsageError

    from .client import connect, segment

    if (verify or last) and (dip is not None or photo or note or by):
        raise UsageError("--verify and --last make no record", "leave out what would be recorded")
    path = f"/api/devices/{segment(device)}/commissions"
    body = {"by": by, "dip": dip, "photo": _photo(photo), "note": note, "since": since}
    with connect(data_folder()) as client:
        if verify:
            _verify(client.items(path))
            return
        kept = (
            client.items(path)[:1]
            if last
            else [client.post(path, {name: value for name, value in body.items() if value is not None and value != ""})]
        )
    if not kept:
        raise NotFoundError(f"{device} has no commissioning record", "make one without --last")
    _print(kept[0], pdf, html)


def _photo(path: Path | None) -> dict[str, Any] | None:
    """Path, size and hash. Raises NotFoundError."""
    from sensing.errors import NotFoundError

    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}", "name the picture's file") from None
    return {"path": str(path), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _print(kept: Mapping[str, Any], pdf: Path | None, html: Path | None) -> None:
    from sensing import papers

    from .checklist import line
    from .output import layout, show_one, talk, write
    from .words import say

    document = kept["document"]
    if pdf is not None:
        pdf.write_bytes(papers.pdf(document, kept["sha256"]))
        talk(say("written", path=pdf))
    if html is not None:
        html.write_text(papers.html(document, kept["sha256"]), "utf-8")
        talk(say("written", path=html))
    if layout() != "table":
        show_one(kept)
        return
    write("".join(line(step) + "\n" for step in document["checklist"]["steps"]))
    dip = document["dip"]
    if dip and dip["measured"] is not None:
        write(say("dip_test", value=dip["value"], measured=dip["measured"], difference=f"{dip['difference']:+.3f}") + "\n")
    write(f"{say('recorded', id=kept['id'])}\nSHA-256 {kept['sha256']}\n")


def _verify(kept: list[dict[str, Any]]) -> None:
    """Each record with whether document, hash, audit line and photo still agree. Exits with 7 when one does not."""
    from sensing.errors import Exit
    from sensing.registry.commissions import canonical, digest

    from .output import show_rows

    rows = []
    for each in kept:
        own = each["whole"] and digest(canonical(each["document"])) == each["sha256"]
        rows.append(
            {"id": each["id"], "at": each["at"], "by": each["by"], "sha256": each["sha256"], "ok": own, "photo": _same(each)}
        )
    show_rows(rows, ("id", "at", "by", "sha256", "ok", "photo"))
    if not all(row["ok"] for row in rows) or any(row["photo"] is False for row in rows):
        raise typer.Exit(int(Exit.CHECK_FAILED))


def _same(kept: Mapping[str, Any]) -> bool | None:
    """Whether the photo is the one that was hashed; None when there is none, or not here."""
    photo = kept["document"]["photo"]
    try:
        return hashlib.sha256(Path(photo["path"]).read_bytes()).hexdigest() == photo["sha256"] if photo else None
    except OSError:
        return None
