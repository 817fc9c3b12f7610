"""What somebody's browser is shown at an address that is none: in both languages, for nobody may be signed in, and with a way back."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from .pages import CSP

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>没有这个页面 No such page · 城市感知</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<script src="/static/js/early.js"></script>
<link rel="stylesheet" href="/static/css/base.css">
</head>
<body>
<main class="notice-page">
<h1>没有这个页面</h1>
<p lang="en">There is no such page.</p>
<p><a class="button primary" href="/">回到一张图 To the map</a></p>
</main>
</body>
</html>
"""


def page() -> HTMLResponse:
    """The page, 404."""
    return HTMLResponse(_PAGE, 404, {"content-security-policy": CSP})
