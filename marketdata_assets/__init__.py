"""Market data whose every number can be dated, traced, rebuilt and shown not to have seen the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from marketdata_assets.market_data import MarketData as MarketData


def __getattr__(name: str) -> object:
    """`MarketData` on first use, so that importing the package costs nothing."""
    if name == "MarketData":
        from marketdata_assets.market_data import MarketData

        return MarketData
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
