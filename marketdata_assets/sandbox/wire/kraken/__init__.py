"""Kraken's public spot interface."""

from marketdata_assets.sandbox.wire.kraken.protocol import Kraken

__all__ = ["Kraken"]
