"""E-mail and chat through apprise (extra `notify`), which is loaded only when a target wants it.

apprise says yes or no and not why, so every no is tried again. Its own log is silenced: it may write URLs, and those hold passwords.
"""

from __future__ import annotations

import logging
from typing import Any

from sensing.errors import ValidationError
from sensing.export.verdict import Fate, Verdict


class Notifier:
    """The way to one apprise URL. Raises ValidationError when apprise is missing or does not know the URL, which is never repeated."""

    def __init__(self, url: str) -> None:
        try:
            import apprise
        except ImportError:
            raise ValidationError("e-mail and chat need apprise", "pip install 'urban-sensing[notify]'") from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._apprise: Any = apprise.Apprise()
        if not self._apprise.add(url):
            raise ValidationError(
                "apprise does not know such a URL", "see https://github.com/caronc/apprise/wiki for each service's"
            )

    def send(self, title: str, body: str) -> Verdict:
        """Whether it was taken."""
        try:
            taken = self._apprise.notify(title=title, body=body, body_format="text")  # else e-mail makes one line of them
        except Exception as error:  # noqa: BLE001 a plug-in's own; its text may hold the URL
            return Verdict(Fate.SILENT, 0, f"apprise failed: {type(error).__name__}")
        return Verdict(Fate.TAKEN) if taken else Verdict(Fate.SILENT, 0, "the service said no, or nothing")
