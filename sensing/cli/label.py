"""label: blank labels, printed before there is a device to stick them on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from .client import Client

app = typer.Typer(help="空白标签。Blank labels: make, print, list, revoke.", no_args_is_help=True)
_LISTED = ("code", "batch", "state", "device", "made", "by", "ends", "note")
_PDF = typer.Option(metavar="SHEET.pdf", help="Print them there, A4, 3 x 8 of 70 x 37 mm")
_SKIP = typer.Option(min=0, max=23, help="Labels of the first sheet that are used already")


@app.command(epilog=EPILOG)
def new(
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=1200, help="How many; 24 fill a sheet")] = 24,
    lasts: Annotated[str, typer.Option(metavar="365d", help="How long they may be stuck on")] = "365d",
    note: Annotated[str, typer.Option(help="A note that is printed on each")] = "",
    pdf: Annotated[Path | None, _PDF] = None,
    skip: Annotated[int, _SKIP] = 0,
) -> None:
    """制作空白标签。Make blank labels. One is stuck on a device in the field and scanned: registered, it is that device's label for ever.

    Each is used once. Without --pdf their codes are listed; `sensing label print` prints the batch later.

    Example: `sensing label new -n 24 --pdf labels.pdf`
    """
    from .client import connect
    from .output import show_rows, talk
    from .words import say

    with connect(data_folder()) as client:
        made = client.post("/api/labels", {"count": count, "lasts": lasts, "note": note})
        if pdf is None:
            show_rows(made["items"], _LISTED)
            return
        _print(client, made["batch"], pdf, skip)
    talk(say("written", path=pdf))


@app.command("print", epilog=EPILOG)
def print_(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="As `label list` shows it")],
    pdf: Annotated[Path, _PDF],
    skip: Annotated[int, _SKIP] = 0,
) -> None:
    """打印空白标签。Print the free labels of a batch.

    Example: `sensing label print b-1a2b3c4d --pdf labels.pdf`
    """
    from .client import connect
    from .output import talk
    from .words import say

    with connect(data_folder()) as client:
        _print(client, batch, pdf, skip)
    talk(say("written", path=pdf))


@app.command("list", epilog=EPILOG)
def list_(
    batch: Annotated[str, typer.Option(help="Only this batch")] = "",
    state: Annotated[str, typer.Option(help="free, used, revoked or over; all when left out")] = "",
) -> None:
    """列出空白标签。List blank labels, the newest first, with what became of each.

    Example: `sensing label list --state free`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/labels", batch=batch or None, state=state or None), _LISTED)


@app.command(epilog=EPILOG)
def revoke(which: Annotated[str, typer.Argument(metavar="BATCH|CODE", help="A batch, or one label by its code")]) -> None:
    """作废空白标签。Revoke the free labels of a batch, or one: nothing can be registered with them. Ends with 4 when there is none such.

    Example: `sensing label revoke b-1a2b3c4d`
    """
    from .client import connect
    from .output import show_one

    with connect(data_folder()) as client:
        show_one(client.post("/api/labels/revoke", {"which": which}))


def _print(client: Client, batch: str, pdf: Path, skip: int) -> None:
    from sensing import labels
    from sensing.labels import Label, url

    from .labels import public

    found = list(client.items("/api/labels", batch=batch, state="free"))
    base = public()
    made = [
        Label(each["code"], each["note"] or "________________", f"≤ {each['ends'][:10]}", url(base, each["code"]))
        for each in found
    ]
    if not made:
        from sensing.errors import NotFoundError

        raise NotFoundError(f'batch "{batch}" has no free label', "`sensing label list` shows them")
    pdf.write_bytes(labels.sheet(made[::-1], skip))
