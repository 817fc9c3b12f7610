"""One request, read: who asks, and parameters and body with errors that say which value is wrong and how to write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, TypeVar

import msgspec
import pydantic
from msgspec import Struct

from sensing import times
from sensing.access import Identity
from sensing.audit import Actor
from sensing.errors import UsageError, ValidationError
from sensing.query.asked import domains
from sensing.query.keep import Box, box

Form = TypeVar("Form", bound=pydantic.BaseModel)
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Ask(Struct, frozen=True):
    """identity: None on an open route. address: the client's. query: parameters, all of which the route knows."""

    identity: Identity | None
    address: str
    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: bytes = b""
    resume: str = ""
    """The header Last-Event-ID."""
    upload: IO[bytes] | None = None
    """The body of a route that takes a file: on disk, seekable, gone when the request is."""
    bearer: str | None = None
    """The header Authorization, for streams that ask again whether it still holds."""
    cookie: str | None = None
    """The session's cookie, likewise."""
    url: str = ""
    """The path as it was asked for."""
    accepts: str = ""
    """The header Accept-Encoding."""
    known: str = ""
    """The header If-None-Match."""

    @property
    def actor(self) -> Actor:
        """Who the audit log names."""
        return Actor(self.identity.name, self.address, self.identity.areas) if self.identity else Actor("nobody", self.address)

    def text(self, name: str, default: str = "") -> str:
        return self.query.get(name, default).strip()

    def words(self, name: str) -> tuple[str, ...]:
        """Words between commas."""
        return tuple(word.strip() for word in self.query.get(name, "").split(",") if word.strip())

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number; raises UsageError outside low..high."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.lstrip("-").isdigit() or not low <= int(text[:20]) <= high:
            raise UsageError(f'{name} "{text[:40]}" is not a number from {low} to {high}', "correct it or leave it out")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name).lower()
        if text not in _YES and text:
            raise UsageError(f'{name} "{text[:40]}" is neither yes nor no', "write 1 or 0")
        return _YES.get(text, default)

    def choice(self, name: str, *words: str) -> str:
        """One of these words, the first when it is absent."""
        text = self.text(name) or words[0]
        if text not in words:
            raise UsageError(f'{name} "{text[:40]}" does not exist', f"write {' or '.join(word for word in words if word)}")
        return text

    def domains(self) -> tuple[str, ...]:
        """Domains between commas. Raises UsageError for a word that is none."""
        return domains(self.words("domain"))

    def since(self) -> int | None:
        """`instant("since")`."""
        return self.instant("since")

    def instant(self, name: str) -> int | None:
        """An instant, or a duration before now, microseconds; None when absent. Raises UsageError."""
        text = self.text(name)
        try:
            return times.since(_plus(text), times.now()) if text else None
        except UsageError as error:
            raise UsageError(f"{name}: {error.what}"[:200], error.hint) from None

    def box(self, name: str = "bbox") -> Box | None:
        """W,S,E,N in degrees; W may be east of E, across the date line. Raises UsageError."""
        words = self.words(name)
        return box(words, name) if words else None

    def fields(self) -> dict[str, Any]:
        """The body's JSON object; {} when there is no body. Raises ValidationError."""
        if not self.body:
            return {}
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise ValidationError(f"the body is not JSON: {str(error)[:120]}", "send a JSON object") from None
        if not isinstance(found, dict):
            raise ValidationError("the body is not a JSON object", 'send {"field": value, ...}')
        return found

    def form(self, model: type[Form]) -> Form:
        """The body as this model. Raises ValidationError that names every field with its mistake."""
        return checked(model, self.fields())


def checked(model: type[Form], fields: Mapping[str, Any]) -> Form:
    """These fields as a model. Raises ValidationError."""
    try:
        return model.model_validate(dict(fields))
    except pydantic.ValidationError as error:
        told = [
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()
        ]
        raise ValidationError("; ".join(told[:5])[:500], f"fields are {', '.join(model.model_fields)}") from None


def _plus(text: str) -> str:
    """`+08:00` that was not percent-encoded arrives with a blank for its plus."""
    return text[:-6] + "+" + text[-5:] if len(text) > 16 and text[-6] == " " else text
