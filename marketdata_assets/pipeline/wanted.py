"""What has not been asked of a networked source yet: windows by symbol, cut to what it has and spelled its way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.aliases import ANY_SOURCE, Alias
from marketdata_assets.core.periods import Window, period_window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import fetches, source_settings
from marketdata_assets.pipeline.payloads import forming_from
from marketdata_assets.pipeline.platform import Platform, listing_bounds
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.settings import SourceSettings
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.question import Data, Question, question_at

Span = tuple[datetime, datetime]


class Want(NamedTuple):
    """Bars of one instrument that a source is to be asked for: our name, the vendor's spelling then, the half-open window."""

    symbol: str
    spelling: str
    window: Window


def wanted(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey], *, again: bool = False) -> list[Want]:
    """What the partitions `keys` still lack of a source, by symbol and time; nothing twice, and nothing that cannot have been traded.

    A window the vendor answered before (with rows or with none) is not asked again, except for the last `overlap_days` before
    newer bars, where a restatement would show; one that failed is. `again` asks for everything anew. Bars still forming, bars
    younger than the dataset's delay or older than its history, days without a session and days off the list are left out.
    """
    config = source_settings(platform, source)
    dataset = bars_of(config, timeframe)
    reach = limits(platform, config, dataset, timeframe)
    have = {} if again else covered(platform, source, dataset, timeframe)
    found: list[Want] = []
    for symbol, windows in _windows(keys).items():
        for window in windows:
            inside = _cut([window], _listed(platform, symbol), reach)
            gaps = without(inside, have.get(symbol, []))
            traded = [gap for gap in gaps if _sessions_in(platform, config.asset_class, gap)]
            lacking = [_stretched(gap, have.get(symbol, []), reach[0], config.overlap_days) for gap in traded]
            found += (Want(symbol, spelling, part) for gap in lacking for spelling, part in spelled(platform, source, symbol, gap))
    return found


def bars_of(config: SourceSettings, timeframe: str) -> Dataset:
    """The vendor's dataset with bars of this length; settings were refused where there is none."""
    dataset = config.source().serving(Data.BARS, config.asset_class, timeframe)
    assert dataset is not None  # noqa: S101 - checked when marketdata.yaml was read
    return dataset


def chosen_options(config: SourceSettings) -> dict[str, str]:
    """The vendor's options as this source has them."""
    return config.source().chosen(config.options, config.plan)


def covered(platform: Platform, source: str, dataset: Dataset, timeframe: str) -> dict[str, list[Span]]:
    """Spans that the vendor answered for each symbol as it would be asked today, disjoint and ascending.

    What was asked under other options counts where they make no difference to this dataset: neither to the requests nor to the tape.
    """
    answered = fetches(platform, source).filter(pl.col("state") == LandingState.LANDED, pl.col("timeframe") == timeframe)
    kept = answered.with_columns(_asked=pl.col("path").str.extract(r"^([^/]*/[^/]*)/") + pl.lit(" ") + _options_text())
    present = chosen_options(source_settings(platform, source))
    alike = [
        asked
        for asked, path in kept.group_by("_asked", maintain_order=True).agg(pl.col("path").first()).iter_rows()
        if _same(dataset, question_at(path)[0], present)
    ]
    mine = kept.filter(pl.col("_asked").is_in(alike)).select("symbol", "asked_from", "asked_until").unique().sort("symbol", "asked_from")
    spans: dict[str, list[Span]] = {}
    for symbol, start, end in mine.iter_rows():
        have = spans.setdefault(symbol, [])
        if have and start <= have[-1][1]:
            have[-1] = (have[-1][0], max(have[-1][1], end))
        else:
            have.append((start, end))
    return spans


def _options_text() -> pl.Expr:
    """The options in a payload's path, as the question wrote them."""
    return pl.col("path").str.split("/").list.get(3)


def _same(dataset: Dataset, asked: Question, present: Mapping[str, str]) -> bool:
    """Whether the question, asked under the present options, would be the same one about the same tape."""
    if asked.dataset != dataset.name:
        return False
    again = replace(asked, options=present)
    return dataset.tape_of(asked.options) == dataset.tape_of(present) and list(dataset.ask(asked)) == list(dataset.ask(again))


def spelled(platform: Platform, source: str, symbol: str, window: Window) -> Iterator[tuple[str, Window]]:
    """The vendor's spelling of an instrument and the part of the window in which it was that.

    A vendor that follows renames is asked by today's ticker. For others, an alias dated for the source (or for all) parts the window; an
    instrument whose own ticker is dated has none on other days, and is not asked for then.
    """
    config = source_settings(platform, source)
    vendor = config.source()
    plain = vendor.spellings[config.asset_class].theirs(symbol)
    aliases = [a for a in platform.instruments.get(symbol).aliases if a.source in (source, vendor.name, ANY_SOURCE)]
    own = [alias for alias in aliases if alias.source != ANY_SOURCE and not alias.dated]
    plain = own[0].spelling if own else plain
    dated = [] if vendor.follows_renames else [alias for alias in aliases if alias.dated]
    rest = [(window.start, window.end)]
    for alias in dated:
        span = _alias_span(alias)
        for start, end in _cut([window], span):
            yield alias.spelling, Window(start, end)
        rest = without(rest, [span])
    if not any(alias.spelling == plain for alias in dated):
        for start, end in rest:
            yield plain, Window(start, end)


def _windows(keys: Collection[PartitionKey]) -> dict[str, list[Window]]:
    """Adjoining periods of each symbol as one window."""
    windows: dict[str, list[Window]] = {}
    for period, symbol in sorted((key.period, key.symbol) for key in keys if key.period and key.symbol):
        window, mine = period_window(period), windows.setdefault(symbol, [])
        if mine and mine[-1].end == window.start:
            mine[-1] = Window(mine[-1].start, window.end)
        else:
            mine.append(window)
    return windows


def limits(platform: Platform, config: SourceSettings, dataset: Dataset, timeframe: str) -> Span:
    """From when the vendor has bars that we have partitions for, until when they can have ended."""
    now = clock.now()
    start = _midnight(platform.settings.asset_classes[config.asset_class].start)
    if dataset.history is not None:
        start = max(start, now - dataset.history)
    until = forming_from(platform.calendar(config.asset_class), timeframe_named(timeframe), now - dataset.delay)
    duration = timeframe_named(timeframe).duration
    whole = datetime.fromtimestamp(-(-until.timestamp() // duration.total_seconds()) * duration.total_seconds(), UTC)
    return start, max(start, whole)


def _listed(platform: Platform, symbol: str) -> Span:
    listed, delisted = listing_bounds(platform, symbol)
    return _midnight(listed or date.min), _midnight(delisted or date.max)


def _alias_span(alias: Alias) -> Span:
    return _midnight(alias.start or date.min), _midnight(alias.end or date.max)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _cut(windows: Sequence[Window], *bounds: Span) -> list[Span]:
    """The parts of the windows that lie within all bounds."""
    first, last = max(start for start, _ in bounds), min(end for _, end in bounds)
    cut = ((max(w.start, first), min(w.end, last)) for w in windows)
    return [(start, end) for start, end in cut if start < end]


def without(spans: Sequence[Span], have: Sequence[Span]) -> list[Span]:
    """What of `spans` lies in none of `have` (disjoint, ascending)."""
    left: list[Span] = []
    for start, end in spans:
        at = start
        for known_from, known_until in have:
            if known_until <= at or known_from >= end:
                continue
            if known_from > at:
                left.append((at, known_from))
            at = max(at, known_until)
        if at < end:
            left.append((at, end))
    return left


def _sessions_in(platform: Platform, asset_class: str, span: Span) -> bool:
    """Whether the market was open on a day of the span."""
    calendar = platform.calendar(asset_class)
    first, last = calendar.clip(span[0].date(), (span[1] - timedelta(microseconds=1)).date() + timedelta(days=1))
    return first < last and calendar.sessions(first, last).height > 0


def _stretched(gap: Span, have: Sequence[Span], earliest: datetime, days: int) -> Window:
    """The gap, moved back over answered time where it follows upon it."""
    follows = any(end == gap[0] for _, end in have)
    return Window(max(earliest, gap[0] - timedelta(days=days)) if follows else gap[0], gap[1])
