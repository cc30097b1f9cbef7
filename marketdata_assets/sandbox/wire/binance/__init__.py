"""Binance's spot interface and its archive of files."""

from marketdata_assets.sandbox.wire.binance.protocol import Binance

__all__ = ["Binance"]
