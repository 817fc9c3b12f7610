"""Make the README's picture: a demo of its own in a passing folder, its link opened in a real browser, the map as it stands after a while.

python scripts/screenshot.py [docs/images/map.png] [--after 60] [--page /map/flood] [--language zh]
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SENSING = (sys.executable, "-m", "sensing")
ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 200_000
_COLOURS = (256, 128, 64)
"""Of the palette, fewer until the file is small enough to live in a repository."""


def main() -> None:
    """Read the command line, make the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "docs" / "images" / "map.png")
    parser.add_argument("--after", type=float, default=60.0, help="seconds that the demo runs before it is looked at")
    parser.add_argument("--page", default="/", help="which page")
    parser.add_argument("--language", default="zh", choices=("zh", "en"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = ("--data", folder)
        up = ("up", "--demo", "--detach", "--http-port", "0", "--mqtt-port", "0")
        subprocess.run([*SENSING, *data, *up], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(given.after)  # there is no condition to wait for: the city is to have lived a while
            made = subprocess.run(
                [*SENSING, *data, "-o", "table", "user", "link", "demo"], check=True, capture_output=True, text=True
            )
            png = look(made.stdout.split()[0], given.page, given.language)
        finally:
            subprocess.run([*SENSING, *data, "down"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    given.file.parent.mkdir(parents=True, exist_ok=True)
    small = squeeze(png)
    given.file.write_bytes(small)
    print(f"{given.file}: {len(small)} bytes")


def look(link: str, page: str, language: str) -> bytes:
    """A PNG of a page, 1440 by 900, behind a one-time link."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", locale=locale)
        tab = context.new_page()
        where, _, key = link.partition("/signin")
        tab.goto(f"{where}/signin?next={page}{key}")
        tab.wait_for_url(f"{where}{page}")
        tab.wait_for_selector("#chrome .brand")
        tab.wait_for_timeout(8_000)  # first snapshot, and some batches after it
        png = tab.screenshot()
        browser.close()
    return png


def squeeze(png: bytes) -> bytes:
    """The same picture with a palette small enough for its file to be at most MOST_BYTES."""
    from PIL import Image

    small = png
    for colours in _COLOURS:
        out = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        small = out.getvalue()
        if len(small) <= MOST_BYTES:
            break
    return small


if __name__ == "__main__":
    main()
