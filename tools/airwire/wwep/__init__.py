"""The WWEP server of the host: `server` serves, `store` saves, `table` shows."""

from airwire.wwep.server import Transaction, WwepServer

__all__ = ["Transaction", "WwepServer"]
