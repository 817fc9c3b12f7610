"""Which faults a run has, how much of each, and when: what `--faults` says.

all                       every kind at its usual share, and the usual kills
none                      nothing
spike=0.02                two of a hundred devices
late=0.05@6h..30h         from the sixth to the thirtieth hour of the run
door-kill=5               five times, spread over the run
all,late=0,spike=0.1      later words outdo earlier ones
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from sensing.errors import UsageError
from sensing.model import Micros
from sensing.times import HOUR, parse_duration

from .book import book
from .kinds import SERVICES, Kind

Window = tuple[Micros, Micros | None]
"""From and to, counted from the run's beginning; to None is its end."""
_WHOLE: Window = (0, None)
_EXAMPLE = "write all, none, or words like spike=0.02,late=0.05@6h..30h,door-kill=5"


@dataclass(frozen=True)
class Share:
    """How much of the fleet a kind befalls, 0 to 1, and when."""

    share: float
    window: Window = _WHOLE


@dataclass(frozen=True)
class Service:
    """How often something befalls the service itself, and when."""

    count: int
    window: Window = _WHOLE


@dataclass(frozen=True)
class Plan:
    """Faults by kind; kinds that are not there are not planted."""

    shares: Mapping[Kind, Share] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)

    def text(self) -> str:
        """The same plan as `parse` reads it; "none" when it is empty."""
        words = [f"{kind}={share.share:g}{_span(share.window)}" for kind, share in self.shares.items()]
        words += [f"{name}={service.count}{_span(service.window)}" for name, service in self.services.items()]
        return ",".join(words) or "none"


def parse(text: str) -> Plan:
    """A plan from the words of `--faults`. Raises UsageError that names the word and the remedy."""
    shares: dict[Kind, Share] = {}
    services: dict[str, Service] = {}
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError(f'faults "{text}": nothing is said', _EXAMPLE)
    for word in words:
        head, at, tail = word.partition("@")
        window = _window(word, tail) if at else _WHOLE
        name, equals, amount = (part.strip() for part in head.partition("="))
        if name in ("all", "none"):
            if equals:
                raise UsageError(f'faults "{word}": {name} takes no share', _EXAMPLE)
            if name == "none" and len(words) > 1:
                raise UsageError(f'faults "{text}": none goes alone', _EXAMPLE)
            if name == "all":
                shares |= {kind: Share(manner.share, window) for kind, manner in book().manners.items()}
                services |= {name: Service(usual, window) for name, (usual, _) in book().services.items() if usual}
        else:
            _one(word, name, amount if equals else None, window, shares, services)
    return Plan({kind: shares[kind] for kind in Kind if kind in shares and shares[kind].share}, _kept(services))


def _kept(services: Mapping[str, Service]) -> dict[str, Service]:
    return {name: services[name] for name in SERVICES if name in services and services[name].count}


def _one(
    word: str, name: str, amount: str | None, window: Window, shares: dict[Kind, Share], services: dict[str, Service]
) -> None:
    dashed, scored = name.replace("_", "-"), name.replace("-", "_")
    if dashed in SERVICES:
        count = book().services[dashed][1] if amount is None else _number(word, amount)
        if count != int(count) or not 0 <= count <= 1000:
            raise UsageError(f'faults "{word}": {dashed} takes a whole number of times, 0 to 1000', f"write {dashed}=5")
        services[dashed] = Service(int(count), window)
        return
    if scored not in list(Kind):
        known = [*Kind, *SERVICES, "all", "none"]
        near = get_close_matches(name, known, 1)
        raise UsageError(
            f'faults "{word}": no kind "{name}"', f"did you mean {near[0]}?" if near else f"kinds are {', '.join(known)}"
        )
    kind = Kind(scored)
    share = book().manners[kind].share if amount is None else _number(word, amount)
    if not 0 <= share <= 1:
        raise UsageError(f'faults "{word}": a share is 0 to 1, the part of the fleet', f"write {kind}=0.02 for 2 %")
    shares[kind] = Share(share, window)


def _number(word: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f'faults "{word}": "{text}" is not a number', _EXAMPLE) from None


def _window(word: str, text: str) -> Window:
    first, dots, last = (part.strip() for part in text.partition(".."))
    try:
        begin = parse_duration(first) if first else 0
        end = parse_duration(last) if last else None
    except UsageError as error:
        raise UsageError(f'faults "{word}": {error.what}', "write @6h..30h, @6h.. or @..30h") from None
    if not dots or (end is not None and end <= begin):
        raise UsageError(f'faults "{word}": "{text}" is not a span of time', "write @6h..30h, @6h.. or @..30h")
    return begin, end


def _span(window: Window) -> str:
    begin, end = window
    return "" if window == _WHOLE else f"@{_told(begin)}..{'' if end is None else _told(end)}"


def _told(span: Micros) -> str:
    return f"{span // HOUR}h" if span % HOUR == 0 else f"{span // 1000}ms"
