"""`python -m sensing` is the command `sensing`."""

from .cli.main import main

main()
