"""token: API tokens for programs and people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="API 令牌。API tokens: create, list, rotate, revoke.", no_args_is_help=True)
_LISTED = ("id", "name", "role", "areas", "created", "expires", "revoked")


@app.command(epilog=EPILOG)
def create(
    role: Annotated[str, typer.Option(help="viewer, operator, engineer or admin")],
    name: Annotated[str | None, typer.Option(help="Who it is for; the audit log shows it. The role when left out")] = None,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="Only devices in areas that begin so; may be given several times. Everywhere when left out"),
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="90d", help="How long it works; for ever when left out")] = None,
) -> None:
    """创建令牌。Make an API token. Its text is shown once: `Authorization: Bearer TEXT`, or SENSING_TOKEN for this program.

    Example: `sensing token create --role viewer --name grafana --expires 90d`
    """
    from sensing import times

    from .client import connect, given

    until = times.rfc3339(times.now() + times.parse_duration(expires)) if expires else None
    with connect(data_folder()) as client:
        _show(client.post("/api/tokens", given({"role": role, "name": name or role, "expires": until}) | {"areas": area or []}))


@app.command(epilog=EPILOG)
def rotate(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `token list` shows it")],
    overlap: Annotated[
        str | None, typer.Option(metavar="10m", help="How long the old token still works; not at all when left out")
    ] = None,
) -> None:
    """更换令牌。Make a new token of the same name, role, areas and end in the place of one; its text is shown once.

    Example: `sensing token rotate t-7k2m9q4x81vz --overlap 10m`
    """
    from .client import connect, given, segment

    with connect(data_folder()) as client:
        _show(client.post(f"/api/tokens/{segment(token)}/rotate", given({"overlap": overlap})))


@app.command("list", epilog=EPILOG)
def list_() -> None:
    """列出令牌。List API tokens, never their text.

    Example: `sensing token list`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/tokens"), _LISTED)


@app.command(epilog=EPILOG)
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `token list` shows it")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """吊销令牌。End a token at once.

    Example: `sensing token revoke 7k2m9q --yes`
    """
    from .client import connect, segment
    from .output import sure, talk
    from .words import say

    sure(say("revoke_sure", id=token), yes=yes)
    with connect(data_folder()) as client:
        client.delete(f"/api/tokens/{segment(token)}")
    talk(say("revoked", id=token))


def _show(answer: dict[str, Any]) -> None:
    """A token on the one occasion that its text is known."""
    from .output import layout, show_one, talk, write
    from .words import say

    talk(say("token_once"))
    if layout() == "table":
        write(f"{answer['token']}\n")
    else:
        show_one(answer)
