"""The tree of commands. `app` is the typer app; `main` is what the program `sensing` runs."""

from __future__ import annotations

import typer

from . import (
    annotate,
    audit,
    config,
    decode,
    device,
    dlq,
    doctor,
    explain,
    ledger,
    principal,
    quarantine,
    query,
    redecode,
    service,
    tail,
    token,
)
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
for _one in (service, doctor, decode, tail, query, explain, redecode, ledger, annotate):
    app.add_typer(_one.app)
for _name, _group in (
    ("device", device),
    ("principal", principal),
    ("dlq", dlq),
    ("quarantine", quarantine),
    ("token", token),
    ("audit", audit),
    ("config", config),
):
    app.add_typer(_group.app, name=_name)


def main() -> None:
    """Run the command line; never returns."""
    app(prog_name="sensing")
