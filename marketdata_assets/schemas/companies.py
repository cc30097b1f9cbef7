"""What vendors tell about companies and coins: filings, facts, profiles, news, market values."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class Facts(TableModel):
    """One reported figure of one filing."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling; empty where the row is about no symbol", nullable=True)
    entity: pl.String = column("the filer's CIK, ten digits")
    taxonomy: pl.String = column("taxonomy of the concept")
    concept: pl.String = column("name of the concept")
    unit: pl.String = column("unit of the value")
    period_start: pl.Date = column("first day of the period; null for an instant", nullable=True)
    period_end: pl.Date = column("last day of the period, or the instant")
    value: pl.Float64 = column("the figure, in `unit`")
    accession: pl.String = column("number of the filing")
    fiscal_year: pl.Int64 = column("of the filing, not of the fact", nullable=True)
    fiscal_period: pl.String = column("of the filing, not of the fact", nullable=True)
    form: pl.String = column("form of the filing", nullable=True)
    filed_on: pl.Date = column("filing date")
    accepted_at: UtcMicroseconds = column("when the filing was accepted, where the payload says", unit="UTC", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class Filings(TableModel):
    """One filing."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling; empty where the row is about no symbol", nullable=True)
    entity: pl.String = column("the filer's CIK, ten digits")
    accession: pl.String = column("number of the filing")
    form: pl.String = column("form of the filing")
    filed_on: pl.Date = column("filing date")
    report_date: pl.Date = column("period it reports on", nullable=True)
    accepted_at: UtcMicroseconds = column("when it was accepted: the instant from which it was known", unit="UTC")
    document: pl.String = column("path of its main document", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class Profiles(TableModel):
    """One field of what the vendor says about a company, as text."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    name: pl.String = column("the vendor's name of the field")
    value: pl.String = column("its value as text", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class News(TableModel):
    """One article."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling; empty where the row is about no symbol", nullable=True)
    article_id: pl.String = column("the vendor's id")
    published_at: UtcMicroseconds = column("when it was published", unit="UTC")
    updated_at: UtcMicroseconds = column("when it was last changed", unit="UTC", nullable=True)
    headline: pl.String = column("headline of the article")
    summary: pl.String = column("summary of the article", nullable=True)
    author: pl.String = column("who wrote it", nullable=True)
    publisher: pl.String = column("who published it", nullable=True)
    url: pl.String = column("where it stands", nullable=True)
    symbols: pl.String = column("symbols it is about, the vendor's spellings, comma separated; empty for none")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class MarketCharts(TableModel):
    """Price, market value and volume of a coin at an instant."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("instant of the sample", unit="UTC")
    price: pl.Float64 = column("price of one coin", unit="currency per coin", nullable=True)
    market_cap: pl.Float64 = column("market value", unit="currency", nullable=True)
    volume: pl.Float64 = column("traded in the 24 hours before", unit="currency", nullable=True)
    currency: pl.String = column("currency of all three")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


class Snapshots(TableModel):
    """What stands now: last trade, quote and day of a symbol."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("newest instant among its parts; null where the vendor states none", unit="UTC", nullable=True)
    last_price: pl.Float64 = column("price of the last trade", unit="currency per share or coin", nullable=True)
    last_size: pl.Float64 = column("amount of it", unit="shares or coins", nullable=True)
    bid_price: pl.Float64 = column("highest price bid", unit="currency per share or coin", nullable=True)
    bid_size: pl.Float64 = column("amount at the bid", unit="shares or coins", nullable=True)
    ask_price: pl.Float64 = column("lowest price offered", unit="currency per share or coin", nullable=True)
    ask_size: pl.Float64 = column("amount at the offer", unit="shares or coins", nullable=True)
    open: pl.Float64 = column("first price of the day", unit="currency per share or coin", nullable=True)
    high: pl.Float64 = column("highest price of the day", unit="currency per share or coin", nullable=True)
    low: pl.Float64 = column("lowest price of the day", unit="currency per share or coin", nullable=True)
    volume: pl.Float64 = column("traded in the day", unit="shares or coins", nullable=True)
    previous_close: pl.Float64 = column("close of the day before", unit="currency per share or coin", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


FACTS = Table(
    "facts",
    "Reported figures by filing",
    "entity x concept x unit x period x accession",
    Facts,
    ("entity", "taxonomy", "concept", "unit", "period_end", "accession", "payload_sha256", "line"),
    ("entity", "taxonomy", "concept", "unit", "period_end", "accession", "payload_sha256", "line"),
    "filed_on",
)
FILINGS = Table(
    "filings",
    "Filings with their acceptance time",
    "entity x accession",
    Filings,
    ("entity", "accession", "payload_sha256", "line"),
    ("entity", "accession", "payload_sha256", "line"),
    "filed_on",
)
PROFILES = Table(
    "profiles",
    "What the vendor says about a company",
    "symbol x field x known_at",
    Profiles,
    ("vendor_symbol", "name", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "name", "known_at", "payload_sha256", "line"),
    "known_at",
)
NEWS = Table(
    "news",
    "Articles",
    "article x known_at",
    News,
    ("article_id", "known_at", "payload_sha256", "line"),
    ("article_id", "known_at", "payload_sha256", "line"),
    "published_at",
)
MARKET_CHARTS = Table(
    "market_charts",
    "Prices, market values and volumes of coins",
    "coin x instant x known_at",
    MarketCharts,
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "timestamp", "known_at", "payload_sha256", "line"),
    "timestamp",
)
SNAPSHOTS = Table(
    "snapshots",
    "What stands now",
    "symbol x known_at",
    Snapshots,
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    ("vendor_symbol", "known_at", "payload_sha256", "line"),
    "known_at",
)
