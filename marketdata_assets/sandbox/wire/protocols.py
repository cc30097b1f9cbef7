"""The protocols there are, by the vendor's name."""

from __future__ import annotations

from marketdata_assets.sandbox.wire.alpaca import Alpaca
from marketdata_assets.sandbox.wire.alphavantage.protocol import AlphaVantage
from marketdata_assets.sandbox.wire.binance import Binance
from marketdata_assets.sandbox.wire.coinbase import Coinbase
from marketdata_assets.sandbox.wire.coingecko import CoinGecko
from marketdata_assets.sandbox.wire.kraken import Kraken
from marketdata_assets.sandbox.wire.polygon.protocol import Polygon
from marketdata_assets.sandbox.wire.protocol import Protocol
from marketdata_assets.sandbox.wire.sec import Sec
from marketdata_assets.sandbox.wire.yahoo import Yahoo

PROTOCOLS: dict[str, type[Protocol]] = {
    protocol.name: protocol for protocol in (Alpaca, AlphaVantage, Binance, CoinGecko, Coinbase, Kraken, Polygon, Sec, Yahoo)
}
