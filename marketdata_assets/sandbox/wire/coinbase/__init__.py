"""Coinbase's two interfaces to one book: Exchange, and the public part of Advanced Trade."""

from marketdata_assets.sandbox.wire.coinbase.protocol import Coinbase

__all__ = ["Coinbase"]
