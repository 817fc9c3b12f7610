"""token: API tokens for programs and people."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="API 令牌。API tokens: create, list, revoke.", no_args_is_help=True)
_LISTED = ("id", "name", "role", "created", "expires", "revoked")


@app.command(epilog=EPILOG)
def create(
    role: Annotated[str, typer.Option(help="viewer, operator, engineer or admin")],
    name: Annotated[str | None, typer.Option(help="Who it is for; the audit log shows it. The role when left out")] = None,
    expires: Annotated[str | None, typer.Option(metavar="90d", help="How long it works; for ever when left out")] = None,
) -> None:
    """创建令牌。Make an API token. Its text is shown once: `Authorization: Bearer TEXT`, or SENSING_TOKEN for this program.

    Example: `sensing token create --role viewer --name grafana --expires 90d`
    """
    from sensing import times

    from .client import connect, given
    from .output import layout, show_one, talk, write
    from .words import say

    until = times.rfc3339(times.now() + times.parse_duration(expires)) if expires else None
    with connect(data_folder()) as client:
        answer = client.post("/api/tokens", given({"role": role, "name": name or role, "expires": until}))
    talk(say("token_once"))
    if layout() == "table":
        write(f"{answer['token']}\n")
    else:
        show_one(answer)


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
