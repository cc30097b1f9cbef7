"""Which of the two exchanges that speak Binance's protocol is asked."""

from __future__ import annotations

from collections.abc import Mapping

_TAPES = {"global": "binance", "us": "binance_us"}


def tape(options: Mapping[str, str]) -> str:
    """Where the trades were seen: `binance`, or `binance_us` under the plan `us`."""
    return _TAPES[options.get("venue", "global")]
