"""Fixtures that several files of real processes share."""

from tests.e2e.browser import browser, chromium
from tests.e2e.storm_house import house, surge

__all__ = ["browser", "chromium", "house", "surge"]
