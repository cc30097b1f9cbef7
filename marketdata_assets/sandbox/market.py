"""The simulated market: `simulate(spec)` gives its instruments, its vendors' files by delivery, and its ground truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.sessions import calendar
from marketdata_assets.sandbox.companies import Company, companies, instruments
from marketdata_assets.sandbox.defects_daily import as_first_sent, before_correction, plant_daily
from marketdata_assets.sandbox.defects_files import plant_files
from marketdata_assets.sandbox.defects_shorter import finished, plant_coins, plant_minutes, unfinished
from marketdata_assets.sandbox.equities import daily_bars, factors
from marketdata_assets.sandbox.feeds import coin_feeds, daily_feeds, hour_feeds, minute_feeds, minute_window
from marketdata_assets.sandbox.happenings import events
from marketdata_assets.sandbox.planting import Feeds
from marketdata_assets.sandbox.rendering import files
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.standing import standing, undamaged
from marketdata_assets.sandbox.truth import Defect, Truth, defects_frame, events_frame
from marketdata_assets.sandbox.truth import write_truth as _write_truth
from marketdata_assets.sandbox.vendors.file import File

TRUE = "true"


class Delivery(NamedTuple):
    """Files that arrive together at an instant (UTC). A path that an earlier delivery had is replaced."""

    received_at: datetime
    files: tuple[File, ...]


@dataclass(frozen=True)
class Market:
    """A simulated market: who trades there, the undamaged daily bars of its companies by symbol, its ground truth."""

    spec: Spec
    instruments: Instruments
    daily: dict[str, pl.DataFrame]
    truth: Truth
    _deliveries: tuple[Delivery, ...]
    _feeds: Feeds

    def deliveries(self) -> list[Delivery]:
        """What the vendors send, oldest first: the history, then ten days later everything that changed, a late correction among it."""
        return list(self._deliveries)

    def feeds(self, at: datetime) -> Feeds:
        """Every source's bars as its live interface knows them at `at` (UTC), by series; those of source `TRUE` are undamaged.

        They are what the files hold, defects of bars included: bars that had begun (the one under way half made), and until the second
        delivery the value that the late correction replaced. What only a file can have, a footnote or a torn row, is not there.
        """
        early = self.spec.defects and at < self.spec.update_received
        return standing(before_correction(self._feeds, self.spec.history_received) if early else self._feeds, at)

    def write_truth(self, folder: Path) -> list[Path]:
        """defects.csv, events.csv and bars.csv in `folder`; their paths."""
        return _write_truth(folder, self.truth)


def simulate(spec: Spec | None = None) -> Market:
    """The market that follows from `spec` (None: the default), the same to the byte on every call."""
    spec = spec or Spec()
    sessions = calendar("XNYS").sessions(spec.start, spec.end)
    days = sessions["session"].to_list()
    cast = companies(spec.seed, spec.extra_equities)
    common = factors(spec.seed, sorted({company.sector for company in cast}), sessions.height)
    daily = {company.symbol: daily_bars(spec.seed, company, common, sessions) for company in cast}
    window = minute_window(sessions, spec.minute_months)
    feeds = daily_feeds(spec.seed, daily, cast, days)
    minutes = minute_feeds(spec.seed, daily, window) if window.height else {}
    feeds |= minutes | coin_feeds(spec)
    if spec.hourly:
        feeds |= hour_feeds(spec.seed, daily, sessions, minutes)
    truth = _true_bars(feeds)
    whole = undamaged(feeds, TRUE)
    defects: list[Defect] = []
    if spec.defects:
        defects += plant_daily(feeds, days)
        defects += plant_minutes(feeds, window) if window.height else ()
        defects += plant_coins(feeds)
    sent, found = _sent(spec, feeds, cast, sessions)
    happened = events_frame(events(cast, daily, sessions, window))
    known = Instruments(instruments(cast, days))
    return Market(spec, known, daily, Truth(defects_frame([*defects, *found]), happened, truth), sent, feeds | whole)


def write_landing(folder: Path, deliveries: Iterable[Delivery]) -> list[Path]:
    """Lays the deliveries' files, in their order, under `folder`/<source>/<path>; every path written, in order."""
    written: list[Path] = []
    for delivery in deliveries:
        for file in delivery.files:
            path = folder / file.source / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            written.append(path)
    return written


def _sent(spec: Spec, feeds: Feeds, cast: tuple[Company, ...], sessions: pl.DataFrame) -> tuple[tuple[Delivery, ...], list[Defect]]:
    days = sessions["session"].to_list()
    found: list[Defect] = []
    then = dict(feeds)
    if spec.defects:
        then, corrected = as_first_sent(feeds, spec.history_received)
        found += [*corrected, *unfinished(then, spec.history_received)]
    else:
        finished(then, spec.history_received)
    history = list(files(then, cast, days, spec.history_received))
    update = list(files(feeds, cast, days, spec.update_received))
    if spec.defects:
        history, damaged = plant_files(history)
        found += damaged
        update, _ = plant_files(update)
    known = {(file.source, file.path): file.data for file in history}
    changed = tuple(file for file in update if known.get((file.source, file.path)) != file.data)
    return (Delivery(spec.history_received, tuple(history)), Delivery(spec.update_received, changed)), found


def _true_bars(feeds: Feeds) -> pl.DataFrame:
    """The undamaged bars in which something traded, as each series' first source has them."""
    first = {(series.timeframe, series.symbol): series for series in reversed(feeds)}
    parts = [
        feeds[series].select(
            pl.lit(series.timeframe).alias("timeframe"),
            pl.lit(series.symbol).alias("symbol"),
            "timestamp",
            *("open", "high", "low", "close"),
            pl.col("volume").cast(pl.Float64),
        )
        for series in first.values()
    ]
    return pl.concat(parts).filter(pl.col("volume") > 0).sort("timeframe", "symbol", "timestamp")
