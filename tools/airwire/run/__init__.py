"""`airwire run`: image, WWEP server, virtual board and its console, in one command.

`register` is all that others use. What the command needs is imported when it runs.
"""

from airwire.run.cli import register

__all__ = ["register"]
