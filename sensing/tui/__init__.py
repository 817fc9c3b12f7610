"""The full-screen terminal, `sensing watch`: the live city of docs/live.md for a night at the console.

feed     follows GET /api/map and GET /api/live in a thread     city    what is known of the city, and which of it is shown; pure
lines    things and events as rows of text; pure                text    words in the language that is shown
screen   the Textual app                                        panes   event, thing, dead letters, ledger
"""
