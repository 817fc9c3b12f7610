"""The tree of commands. `app` is the typer app; `main` is what the program `sensing` runs."""

from __future__ import annotations

import typer

from . import (
    annotate,
    audit,
    backup,
    certificate,
    config,
    decode,
    device,
    device_codes,
    device_edit,
    device_import,
    device_types,
    dlq,
    doctor,
    event,
    explain,
    export,
    label,
    labels,
    ledger,
    principal,
    quarantine,
    query,
    record,
    redecode,
    replay,
    service,
    shift,
    storm,
    tail,
    token,
    user,
    vessel,
    watch,
)
from .lean import without
from .root import EPILOG, Root

app = typer.Typer(
    cls=Root,
    help="城市感知：收得下、读得懂、存得住。Urban Sensing: takes in what a city's devices say, and never loses a frame.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _one in (
    service,
    doctor,
    decode,
    tail,
    query,
    export,
    explain,
    redecode,
    ledger,
    annotate,
    record,
    replay,
    backup,
    watch,
    shift,
):
    app.add_typer(_one.app)
device.app.add_typer(device_import.app)
device.app.add_typer(device_edit.app)
device.app.add_typer(device_types.app)
device.app.add_typer(labels.app)
principal.app.add_typer(certificate.app)
device.app.add_typer(device_codes.app)
for _name, _group in (
    ("device", device),
    ("principal", principal),
    ("dlq", dlq),
    ("quarantine", quarantine),
    ("event", event),
    ("vessel", vessel),
    ("storm", storm),
    ("user", user),
    ("token", token),
    ("label", label),
    ("audit", audit),
    ("config", config),
):
    app.add_typer(_group.app, name=_name)


def main() -> None:
    """Run the command line; never returns."""
    without("pandas")
    app(prog_name="sensing")
