"""Trades, quotes and order books as vendors send them."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class RawTrades(TableModel):
    """Single trades, the vendor's numbers untouched."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("when it was made; finer instants are cut to the microsecond", unit="UTC")
    price: pl.Float64 = column("price it was made or stands at", unit="currency per share or coin")
    quantity: pl.Float64 = column("amount that changed hands", unit="shares or coins")
    side: pl.String = column("what the aggressor did: buy or sell; empty where the vendor is silent", nullable=True)
    exchange: pl.String = column("where it was made, the vendor's code", nullable=True)
    trade_id: pl.String = column("the vendor's id of the trade", nullable=True)
    conditions: pl.String = column("the vendor's condition codes, comma separated; empty for none", nullable=True)
    tape: pl.String = column("where the trades were seen: consolidated, a venue, a feed")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class RawQuotes(TableModel):
    """Best bid and offer, the vendor's numbers untouched; a side without an order is null."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("when it stood; finer instants are cut to the microsecond", unit="UTC")
    bid_price: pl.Float64 = column("highest price bid", unit="currency per share or coin", nullable=True)
    bid_size: pl.Float64 = column("amount at the bid", unit="shares or coins", nullable=True)
    ask_price: pl.Float64 = column("lowest price offered", unit="currency per share or coin", nullable=True)
    ask_size: pl.Float64 = column("amount at the offer", unit="shares or coins", nullable=True)
    bid_exchange: pl.String = column("where the bid stands, the vendor's code", nullable=True)
    ask_exchange: pl.String = column("where the offer stands, the vendor's code", nullable=True)
    conditions: pl.String = column("the vendor's condition codes, comma separated; empty for none", nullable=True)
    tape: pl.String = column("where the quotes were seen")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class RawOrderBooks(TableModel):
    """One price level of one snapshot a row: bids descending, asks ascending, level 1 the best."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("when the book stood; the receipt where the vendor states none", unit="UTC")
    side: pl.String = column("side of the book: bid or ask")
    level: pl.Int64 = column("place from the best price, from 1")
    price: pl.Float64 = column("price it was made or stands at", unit="currency per share or coin")
    quantity: pl.Float64 = column("amount at that price", unit="shares or coins")
    order_count: pl.Int64 = column("orders at that price", unit="orders", nullable=True)
    update_id: pl.String = column("the vendor's number of the state of the book", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


RAW_TRADES = Table(
    "raw_trades",
    "Trades as the vendor sent them",
    "trade x known_at",
    RawTrades,
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    "timestamp",
)
RAW_QUOTES = Table(
    "raw_quotes",
    "Quotes as the vendor sent them",
    "quote x known_at",
    RawQuotes,
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    "timestamp",
)
RAW_ORDER_BOOKS = Table(
    "raw_order_books",
    "Order book snapshots as the vendor sent them",
    "snapshot x side x level",
    RawOrderBooks,
    ("vendor_symbol", "timestamp", "side", "level", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "timestamp", "side", "level", "known_at", "payload_sha256", "line"),
    "timestamp",
)
