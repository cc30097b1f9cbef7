"""Corporate actions of each source: what archived answers and the columns of landed bars announce, in one shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from hashlib import sha256

import orjson
import polars as pl

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.periods import period_expr
from marketdata_assets.core.sessions import ROUND_THE_CLOCK
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published
from marketdata_assets.pipeline.action_fetches import action_datasets, action_fetches
from marketdata_assets.pipeline.factor_files import factor_file_events
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS, RAW_CORPORATE_ACTIONS, SPLIT_DECISIONS
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import Settings, SourceSettings
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question, question_at
from marketdata_assets.transforms.actions import SHARE_KINDS, dated, of_columns, standing, versions

DAILY = "1d"
RATIOS = pl.Schema({"symbol": pl.String(), "ex_date": pl.Date(), "ratio": pl.Float64()})
_READERS = 4


def action_sources(settings: Settings, asset_class: str) -> dict[str, SourceSettings]:
    """The sources of an asset class that may tell of corporate actions: by a dataset of their vendor, or in columns of their daily bars.

    Coins have none.
    """
    if settings.asset_classes[asset_class].calendar == ROUND_THE_CLOCK:  # type: ignore[index]
        return {}
    found = settings.sources_of(asset_class)
    return {name: config for name, config in found.items() if action_datasets(config) or DAILY in config.timeframes}


def announced(platform: Platform, source: str, as_of: datetime | None = None) -> pl.DataFrame:
    """Every version of every event that a source told of by `as_of` (CORPORATE_ACTIONS), one that repeats what was known left out.

    A vendor with a dataset of events is read from its archived answers, stored partition or not; of any other source the split and
    dividend columns of its raw daily bars speak, and LEAN's factor files where they landed. The symbol is the one asked for; an event
    about another spelling stands under whom it meant that day, under nobody where the instruments file knows none.
    """
    config = source_settings(platform, source)
    if action_datasets(config):
        return _answers(platform, source, as_of)
    rows = _columns(platform, source, config)
    return versions(rows if as_of is None else rows.filter(pl.col("known_at") <= as_of))


def publish_actions(platform: Platform, source: str, years: Collection[str]) -> list[Published]:
    """Add what a source announced to the stored years: rows that are new, never a row less. A year without events is not written.

    Events dated before the first partition or after the newest one are not stored; their payloads are archived all the same.
    """
    asset_class = source_settings(platform, source).asset_class
    kind = timeframe(DAILY).period
    told = announced(platform, source).with_columns(period_expr("dated_on", kind).alias("_year")).filter(pl.col("_year").is_in(list(years)))
    behind = dict(told.group_by("_year").agg(pl.col("payload_sha256").unique()).iter_rows())
    new = CORPORATE_ACTIONS.conform(told)
    return platform.lake.update(
        platform.path(CORPORATE_ACTIONS, asset_class, source=source),
        CORPORATE_ACTIONS,
        [PartitionKey(year) for year in sorted(years)],
        lambda old: versions(pl.concat([old, new])),
        inputs=lambda key: {each: each for each in behind.get(str(key.period), [])},
    )


def stored_actions(platform: Platform, asset_class: str) -> pl.DataFrame:
    """The published events of every source of an asset class (CORPORATE_ACTIONS and `source`), every version."""
    parts = [_with_source(CORPORATE_ACTIONS.empty(), "").clear()]
    for source in action_sources(platform.settings, asset_class):
        path = platform.path(CORPORATE_ACTIONS, asset_class, source=source)
        parts.append(_with_source(platform.lake.scan(path, CORPORATE_ACTIONS).collect(), source))
    return pl.concat(parts)


def decisions(platform: Platform, asset_class: str, as_of: datetime | None = None) -> pl.DataFrame:
    """Every decision about splits made by `as_of` (SPLIT_DECISIONS)."""
    rows = platform.lake.scan(platform.path(SPLIT_DECISIONS, asset_class), SPLIT_DECISIONS).collect()
    return rows if as_of is None else rows.filter(pl.col("known_at") <= as_of)


def standing_decisions(rows: pl.DataFrame) -> pl.DataFrame:
    """The newest decision about each symbol and day, withdrawn ones left out."""
    newest = rows.sort("known_at", maintain_order=True).unique(["symbol", "ex_date"], keep="last", maintain_order=True)
    return newest.filter(pl.col("decision") != "withdraw").sort("symbol", "ex_date")


def known_ratios(platform: Platform, asset_class: str, symbols: Collection[str], as_of: datetime | None = None) -> pl.DataFrame:
    """(symbol, ex_date, ratio) of every change in the number of shares that was known of `symbols` by `as_of`, for the audit.

    Vendors' datasets speak, and what a person accepted; what a person rejected is left out. The split columns of bars are not repeated
    here: rules read them in the bars. It depends on archived answers alone, never on which partitions are stored.
    """
    told = [RATIOS.to_frame()]
    for source, config in action_sources(platform.settings, asset_class).items():
        if action_datasets(config):
            rows = standing(announced(platform, source, as_of))
            told.append(rows.filter(pl.col("kind").is_in(SHARE_KINDS), pl.col("ratio") > 0).select(RATIOS.names()))
    decided = standing_decisions(decisions(platform, asset_class, as_of))
    told.append(decided.filter(pl.col("decision") == "accept").select(RATIOS.names()))
    refused = decided.filter(pl.col("decision") == "reject")
    every = pl.concat(told).drop_nulls().filter(pl.col("symbol").is_in(list(symbols)))
    return every.join(refused, on=["symbol", "ex_date"], how="anti").unique().sort(RATIOS.names())


def ratio_digests(ratios: pl.DataFrame) -> dict[str, str]:
    """A hash of the ratios of each symbol that has any: what a judgement about it was made with."""
    return {
        str(symbol): sha256(repr(part.rows()).encode()).hexdigest()
        for (symbol,), part in ratios.partition_by("symbol", as_dict=True, maintain_order=True).items()
    }


def event_input(digests: Mapping[str, str], key: PartitionKey) -> dict[str, str]:
    """The events among the inputs of a partition's file, by the name under which every file lists them; nothing where there are none."""
    return {CORPORATE_ACTIONS.name: digests[key.symbol]} if key.symbol and key.symbol in digests else {}


def _answers(platform: Platform, source: str, as_of: datetime | None) -> pl.DataFrame:
    """The events of the archived answers of a source that had come by `as_of`; the same answers are read together once a process."""
    pages = action_fetches(platform, source).filter(pl.col("state") == LandingState.LANDED)
    known = pages if as_of is None else pages.filter(pl.col("known_at") <= as_of)
    wanted = known.select("path", "payload_sha256", "known_at").unique().sort("known_at", "path").rows()
    key = (sha256(repr(wanted).encode()).hexdigest(), f"answers of {source}")
    if key not in platform.announcements:
        with ThreadPoolExecutor(_READERS) as pool:
            parts = list(pool.map(lambda row: _page(platform, source, *row), wanted))
        platform.announcements[key] = versions(pl.concat([CORPORATE_ACTIONS.empty(), *parts]))
    return platform.announcements[key]


def _page(platform: Platform, source: str, path: str, payload: str, known_at: datetime) -> pl.DataFrame:
    key = (payload, f"{source} {path} {known_at.isoformat()}")
    if key not in platform.announcements:
        config = source_settings(platform, source)
        question, _ = question_at(path)
        dataset = config.source().dataset(question.dataset)
        data = platform.lake.archive.get(payload)
        document = orjson.loads(data) if dataset.endpoint.form == "json" else data
        rows = dated(RAW_CORPORATE_ACTIONS.conform(page_rows(dataset, question, document, known_at, payload)))
        platform.announcements[key] = _named(platform, source, config, question, rows)
    return platform.announcements[key]


def _named(platform: Platform, source: str, config: SourceSettings, question: Question, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows under our names: those asked for, and whom other spellings, and those that several bore, meant on the event's day."""
    asked = question.names
    found: dict[tuple[str | None, date], str | None] = {}
    for spelling, day in rows.select("vendor_symbol", "dated_on").unique().iter_rows():
        if spelling is None:
            found[spelling, day] = None
        elif spelling in asked and len(platform.instruments.holders(source, spelling, config.asset_class)) == 1:
            found[spelling, day] = asked[spelling]
        else:
            found[spelling, day] = _meant(platform, source, config, spelling, day) or asked.get(spelling)
    names = [found[row] for row in rows.select("vendor_symbol", "dated_on").iter_rows()]
    return rows.with_columns(pl.Series("symbol", names, pl.String))


def _meant(platform: Platform, source: str, config: SourceSettings, spelling: str, day: date) -> str | None:
    try:
        return platform.instruments.resolve(source, spelling, config.asset_class, day)
    except SymbolFault:
        return None


def _columns(platform: Platform, source: str, config: SourceSettings) -> pl.DataFrame:
    """What the columns of a source's stored raw daily bars announce, and the factor files beside them."""
    told = factor_file_events(platform, source)
    named = _under_our_names(platform, source, config, told) if told.height else told
    path = platform.path(RAW_BARS, config.asset_class, DAILY, source)
    speaks = (pl.col("split_ratio").is_not_null() & (pl.col("split_ratio") != 1)) | (pl.col("dividend") > 0)
    return pl.concat([named, of_columns(platform.lake.scan(path, RAW_BARS).filter(speaks).collect())])


def _under_our_names(platform: Platform, source: str, config: SourceSettings, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows under whom the vendor's spelling meant on the event's day; under nobody where the instruments file knows none."""
    whose = rows.select("vendor_symbol", "dated_on").iter_rows()
    names = [_meant(platform, source, config, spelling, day) for spelling, day in whose]
    return rows.with_columns(pl.Series("symbol", names, pl.String))


def _with_source(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    return rows.with_columns(source=pl.lit(source))


def years_of(rows: Iterable[pl.DataFrame]) -> list[str]:
    """The years that the rows of CORPORATE_ACTIONS are dated by, ascending."""
    return sorted({year for part in rows for year in part["dated_on"].dt.strftime("%Y").unique()})
