"""Everything the panel reads, laid out once: bars by symbol and session as arrays, splits as steps, members with the bars they read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.core.faults import SchemaFault
from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.placing import bars_of_members
from marketdata_assets.transforms.features.rolling import returns

PRICES = ("open", "high", "low", "close")
VALUES = (*PRICES, "volume")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class History:
    """Bars of `symbols` (sorted), symbol k's from `offsets[k]` up to `offsets[k + 1]`, and the members of every date.

    `day` counts days since 1970; `values` holds the lines of VALUES as traded, NaN where missing; `step` is the split ratio that
    took effect since the symbol's bar before, 1 for none, NaN for an unknown one; `ret` the return of each bar over the one before.
    `members` is sorted by date and symbol; `member_bar` is the bar that each of its rows reads, -1 for none.
    """

    symbols: pl.Series
    offsets: Ints
    day: Ints
    values: Floats
    step: Floats
    ret: Floats
    members: pl.DataFrame
    member_day: Ints
    member_code: Ints
    member_bar: Ints

    def member_rows(self, first: int, end: int) -> slice:
        """The rows of `members` on the days `[first, end)`."""
        low, high = np.searchsorted(self.member_day, np.array([first, end], dtype=self.member_day.dtype))
        return slice(int(low), int(high))


def days(when: date) -> int:
    """Days since 1970."""
    return (when - _EPOCH).days


def history(bars: pl.DataFrame, events: pl.DataFrame, members: pl.DataFrame) -> History:
    """The history that panels are computed from; frames in any order of rows.

    `bars`: symbol, session, open, high, low, close, volume, as traded; `events`: symbol, ex_date, ratio (new shares / old shares; null: not
    known); `members`: date, symbol. A price that is not above 0, a volume below 0 and whatever is not finite counts as missing.
    `SchemaFault` when a bar or a member comes twice.
    """
    ordered = _sorted(bars.select("symbol", "session", *VALUES), ("symbol", "session"), "bars")
    listed = _sorted(members.select("date", "symbol"), ("date", "symbol"), "members")
    lengths = ordered.select(pl.col("symbol").rle()).unnest("symbol")
    symbols = lengths.get_column("value")
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths.get_column("len").to_numpy(), dtype=np.int64)])
    day = _days(ordered.get_column("session"))
    values = _values(ordered)
    step = _steps(events, symbols, offsets, day)
    member_day, member_code = _days(listed.get_column("date")), _codes(listed.get_column("symbol"), symbols)
    return History(
        symbols,
        offsets,
        day,
        values,
        step,
        returns(values[3], step, offsets),
        listed,
        member_day,
        member_code,
        bars_of_members(day, offsets, member_day, member_code),
    )


def _sorted(frame: pl.DataFrame, key: tuple[str, str], what: str) -> pl.DataFrame:
    """`frame` in order of its key, which no two rows share."""
    missing = {name: n for name, n in frame.select(pl.col(*key).null_count()).row(0, named=True).items() if n}
    if missing:
        raise SchemaFault(f"reading the {what} of a panel", f"{', '.join(missing)} is null", f"hand over {what} with {' and '.join(key)}")
    first, second = pl.col(key[0]), pl.col(key[1])
    ascending = (first > first.shift()) | ((first == first.shift()) & (second > second.shift()))
    if frame.height < 2 or frame.select(ascending.slice(1).all()).item():
        return frame.rechunk()
    ordered = frame.sort(key)
    twice = ordered.filter((first == first.shift()) & (second == second.shift()))
    if twice.height:
        raise SchemaFault(
            f"reading the {what} of a panel",
            f"{twice.height} rows repeat {' and '.join(key)}, the first for {twice.row(0)[:2]}",
            f"hand over each of the {what} once",
        )
    return ordered


def _days(dates: pl.Series) -> Ints:
    return np.array(dates.cast(pl.Date).to_physical().to_numpy(), dtype=np.int32)


def _values(ordered: pl.DataFrame) -> Floats:
    values = np.empty((len(VALUES), ordered.height))
    for line, name in zip(values, VALUES, strict=True):
        line[:] = ordered.get_column(name).cast(pl.Float64).fill_null(np.nan).to_numpy()
        with np.errstate(invalid="ignore"):
            line[~(np.isfinite(line) & (line > 0 if name in PRICES else line >= 0))] = np.nan
    return values


def _codes(names: pl.Series, symbols: pl.Series) -> Ints:
    """The place of each name among `symbols`, -1 for a name without bars."""
    places = pl.DataFrame({"symbol": symbols, "code": np.arange(symbols.len(), dtype=np.int32)}, schema_overrides={"symbol": pl.String})
    found = names.to_frame("symbol").join(places, on="symbol", how="left", maintain_order="left")
    return np.array(found.get_column("code").fill_null(-1).to_numpy(), dtype=np.int32)


def _steps(events: pl.DataFrame, symbols: pl.Series, offsets: Ints, day: Ints) -> Floats:
    """The ratio that took effect at each bar: of every split after the symbol's bar before it, up to its own session."""
    step = np.ones(day.size)
    told = events.select("symbol", "ex_date", pl.col("ratio").cast(pl.Float64)).drop_nulls(["symbol", "ex_date"])
    known = pl.col("ratio").is_finite() & (pl.col("ratio") > 0)
    # Two different ratios on one day leave none known; the same one told twice is told once.
    each = (
        told.with_columns(pl.when(known).then("ratio"))
        .group_by("symbol", "ex_date")
        .agg(pl.when(pl.col("ratio").n_unique() == 1).then(pl.col("ratio").first()).first())
        .sort("symbol", "ex_date")
    )
    codes = _codes(each.get_column("symbol"), symbols)
    for code, ex, ratio in zip(codes, _days(each.get_column("ex_date")), each.get_column("ratio"), strict=True):
        if code < 0:
            continue
        at, end = offsets[code], offsets[code + 1]
        bar = at + np.searchsorted(day[at:end], ex)
        if at < bar < end:
            step[bar] *= np.nan if ratio is None else ratio
    return step
