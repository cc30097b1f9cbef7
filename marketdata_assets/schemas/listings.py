"""Who is listed where, when the market is open, what options there are: reference data as vendors keep it."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class Listings(TableModel):
    """One thing the vendor lists."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    name: pl.String = column("the vendor's name of it", nullable=True)
    kind: pl.String = column("the vendor's word for what it is: stock, etf, pair, coin", nullable=True)
    exchange: pl.String = column("where it is listed, the vendor's code", nullable=True)
    currency: pl.String = column("currency of its prices", nullable=True)
    base: pl.String = column("coin of a pair", nullable=True)
    active: pl.Boolean = column("whether it trades", nullable=True)
    listed_on: pl.Date = column("first trading day", nullable=True)
    delisted_on: pl.Date = column("first day without trading", nullable=True)
    tick_size: pl.Float64 = column("smallest step of the price", unit="currency per share or coin", nullable=True)
    lot_size: pl.Float64 = column("smallest step of the amount", unit="shares or coins", nullable=True)
    identifiers: pl.String = column("other names, `key=value` comma separated: cik, figi, cusip", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class MarketCalendar(TableModel):
    """One session of a market."""

    exchange: pl.String = column("market that opens and closes")
    session: pl.Date = column("date of the session")
    opens_at: UtcMicroseconds = column("regular open", unit="UTC")
    closes_at: UtcMicroseconds = column("regular close", unit="UTC")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class OptionContracts(TableModel):
    """One option contract; `vendor_symbol` is its OSI name."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    underlying: pl.String = column("what it is an option on")
    kind: pl.String = column("right it gives: call or put")
    style: pl.String = column("american or european", nullable=True)
    strike: pl.Float64 = column("strike price", unit="currency per share")
    expires_on: pl.Date = column("last trading day")
    multiplier: pl.Float64 = column("shares a contract", unit="shares", nullable=True)
    open_interest: pl.Float64 = column("contracts open", unit="contracts", nullable=True)
    active: pl.Boolean = column("whether it trades", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class OptionQuotes(TableModel):
    """The state of one option contract."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    underlying: pl.String = column("what it is an option on", nullable=True)
    timestamp: UtcMicroseconds = column("when it stood", unit="UTC", nullable=True)
    bid_price: pl.Float64 = column("highest price bid", unit="currency per share", nullable=True)
    bid_size: pl.Float64 = column("contracts at the bid", unit="contracts", nullable=True)
    ask_price: pl.Float64 = column("lowest price offered", unit="currency per share", nullable=True)
    ask_size: pl.Float64 = column("contracts at the offer", unit="contracts", nullable=True)
    last_price: pl.Float64 = column("price of the last trade", unit="currency per share", nullable=True)
    volume: pl.Float64 = column("contracts traded in the session", unit="contracts", nullable=True)
    open_interest: pl.Float64 = column("contracts open", unit="contracts", nullable=True)
    implied_volatility: pl.Float64 = column("the vendor's own", unit="1 / sqrt(year)", nullable=True)
    delta: pl.Float64 = column("the vendor's own", nullable=True)
    gamma: pl.Float64 = column("the vendor's own", nullable=True)
    theta: pl.Float64 = column("the vendor's own", nullable=True)
    vega: pl.Float64 = column("the vendor's own", nullable=True)
    rho: pl.Float64 = column("the vendor's own", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


LISTINGS = Table(
    "listings",
    "What the vendor lists",
    "listing x known_at",
    Listings,
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    "known_at",
)
MARKET_CALENDAR = Table(
    "market_calendar",
    "The vendor's calendar of sessions",
    "exchange x session x known_at",
    MarketCalendar,
    ("exchange", "session", "known_at", "payload_sha256", "line"),
    ("exchange", "session", "known_at", "payload_sha256", "line"),
    "session",
)
OPTION_CONTRACTS = Table(
    "option_contracts",
    "Option contracts the vendor lists",
    "contract x known_at",
    OptionContracts,
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    "known_at",
)
OPTION_QUOTES = Table(
    "option_quotes",
    "States of option contracts",
    "contract x known_at",
    OptionQuotes,
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    "known_at",
)
