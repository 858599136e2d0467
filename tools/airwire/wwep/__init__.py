"""The WWEP server of the host: `server` serves, `store` saves, `table` shows."""

from typing import Any

__all__ = ["Transaction", "WwepServer"]


def __getattr__(name: str) -> Any:
    """Import them at their first use: `airwire --help` passes here, and asyncio costs 30 ms."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from airwire.wwep import server

    return getattr(server, name)
