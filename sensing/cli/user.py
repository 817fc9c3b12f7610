"""user: people who sign in at a browser: who they are, what they may do, and where."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="用户：谁可以登录、能做什么、在哪些区域。People who sign in.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The name they sign in with: a-z, 0-9 and -")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="Only devices in areas that begin so; may be given several times. Everywhere when left out"),
]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input: never an argument")]
_LISTED = ("id", "name", "role", "areas", "must_change", "created", "removed")


@app.command(epilog=EPILOG)
def add(
    user: Id,
    role: Annotated[str, typer.Option(help="viewer, operator, engineer or admin")],
    area: Areas = None,
    name: Annotated[str | None, typer.Option(help="What people call them")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """添加用户。Add a person. Prints a one-time password, shown once, to be changed at the first sign-in within 7 days.

    Example: `sensing user add wang --role engineer --area 漳州 --name 王工`
    """
    from .client import connect, given

    body = given({"id": user, "role": role, "name": name, "password": _typed() if password_stdin else None})
    with connect(data_folder()) as client:
        _show(client.post("/api/users", body | {"areas": area or []}), "user_added")


@app.command("list", epilog=EPILOG)
def list_(removed: Annotated[bool, typer.Option("--removed", help="Those who were removed too")] = False) -> None:
    """列出用户。List people with their roles and areas, never a password.

    Example: `sensing user list`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/users", removed="1" if removed else None), _LISTED)


@app.command(epilog=EPILOG)
def role(
    user: Id,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, operator, engineer or admin")],
    area: Areas = None,
) -> None:
    """更改角色与区域。Give a person another role, in these areas or everywhere. What they have open ends within 5 seconds.

    Example: `sensing user role wang operator --area 漳州 --area 厦门`
    """
    _move(user, "role", {"role": role, "areas": area or []}, "edited")


@app.command(epilog=EPILOG)
def password(user: Id, password_stdin: FromStdin = False) -> None:
    """重设密码。Give a person another password: a one-time one, shown once, or theirs from standard input. What they have open ends.

    Example: `sensing user password wang`
    """
    from .client import connect, given, segment

    body = given({"password": _typed() if password_stdin else None})
    with connect(data_folder()) as client:
        _show(client.post(f"/api/users/{segment(user)}/password", body), "rotated")


@app.command(epilog=EPILOG)
def link(
    user: Id, lasts: Annotated[str, typer.Option("--for", metavar="TIME", help="How long it opens, at most 24h")] = "15m"
) -> None:
    """一次性登录链接。Print a link that signs somebody in, once, without a password. Whoever has it has their rights: hand it over with care.

    It opens over TLS or on the machine itself.

    Example: `sensing user link wang --for 10m`
    """
    from sensing import runfile

    from .client import connect, segment
    from .output import layout, show_one, talk, write
    from .words import say

    data = data_folder()
    with connect(data) as client:
        made = client.post(f"/api/users/{segment(user)}/link", {"lasts": lasts})
    base = str((runfile.running(data) or {}).get("http") or "")
    made = {"user": made["user"], "link": base + made["path"], "ends": made["ends"]}
    if layout() != "table":
        show_one(made)
        return
    write(f"{made['link']}\n")
    talk(say("link_once", ends=made["ends"]))


@app.command(epilog=EPILOG)
def remove(user: Id, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False) -> None:
    """移除用户。Let a person in no more, restorably. What they have open ends within 5 seconds.

    Example: `sensing user remove wang --yes`
    """
    from .output import sure
    from .words import say

    sure(say("remove_sure", id=user), yes=yes)
    _move(user, "remove", {}, "removed")


@app.command(epilog=EPILOG)
def restore(user: Id) -> None:
    """恢复用户。Take a removed person back, with the role and password they had.

    Example: `sensing user restore wang`
    """
    _move(user, "restore", {}, "restored")


def _typed() -> str:
    """The first line of standard input."""
    from sensing.errors import UsageError

    found = sys.stdin.readline().rstrip("\r\n")
    if not found:
        raise UsageError("there is no password on standard input", "pipe it in: `... --password-stdin < file`")
    return found


def _show(answer: dict[str, Any], said: str) -> None:
    """A person; the one-time password last, on the one occasion that it is known."""
    from .output import layout, show_one, talk
    from .words import say

    shown = answer if answer["password"] else {name: value for name, value in answer.items() if not name.startswith("password")}
    if layout() == "table":
        talk(say(said, id=answer["id"]))
    show_one(shown)
    if answer["password"]:
        talk(say("setup_once"))


def _move(user: str, verb: str, body: dict[str, Any], said: str) -> None:
    from .client import connect, segment
    from .output import show_one, talk
    from .words import say

    with connect(data_folder()) as client:
        answer = client.post(f"/api/users/{segment(user)}/{verb}", body)
    talk(say(said, id=user))
    show_one(answer)
