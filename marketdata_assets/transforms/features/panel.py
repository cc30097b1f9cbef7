"""The panel in one pass: rows for exactly the members, every feature of every row, from nothing later than the row's own close."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.comparisons import Dates, compared
from marketdata_assets.transforms.features.dates import ascending, means
from marketdata_assets.transforms.features.expressions import expressed
from marketdata_assets.transforms.features.feature import Expression, Feature, Fused, Kernel, Stage
from marketdata_assets.transforms.features.history import History, days, history
from marketdata_assets.transforms.features.placing import gathered, rows_and_spans
from marketdata_assets.transforms.features.recursive import RECURSIVE, recursive
from marketdata_assets.transforms.features.registry import FEATURES, registered
from marketdata_assets.transforms.features.rolling import MARKET, MARKET_LOOK_BACK, WINDOWS, market, windows
from marketdata_assets.transforms.features.sector_map import sector_codes

WRITES: dict[Kernel, tuple[str, ...]] = {Kernel.WINDOWS: WINDOWS, Kernel.RECURSIVE: RECURSIVE, Kernel.MARKET: MARKET}
"""The features that each compiled kernel writes, in order."""
_CHUNK = 64

Columns = dict[str, Floats]


def panel(
    bars: pl.DataFrame,
    events: pl.DataFrame,
    members: pl.DataFrame,
    sectors: pl.DataFrame,
    start: date,
    end: date,
    *,
    closes: pl.DataFrame | None = None,
    features: Sequence[Feature] = FEATURES,
    threads: int | None = None,
) -> pl.DataFrame:
    """One row per member and date of `[start, end)` with every feature: FEATURE_PANEL, sorted by date and symbol.

    `bars`: validated daily bars as traded (symbol, session, open, high, low, close, volume) of each symbol from its first bar in the store
    on; a session of a symbol is a bar of it, one without volume included. `events`: splits (symbol, ex_date, ratio = new / old; null
    or told differently twice: not known, and nothing is compared across it). `members`: (date, symbol), also of the dates before `start`,
    over which the market's return is a mean. `sectors`: (symbol, from, to, sector, known_at), half-open. `closes`: (date, close) of the
    calendar, by which a sector counts as known on a date; without it until the end of the UTC day.

    No value depends on a bar, event, member or sector later than its date; a member without a bar on the date has a row of nulls; what
    cannot be computed is null, never NaN or infinite. The same rows come out to the bit whatever `start` and `end`, `threads` (None: one a
    processor) and the order of the frames' rows. `SchemaFault` when a bar or a member comes twice.
    """
    return next(panels(bars, events, members, sectors, [(start, end)], closes=closes, features=features, threads=threads))


def panels(
    bars: pl.DataFrame,
    events: pl.DataFrame,
    members: pl.DataFrame,
    sectors: pl.DataFrame,
    spans: Iterable[tuple[date, date]],
    *,
    closes: pl.DataFrame | None = None,
    features: Sequence[Feature] = FEATURES,
    threads: int | None = None,
) -> Iterator[pl.DataFrame]:
    """The panel of each span in turn, for years of which not all fit into memory together; see `panel`."""
    listed = registered(features)
    past = history(bars, events, members)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for start, end in spans:
            yield _panel(past, sectors, days(start), days(end), closes, listed, pool)


def _panel(
    past: History,
    sectors: pl.DataFrame,
    first: int,
    end: int,
    closes: pl.DataFrame | None,
    features: Sequence[Feature],
    pool: ThreadPoolExecutor,
) -> pl.DataFrame:
    chosen = past.member_rows(first, end)
    rows = past.members[chosen]
    member_bar = past.member_bar[chosen]
    by_bar = np.full(past.day.size, -1, np.int32)
    spans = np.zeros((past.symbols.len(), 2), np.int64)
    rows_and_spans(member_bar, past.member_code[chosen], by_bar, spans)
    columns = _of_symbols(past, spans, by_bar, rows.height, features, pool)
    columns |= {name: gathered(values, member_bar) for name, values in expressed(past, _with(features, Expression)).items()}
    columns |= _of_market(past, spans, by_bar, rows.height, end, features, pool)
    dates = Dates(bounds_of(past.member_day[chosen]), lambda: sector_codes(rows, sectors, closes), lambda job, n: _shared(pool, job, n))
    compared([feature for feature in features if feature.stage is Stage.DATE], columns, dates)
    return rows.with_columns(pl.Series(feature.name, columns[feature.name], nan_to_null=True) for feature in features)


def bounds_of(day: Ints) -> Ints:
    """Where each date begins among rows sorted by day, and their number at the end."""
    return np.concatenate([[0], np.flatnonzero(np.diff(day)) + 1, [day.size]]).astype(np.int64) if day.size else np.zeros(1, np.int64)


def _of_symbols(past: History, spans: Ints, by_bar: Ints, height: int, features: Sequence[Feature], pool: ThreadPoolExecutor) -> Columns:
    """What the kernels over the bars of one symbol write."""
    columns: Columns = {}
    if wanted := _fused(features, Kernel.WINDOWS):
        out = np.full((len(WINDOWS), height), np.nan)

        def rolled(k: int, until: int) -> None:
            windows(past.values, past.step, past.ret, past.offsets[k : until + 1], spans[k:until], by_bar, out)

        _shared(pool, rolled, len(spans))
        columns |= {name: line for name, line in zip(WINDOWS, out, strict=True) if name in wanted}
    if wanted := _fused(features, Kernel.RECURSIVE):
        states = np.full((len(RECURSIVE), height), np.nan)

        def carried(k: int, until: int) -> None:
            recursive(past.values, past.step, past.offsets[k : until + 1], spans[k:until], by_bar, states)

        _shared(pool, carried, len(spans))
        columns |= {name: line for name, line in zip(RECURSIVE, states, strict=True) if name in wanted}
    return columns


def _of_market(
    past: History, spans: Ints, by_bar: Ints, height: int, end: int, features: Sequence[Feature], pool: ThreadPoolExecutor
) -> Columns:
    """What the kernel writes that holds a symbol's returns against the mean of the members'."""
    wanted = _fused(features, Kernel.MARKET)
    out = np.full((len(MARKET), height), np.nan)
    used = spans[:, 0] < spans[:, 1]
    if wanted and used.any():
        earliest = np.maximum(past.offsets[:-1], spans[:, 0] - MARKET_LOOK_BACK)[used]
        origin = int(past.day[earliest].min())
        mean = market_returns(past, origin, end, pool)

        def against(k: int, until: int) -> None:
            market(past.ret, past.day, mean, origin, past.offsets[k : until + 1], spans[k:until], by_bar, out)

        _shared(pool, against, len(spans))
    return {name: line for name, line in zip(MARKET, out, strict=True) if name in wanted}


def market_returns(past: History, first: int, end: int, pool: ThreadPoolExecutor) -> Floats:
    """The equal-weighted mean return of the members on each day of `[first, end)`, NaN where no member has one."""
    chosen = past.member_rows(first, end)
    day, r = past.member_day[chosen], gathered(past.ret, past.member_bar[chosen])
    bounds = bounds_of(day)
    dates = bounds.size - 1
    order, counts = np.empty(day.size, np.int32), np.zeros(dates, np.int64)
    by_date = np.full(dates, np.nan)

    def averaged(k: int, until: int) -> None:
        ascending(r, bounds, k, until, order, counts)
        means(r, bounds, k, until, order, counts, by_date)

    _shared(pool, averaged, dates)
    out = np.full(end - first, np.nan)
    out[day[bounds[:-1]] - first] = by_date
    return out


def _shared(pool: ThreadPoolExecutor, job: Callable[[int, int], None], n: int) -> None:
    """Do `job` for the places [0, n) in chunks, shared between the pool's threads; each place is written by one of them alone."""
    list(pool.map(lambda k: job(k, min(k + _CHUNK, n)), range(0, n, _CHUNK)))


def _fused(features: Sequence[Feature], kernel: Kernel) -> set[str]:
    return {feature.name for feature in features if isinstance(feature.by, Fused) and feature.by.kernel is kernel}


def _with(features: Sequence[Feature], kind: type[Expression]) -> list[Feature]:
    return [feature for feature in features if isinstance(feature.by, kind)]
