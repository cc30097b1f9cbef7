"""Universes by year from published membership and validated daily bars; who is a member on a day, now or as it was known then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import Window
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.membership import membership
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.pipeline.rebuild import validated_as_of
from marketdata_assets.reference import load_ticker_changes
from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.membership import INDEX_MEMBERSHIP
from marketdata_assets.schemas.universe import DELISTINGS, UNIVERSE
from marketdata_assets.settings_universes import UniverseSettings
from marketdata_assets.transforms.membership_checks import bar_coverage
from marketdata_assets.transforms.membership_names import listed_tickers
from marketdata_assets.transforms.universe import Rule, delistings, member_days, most_traded, with_tickers

_BAR_COLUMNS = ("symbol", "session", "close", "volume", "volume_basis", "known_at")
_A_YEAR = timedelta(days=366)
_LOOK_BACK = timedelta(days=10)


def universe_path(asset_class: str) -> str:
    """Where the universes of an asset class lie in the lake."""
    return table_path(UNIVERSE.name, asset_class)


def spells_of(platform: Platform, index: str, as_of: datetime | None = None) -> pl.DataFrame:
    """The published spells of an index, or those that were known at `as_of`; `QueryFault` when nothing was published."""
    if as_of is not None:
        return membership(platform, index, as_of).spells
    path = platform.path(INDEX_MEMBERSHIP, platform.settings.indices[index.lower()].asset_class, source=index.lower())
    spells = platform.lake.scan(path, INDEX_MEMBERSHIP).collect()
    if spells.is_empty():
        raise QueryFault(f"reading {path}", "no membership is published", f"materialize {path}")
    return spells


def universe_rows(
    platform: Platform, asset_class: str, start: date, end: date, *, names: Collection[str] | None = None, as_of: datetime | None = None
) -> pl.DataFrame:
    """Rows of `universe` for the sessions of `[start, end)` that have begun, of all indices and rules of the class or those named."""
    now = min(as_of or clock.now(), clock.now())
    last = min(end, now.date() + timedelta(days=1))
    calendar = platform.calendar(asset_class)
    sessions = calendar.sessions(*calendar.clip(start, last))
    tickers = listed_tickers(platform.instruments, load_ticker_changes(platform.settings.ticker_changes), asset_class)
    parts = [UNIVERSE.empty()]
    for name, index in platform.settings.indices.items():
        if index.asset_class == asset_class and (names is None or name in names):
            parts.append(member_days(spells_of(platform, name, as_of), sessions, tickers))
    for name, config in platform.settings.universes.items():
        if config.asset_class == asset_class and (names is None or name in names):
            parts.append(with_tickers(_by_rule(platform, name, config, sessions["session"].to_list(), as_of), tickers))
    return UNIVERSE.conform(pl.concat(parts))


def publish_universe(platform: Platform, asset_class: str, years: Sequence[str]) -> Mapping[str, int]:
    """The universes of these years, published whole; rows by year."""
    rows = universe_rows(platform, asset_class, date(int(min(years)), 1, 1), date(int(max(years)) + 1, 1, 1))
    by_year = {PartitionKey(year): rows.filter(pl.col("date").dt.year() == int(year)) for year in years}
    return {str(done.key): done.rows for done in platform.lake.publish(universe_path(asset_class), UNIVERSE, by_year)}


def members_on(platform: Platform, name: str, day: date, as_of: datetime | None = None) -> pl.DataFrame:
    """The members of an index or a universe by rule at the open of `day`, sorted by symbol; of the session before, where it is none.

    With `as_of`, by what was known at that instant. `QueryFault` for a name that is not configured, and when nothing is known of the day.
    """
    config = platform.settings.indices.get(name.lower()) or platform.settings.universes.get(name.lower())
    if config is None:
        names = ", ".join(n.upper() for n in (*platform.settings.indices, *platform.settings.universes)) or "none"
        raise QueryFault("choosing a universe", f"{name[:40]!r} is not configured", f"`indices` and `universes` have {names}")
    sessions = platform.calendar(config.asset_class).sessions(day - _LOOK_BACK, day + timedelta(days=1))
    held = sessions["session"].max()
    if not isinstance(held, date):
        raise QueryFault(f"asking who was in {name.upper()} on {day}", "no session lies close before it", "ask for another day")
    stored = as_of is None and name.lower() in platform.settings.universes
    if stored:
        path = universe_path(config.asset_class)
        rows = platform.lake.scan(path, UNIVERSE, keys=[PartitionKey(str(held.year))]).filter(pl.col("date") == held).collect()
        rows = rows.filter(pl.col("index") == name.upper())
    else:
        rows = universe_rows(platform, config.asset_class, held, held + timedelta(days=1), names=[name.lower()], as_of=as_of)
    if rows.is_empty():
        known = f" at {as_of:%Y-%m-%d %H:%M} UTC" if as_of else ""
        raise QueryFault(
            f"asking who was in {name.upper()} on {held}", f"nothing is known of that day{known}", "land files, then materialize"
        )
    return rows.sort("symbol")


def delisted(platform: Platform, asset_class: str, start: date, end: date) -> pl.DataFrame:
    """Who stopped trading on `[start, end)`, with reason and last price, as rows of DELISTINGS."""
    sources = [p for p in platform.lake.tables() if p.startswith(f"{asset_class}/{RAW_CORPORATE_ACTIONS.name}/")]
    wanted = ("symbol", "ex_date", "kind", "vendor_kind")
    schema = pl.Schema([*((name, RAW_CORPORATE_ACTIONS.polars_schema[name]) for name in wanted), ("source", pl.String())])
    parts = [pl.DataFrame(schema=schema)]
    for path in sources:
        rows = platform.lake.scan(path, RAW_CORPORATE_ACTIONS).select(wanted).collect()
        parts.append(rows.with_columns(pl.lit(path.rsplit("/", 1)[-1]).alias("source")))
    bars = _bars(platform, asset_class, None, None).select("symbol", "session", "close")
    return DELISTINGS.conform(delistings(lives(platform, asset_class), pl.concat(parts), bars, start, end))


def lives(platform: Platform, asset_class: str) -> pl.DataFrame:
    """(symbol, listed_on, delisted_on) of every instrument of the class, null where not known."""
    rows = [(i.symbol, i.listed_on, i.delisted_on) for i in platform.instruments if i.asset_class == asset_class]
    return pl.DataFrame(rows, schema={"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}, orient="row")


def member_lives(platform: Platform, asset_class: str) -> pl.DataFrame:
    """(symbol, first_bar, delisted_on) of every symbol with a validated daily bar or a known delisting."""
    first = _bars(platform, asset_class, None, None).group_by("symbol").agg(pl.col("session").min().alias("first_bar"))
    gone = lives(platform, asset_class).filter(pl.col("delisted_on").is_not_null()).select("symbol", "delisted_on")
    return first.join(gone, on="symbol", how="full", coalesce=True).sort("symbol")


def coverage_by_bars(platform: Platform, asset_class: str) -> pl.DataFrame:
    """(index, member_days, with_bar, share) of each published universe: how many of its symbol days have a validated daily bar."""
    rows = platform.lake.scan(universe_path(asset_class), UNIVERSE).collect()
    return bar_coverage(rows, _bars(platform, asset_class, None, None))


def _by_rule(platform: Platform, name: str, config: UniverseSettings, asked: list[date], as_of: datetime | None) -> pl.DataFrame:
    if not asked:
        return UNIVERSE.empty()
    rule = Rule(config.top, config.window, config.min_price, config.listed_days, config.rebalance)
    calendar = platform.calendar(config.asset_class)
    began = asked[0] - _A_YEAR - timedelta(days=2 * config.window)
    sessions = calendar.sessions(*calendar.clip(began, asked[-1] + timedelta(days=1)))["session"].to_list()
    bars = _bars(platform, config.asset_class, None, as_of)
    rows = most_traded(bars, lives(platform, config.asset_class), sessions, rule, name.upper())
    return rows.filter(pl.col("date") >= asked[0])


def _bars(platform: Platform, asset_class: str, periods: Sequence[str] | None, as_of: datetime | None) -> pl.DataFrame:
    """Validated daily bars of the class, those that a rule looks at, or what they were at `as_of`."""
    path = platform.path(VALIDATED_BARS, asset_class, "1d")
    if as_of is None:
        return platform.lake.scan(path, VALIDATED_BARS, periods=periods, columns=_BAR_COLUMNS).collect()
    first = platform.settings.asset_classes[asset_class].start  # type: ignore[index]
    window = Window(datetime(first.year, first.month, first.day, tzinfo=UTC), as_of + timedelta(days=1))
    return validated_as_of(platform, asset_class, "1d", platform.symbols(asset_class), window, as_of).select(_BAR_COLUMNS)
