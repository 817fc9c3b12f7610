"""What all commands share: `--data`, `-o` and `--debug` anywhere on the line, and errors as one line and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from sensing.errors import Exit, SensingError

FORMATS = ("auto", "table", "json", "ndjson", "csv")
EPILOG = "Everywhere: --data DIR (SENSING_DATA, ./data) · -o auto|table|json|ndjson|csv · --debug"


@dataclass(frozen=True)
class Everywhere:
    """Options that every command takes, before or after its name."""

    data: Path = Path("data")
    output: str = "auto"
    debug: bool = False
    reads: bool = False


_given: ContextVar[Everywhere] = ContextVar("everywhere", default=Everywhere())  # noqa: B039 frozen
_VALUED = {"--data": "data", "-o": "output", "--output": "output"}


def everywhere() -> Everywhere:
    """The options of the command that runs."""
    return _given.get()


def data_folder(*, reads: bool = False) -> Path:
    """The data folder of the command that runs. reads: it only looks, so it makes none where there is none."""
    if reads:
        _given.set(replace(_given.get(), reads=True))
    return _given.get().data


def lift(arguments: Sequence[str]) -> tuple[list[str], Everywhere]:
    """Take the options that go everywhere out of a command line; raises typer.BadParameter for one that does not fit."""
    rest: list[str] = []
    found: dict[str, str] = {}
    debug, words = False, iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word == "--debug":
            debug = True
        elif name in _VALUED and (equals or word in _VALUED):
            found[_VALUED[name]] = value if equals else _next(words, name)
        elif word.startswith("-o") and word[2:] in FORMATS:
            found["output"] = word[2:]
        else:
            rest.append(word)
    output = found.get("output", "auto")
    if output not in FORMATS:
        raise typer.BadParameter(f"-o {output!r} is not one of {', '.join(FORMATS)}")
    folder = found.get("data") or os.environ.get("SENSING_DATA") or "data"
    return rest, replace(Everywhere(), data=Path(folder), output=output, debug=debug)


def _next(words: Iterator[str], name: str) -> str:
    found = next(words, None)
    if found is None:
        raise typer.BadParameter(f"{name} needs a value")
    return found


class _LightHelp:
    """A help flag that is False rather than unknown when absent: else typer loads pydantic to coerce it, 70 ms for nothing."""

    def get_help_option(self, ctx: Any) -> Any:
        """As typer makes it, with a default."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.default = False
        return option


class Quick(_LightHelp, TyperCommand):
    """A command without options that must answer at once."""


class Root(_LightHelp, TyperGroup):
    """The group at the top."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Lift the options that go everywhere, then parse as usual; `sensing --help | head -1` ends quietly."""
        with _quiet_pipe():
            try:
                rest, given = lift(args)
                _given.set(given)
                if not rest or {"-h", "--help"}.intersection(rest):
                    _in_words()
                return super().make_context(info_name, rest, parent, **extra)
            except typer.TyperException:
                _in_words()
                raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Whatever it raises becomes a line on stderr and an exit code (CONTRACT "Command line")."""
        try:
            with _quiet_pipe():
                answer = super().invoke(ctx)
                sys.stdout.flush()
                return answer
        except SensingError as error:
            _complain(error.what, error.hint)
            raise typer.Exit(int(error.exit_code)) from None
        except KeyboardInterrupt:
            raise typer.Exit(int(Exit.INTERRUPTED)) from None
        except (typer.Exit, typer.Abort):
            raise
        except typer.TyperException:
            _in_words()
            raise
        except Exception as error:
            if everywhere().debug:
                raise
            _complain(f"{type(error).__name__}: {error}", "a defect of ours: run it again with --debug and tell us")
            raise typer.Exit(int(Exit.UNEXPECTED)) from None


def _in_words() -> None:
    """Head typer's frames in the person's language. Late: what draws them is slow to load, and only help and mistakes need it."""
    from typer import rich_utils

    from .words import phrase

    for name in ("ARGUMENTS", "OPTIONS", "COMMANDS", "ERRORS"):
        setattr(rich_utils, f"{name}_PANEL_TITLE", phrase("help", name.lower()))
    rich_utils.RICH_HELP = phrase("help", "try")


@contextlib.contextmanager
def _quiet_pipe() -> Iterator[None]:
    """The reader of our pipe has gone: nobody is left to tell, and nothing is wrong."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, sys.stdout.fileno())
        raise typer.Exit(int(Exit.OK)) from None


def _complain(what: str, hint: str) -> None:
    from .output import complain

    complain(what, hint)
