"""The web role: one Starlette app for programs, pages and the command line. `app.make(desk)` makes it, `serve` runs it."""
