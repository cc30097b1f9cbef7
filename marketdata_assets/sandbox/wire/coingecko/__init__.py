"""CoinGecko's interface to prices averaged over venues."""

from marketdata_assets.sandbox.wire.coingecko.protocol import CoinGecko

__all__ = ["CoinGecko"]
