"""The map in a real browser without a graphics card: frames a second, gaps between them, memory, first paint. The city is made up; the map is ours.

python -m tests.bench.browser [--for 8] [--heap 0] [--picture FILE]      heap: minutes to watch the memory
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sensing.web.assets import STATIC
from sensing.web.coastline import told as coast_told
from tests.bench.place import Place

PAGE = Path(__file__).resolve().parent / "browser_page"
CHROMIUM = "/usr/bin/chromium"
SOFTWARE = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
CASES = {
    "2,000 + 500": "gauges=2000&ships=500",
    "2,000 + 500, panning": "gauges=2000&ships=500",
    "200 + 10,000": "gauges=200&ships=10000",
}


class _Files(SimpleHTTPRequestHandler):
    """Our assets, the page of the bench, the coast."""

    extensions_map = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8"}  # noqa: RUF012 the library's own

    def __init__(self, coast: bytes, *args: Any) -> None:
        self._coast = coast
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0]
        folder, rest = (
            (STATIC, name.removeprefix("/static/")) if name.startswith("/static/") else (PAGE, name.removeprefix("/bench/"))
        )
        found = (folder / rest).resolve()
        return str(found if found.is_relative_to(folder) else folder)

    def do_GET(self) -> None:
        if self.path != "/api/places/coast":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self._coast)))
        self.end_headers()
        self.wfile.write(self._coast)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def served() -> Iterator[str]:
    """The address of the bench's page, while it lasts."""
    from sensing.paths import config_dir

    features = json.loads((config_dir() / "coast" / "fujian.geojson").read_text())["features"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, json.dumps(coast_told(features)).encode()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/bench/index.html"
    finally:
        server.shutdown()
        server.server_close()


def rows(seconds: float, heap_minutes: float = 0.0, picture: Path | None = None) -> Iterator[dict[str, Any]]:
    """A row a case: fps, map_fps, gap_p95_ms, heap_mb, paint_ms, coast_ms; then the heap, minute by minute."""
    from playwright.sync_api import sync_playwright

    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE)
        try:
            for case, words in CASES.items():
                page = browser.new_page(viewport={"width": 1600, "height": 900})
                page.goto(f"{url}?{words}")
                page.wait_for_function("window.painted !== undefined")
                page.evaluate("measure(1500, false)")
                found = page.evaluate("([ms, pan]) => measure(ms, pan)", [seconds * 1000, "panning" in case])
                paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? window.drawn")
                yield {"case": case, **found, "paint_ms": paint, "coast_ms": page.evaluate("window.painted")}
                if picture and case == "2,000 + 500":
                    page.screenshot(path=picture)
                page.close()
            if heap_minutes:
                yield from _heap(browser, url, heap_minutes)
        finally:
            browser.close()


def _heap(browser: Any, url: str, minutes: float) -> Iterator[dict[str, Any]]:
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{url}?{CASES['2,000 + 500']}")
    page.wait_for_function("window.painted !== undefined")
    for minute in range(int(minutes * 2) + 1):
        before = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
        after = page.evaluate("(gc(), performance.memory.usedJSHeapSize / 1e6)")
        yield {"case": f"heap at {minute / 2:g} min", "heap_mb": before, "kept_mb": after}
        page.wait_for_timeout(30_000)
    page.close()


def browser(place: Place) -> Iterator[dict[str, Any]]:
    """The bench as `python -m tests.bench browser` runs it."""
    place.say("browser: the map without a graphics card")
    yield from rows(place.long(8, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="seconds", type=float, default=8.0)
    parser.add_argument("--heap", type=float, default=0.0)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    for row in rows(given.seconds, given.heap, given.picture):
        print(
            json.dumps({name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}), flush=True
        )


if __name__ == "__main__":
    main()
