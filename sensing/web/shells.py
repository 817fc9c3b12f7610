"""Shells of pages: one template, and for each page what is its own: title, styles, what stands in it before its script runs.

A shell names every module that its page imports, however deep, so that a browser asks for all of them in one round trip: they are found by
reading the imports, not listed by hand.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from msgspec import Struct

TEMPLATE = "html/shell.html"
_IMPORT = re.compile(r'(?:from|import)\s+"(\.[^"]+)"')
_MAIN = '<header id="chrome"></header>\n<main id="main" tabindex="-1"></main>'
Read = Callable[[str], str]
"""A file of `static/` as text, by its name."""


class Shell(Struct, frozen=True):
    """title: in Chinese, until the script has written its own. styles: beside base.css. fetched: data wanted at once. body: a file with what is there
    before the script runs, "" for an empty main below the header.
    """

    title: str
    styles: tuple[str, ...]
    fetched: tuple[str, ...] = ()
    body: str = ""


SHELLS = {
    "account": Shell("我的账号", ("account",)),
    "apidocs": Shell("接口说明", ("apidocs",)),
    "device": Shell("设备", ("forms",)),
    "devices": Shell("设备", ("forms",)),
    "import": Shell("批量导入", ("forms",)),
    "labels": Shell("空白标签", ("forms",)),
    "map": Shell("一张图", ("map", "panels"), ("/api/places/coast",)),
    "quarantine": Shell("隔离区", ("forms",)),
    "register": Shell("登记", ("map", "forms")),
    "signin": Shell("登录", ("account",), body="html/signin.html"),
    "table": Shell("数据表", ("panels",)),
}
"""By name: that of the page's script, and of `data-page`."""


def made(name: str, read: Read) -> str:
    """A page's shell. Raises KeyError for a name that is none."""
    shell, script = SHELLS[name], f"js/pages/{name}.js"
    lines = [f'<link rel="stylesheet" href="/static/css/{style}.css">' for style in shell.styles]
    lines += [f'<link rel="preload" href="{path}" as="fetch" crossorigin="anonymous">' for path in shell.fetched]
    lines += [f'<link rel="modulepreload" href="/static/{module}">' for module in imports(script, read)]
    lines.append(f'<script type="module" src="/static/{script}"></script>')
    parts = {
        "title": shell.title,
        "head": "\n".join(lines),
        "name": name,
        "body": read(shell.body).strip() if shell.body else _MAIN,
    }
    return re.sub(r"<!--(\w+)-->", lambda found: parts[found[1]], read(TEMPLATE))


def imports(script: str, read: Read) -> list[str]:
    """Names of the modules that a script imports, however deep, the nearest first."""
    found, waiting = list[str](), [script]
    for module in waiting:
        for other in _IMPORT.findall(read(module)):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(module), other))
            if name not in waiting:
                waiting.append(name)
                found.append(name)
    return found
