"""principal certificate: a client certificate in the place of a password, made, signed or taken note of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer()
_MOST = 65_536


@app.command(epilog=EPILOG)
def certificate(
    principal: Annotated[str, typer.Argument(metavar="ID", help="The principal's id, which is its MQTT username")],
    csr: Annotated[Path | None, typer.Option(help="Sign this request (PEM): the key stays with the device")] = None,
    existing: Annotated[
        Path | None, typer.Option(help="Take note of a certificate that another authority has issued (PEM)")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3_650, help="How long it lasts; 365 when left out")] = None,
    into: Annotated[Path | None, typer.Option("--to-dir", help="Write ID.crt, ID.key (mode 0600) and ca.crt here")] = None,
    origin: Annotated[str | None, typer.Option(help="live, simulated or replayed: what all it sends is marked with")] = None,
    run: Annotated[str | None, typer.Option(help="The run that its data belong to (simulated and replayed)")] = None,
) -> None:
    """签发设备证书。Give a principal a client certificate, which opens the TLS door without a password (mqtt.tls_client_ca).

    Without --csr and --existing it makes a key as well, shown once. The authority is the data folder's own: ca.crt and ca.key.
    End a certificate with `sensing principal revoke ID --credential C`.

    Example: `sensing principal certificate dtu-gulei --days 365 --to-dir certs`
    """
    from .client import connect, given, segment
    from .output import show_one, talk
    from .words import say

    body = given({"csr": _read(csr), "certificate": _read(existing), "days": days, "origin": origin, "run": run})
    with connect(data_folder()) as client:
        answer = client.post(f"/api/principals/{segment(principal)}/certificate", body)
    if into is not None:
        answer = _write(answer, into)
    talk(say("issued_certificate", id=principal))
    show_one(answer)
    if answer.get("key"):
        talk(say("key_once"))


def _read(path: Path | None) -> str | None:
    from sensing.errors import NotFoundError, ValidationError

    if path is None:
        return None
    try:
        return path.read_text("ascii")[:_MOST]
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}", "name a PEM file") from None
    except UnicodeDecodeError:
        raise ValidationError(f"{path} is not PEM", "convert it: openssl ... -outform PEM") from None


def _write(answer: dict[str, Any], folder: Path) -> dict[str, Any]:
    """PEM texts into files; the answer names these instead."""
    import os

    folder.mkdir(parents=True, exist_ok=True)
    told = dict(answer)
    for name, file, mode in (
        ("certificate", f"{answer['id']}.crt", 0o644),
        ("key", f"{answer['id']}.key", 0o600),
        ("ca", "ca.crt", 0o644),
    ):
        if answer.get(name):
            path = folder / file
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as out:
                out.write(answer[name])
            told[name] = None
            told[f"{name}_file"] = str(path)
    return told
