"""principal: who connects (gateways, receivers, network servers, sensors, join credentials), and its passwords."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="接入方：网关、接收机及其密码。Principals: who connects, and with what.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The principal's id, which is its MQTT username")]
Origin = Annotated[str | None, typer.Option(help="live, simulated or replayed: what all it sends is marked with")]
Run = Annotated[str | None, typer.Option(help="The run that its data belong to (simulated and replayed)")]
_LISTED = ("id", "kind", "name", "devices", "created", "retired")


@app.command(epilog=EPILOG)
def register(
    principal: Annotated[str, typer.Argument(metavar="ID", help="Its id and MQTT username: a-z, 0-9 and -")],
    kind: Annotated[str, typer.Option(help="gateway, receiver, server, sensor, join or reader (of the live feed)")] = "gateway",
    name: Annotated[str | None, typer.Option(help="What people call it")] = None,
    origin: Origin = None,
    run: Run = None,
) -> None:
    """登记接入方。Register who connects. Prints its password once; devices name it with `device register --principal`.

    Example: `sensing principal register dtu-gulei --kind gateway --name 古雷网关`
    """
    from .client import connect, given
    from .credential import show_principal

    with connect(data_folder()) as client:
        show_principal(
            client.post("/api/principals", given({"id": principal, "kind": kind, "name": name, "origin": origin, "run": run})),
            "registered",
        )


@app.command("list", epilog=EPILOG)
def list_(
    kind: Annotated[str | None, typer.Option(help="Only this kind")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Retired ones too")] = False,
) -> None:
    """列出接入方。List principals, with how many devices each carries and, in JSON, its credentials (never a secret).

    Example: `sensing principal list --kind gateway`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/principals", kind=kind, retired="1" if retired else None), _LISTED)


@app.command(epilog=EPILOG)
def rotate(
    principal: Id,
    overlap: Annotated[
        str | None, typer.Option(metavar="10m", help="How long the old password still works; not at all when left out")
    ] = None,
    origin: Origin = None,
    run: Run = None,
) -> None:
    """更换密码。Give a principal a new password, shown once; the old one of the same origin and run ends.

    Example: `sensing principal rotate dtu-gulei --overlap 1h`
    """
    from .client import connect, given, segment
    from .credential import show_principal

    body = given({"overlap": overlap, "origin": origin, "run": run})
    with connect(data_folder()) as client:
        show_principal(client.post(f"/api/principals/{segment(principal)}/rotate", body), "rotated")


@app.command(epilog=EPILOG)
def credential(
    principal: Id,
    origin: Origin = None,
    run: Run = None,
    expires: Annotated[str | None, typer.Option(metavar="7d", help="How long it works; for ever when left out")] = None,
) -> None:
    """增发密码。Give a principal one more password beside those it has, for another origin or run. Shown once.

    Example: `sensing principal credential dtu-gulei --origin simulated --run drill-2026 --expires 7d`
    """
    from sensing import times

    from .client import connect, given, segment
    from .credential import show_principal

    until = times.rfc3339(times.now() + times.parse_duration(expires)) if expires else None
    with connect(data_folder()) as client:
        answer = client.post(
            f"/api/principals/{segment(principal)}/credentials", given({"origin": origin, "run": run, "expires": until})
        )
        show_principal(answer, "issued")


@app.command(epilog=EPILOG)
def revoke(
    principal: Id,
    which: Annotated[str | None, typer.Option("--credential", help="Only this credential; all of them when left out")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """吊销密码。End a principal's passwords at once: it is disconnected within 5 seconds.

    Example: `sensing principal revoke dtu-gulei --yes`
    """
    from .client import given
    from .output import sure
    from .words import say

    sure(say("revoke_sure", id=principal), yes=yes)
    _move(principal, "revoke", given({"credential": which}), "revoked")


@app.command(epilog=EPILOG)
def retire(
    principal: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """停用接入方。Refuse a principal from now on. Ends with 6 while it still carries devices.

    Example: `sensing principal retire dtu-gulei --yes`
    """
    from .output import sure
    from .words import say

    sure(say("retire_sure", id=principal), yes=yes)
    _move(principal, "retire", {}, "retired")


@app.command(epilog=EPILOG)
def restore(principal: Id) -> None:
    """恢复接入方。Take a retired principal back, with the passwords it had.

    Example: `sensing principal restore dtu-gulei`
    """
    _move(principal, "restore", {}, "restored")


def _move(principal: str, verb: str, body: dict[str, object], said: str) -> None:
    from .client import connect, segment
    from .output import show_one, talk
    from .words import say

    with connect(data_folder()) as client:
        answer = client.post(f"/api/principals/{segment(principal)}/{verb}", body)
    talk(say(said, id=principal))
    show_one(answer)
