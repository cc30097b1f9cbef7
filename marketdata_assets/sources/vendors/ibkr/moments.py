"""Instants as TWS writes them."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMAT = "%Y%m%d %H:%M:%S UTC"


def moment(seconds: int) -> str:
    """Unix seconds as TWS takes them: `20191231 17:00:00 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_FORMAT)
