"""The Python edge: bars, coverage, tables and SQL over the lake as Polars or pandas frames, without Dagster.

Nothing slow is imported before a question is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from marketdata_assets.pipeline.platform import Platform
    from marketdata_assets.query.who import Stretch
    from marketdata_assets.schemas.table import Table
    from marketdata_assets.transforms.adjust import How

When = date | datetime | str | None
Frame = Literal["polars", "pandas"]


class MarketData:
    """A lake opened for reading.

    `config` is the path of marketdata.yaml; None takes `MARKETDATA_CONFIG`, else ./marketdata.yaml. `lake` replaces the lake's root,
    a folder or `s3://bucket/prefix`. With `market: simulated` in the configuration the numbers are invented. Every refusal is
    a `Fault` that says what was found and what to do.
    """

    def __init__(self, config: str | Path | None = None, *, lake: str | Path | None = None) -> None:
        self._config = None if config is None else Path(config)
        self._lake = lake

    @cached_property
    def platform(self) -> Platform:
        """Settings, lake, instruments and calendars behind the answers; read once, at the first question."""
        from marketdata_assets.pipeline.platform import open_platform
        from marketdata_assets.settings import load_settings

        settings = load_settings(self._config)
        if self._lake is not None:
            root = str(self._lake)
            settings = settings.model_copy(update={"lake": root if "://" in root else str(Path(root).absolute())})
        return open_platform(settings)

    @overload
    def bars(
        self,
        symbols: str | Sequence[str] | None = ...,
        start: When = ...,
        end: When = ...,
        timeframe: str = ...,
        as_of: When = ...,
        columns: Sequence[str] | None = ...,
        frame: Literal["polars"] = ...,
        asset_class: str | None = ...,
        adjust: How = ...,
    ) -> pl.DataFrame: ...

    @overload
    def bars(
        self,
        symbols: str | Sequence[str] | None = ...,
        start: When = ...,
        end: When = ...,
        timeframe: str = ...,
        as_of: When = ...,
        columns: Sequence[str] | None = ...,
        *,
        frame: Literal["pandas"],
        asset_class: str | None = ...,
        adjust: How = ...,
    ) -> pd.DataFrame: ...

    def bars(
        self,
        symbols: str | Sequence[str] | None = None,
        start: When = None,
        end: When = None,
        timeframe: str = "1d",
        as_of: When = None,
        columns: Sequence[str] | None = None,
        frame: Frame = "polars",
        asset_class: str | None = None,
        adjust: How = "raw",
    ) -> Any:
        """Validated bars on `[start, end)`, one row a bar, sorted by symbol and timestamp; prices as traded, times UTC.

        `symbols` is one or several, None for all of the asset class. A name of the past answers for the days it was borne: FB is META
        until 2022-06-09. Dates are midnights UTC, which for a daily bar is its session's date; None leaves that side open. With
        `as_of`, the answer the platform would have given at that instant, late corrections left out. `SymbolFault` for an unknown symbol,
        with near ones; `QueryFault` for an unknown column, timeframe or table; `CorruptFault` when a file is damaged.

        `adjust`: `raw` prices as traded; `split` on the newest share count, price times volume unchanged; `split+dividend` less the
        dividends paid since, too. Only events known by `as_of` count. `AdjustmentFault` when sources contradict each other about an event
        of a symbol; its raw bars are served all the same. The adjusted level as of today knows future splits: use ratios of it.
        """
        from marketdata_assets.query.adjusted import adjusted_bars
        from marketdata_assets.query.when import instant

        known = None if as_of is None else instant(as_of, "as_of")
        asked = self.asked(symbols, start, end, timeframe, asset_class)
        return _as(adjusted_bars(self.platform, asked, timeframe, adjust, as_of=known, columns=columns), frame)

    def events(
        self,
        symbols: str | Sequence[str] | None = None,
        start: When = None,
        end: When = None,
        as_of: When = None,
        *,
        announced: bool = False,
        asset_class: str | None = None,
    ) -> pl.DataFrame:
        """Split events with ex-dates on `[start, end)`: reported by whom, seen in the price or not, and what the platform makes of each.

        `announced`: instead, every corporate action as each source announced it, all kinds and all versions (`known_at`), with `source`.
        `as_of`: what was known at that instant, judged by the bars and reports of then.
        """
        from marketdata_assets.query.adjusted import announced_actions, split_events
        from marketdata_assets.query.when import instant

        known = None if as_of is None else instant(as_of, "as_of")
        asked = self.asked(symbols, start, end, "1d", asset_class)
        return announced_actions(self.platform, asked, known) if announced else split_events(self.platform, asked, known)

    def coverage(
        self,
        symbols: str | Sequence[str] | None = None,
        start: When = None,
        end: When = None,
        timeframe: str = "1d",
        asset_class: str | None = None,
    ) -> pl.DataFrame:
        """What was expected and what came, one row a symbol and session (UTC day for crypto) on `[start, end)`."""
        from marketdata_assets.query.coverage import coverage
        from marketdata_assets.schemas.audit import COVERAGE

        return coverage(self.platform, self.asked(symbols, start, end, timeframe, asset_class, COVERAGE), timeframe)

    def universe(self, name: str, date: When = None, as_of: When = None) -> pl.DataFrame:
        """Who belonged to an index (`"SP500"`) or a universe by rule at the open of a date, one row a symbol, sorted; None: today.

        On a day without a session, who belonged on the one before. With `as_of`, by what was known at that instant: files received and
        snapshots taken until then. `ticker` is what the symbol was called on the exchange that day. `QueryFault` for a name that is not
        configured, and for a day of which nothing is known: never today's members instead.
        """
        from marketdata_assets.core import clock
        from marketdata_assets.pipeline.universe import members_on
        from marketdata_assets.query.when import instant

        day = clock.now() if date is None else instant(date, "date")
        return members_on(self.platform, name, day.date(), None if as_of is None else instant(as_of, "as_of"))

    def fundamentals(
        self, symbol: str, concept: str | None = None, as_of: When = None, *, splits: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """What a company had reported by a date or an instant; None: now.

        With a concept (`EarningsPerShareDiluted`), one row a period with the newest `value` that was known, as reported, and
        `basis_value` on the share basis of `as_of`. Without one, or with a derived name (`pe`), one row a derived figure: revenue,
        net_income, eps (trailing twelve months), book_value, shares, market_cap, pe, dividend_yield, book_value_per_share. A date counts
        until its close: what was accepted later is usable in the next session. `splits`: (ex_date, ratio = new / old) instead of the
        announced ones. `QueryFault` for a concept that was not told, `SymbolFault` for a symbol without a known filer.
        """
        from marketdata_assets.pipeline.figures import figures, is_derived, reported
        from marketdata_assets.query.when import day_or_instant

        known = day_or_instant(as_of, "as_of")
        if concept is not None and not is_derived(concept):
            return reported(self.platform, symbol, concept, known, splits)
        rows = figures(self.platform, symbol, known, splits)
        return rows if concept is None else rows.filter(rows["name"] == concept.lower())

    def delistings(self, start: When = None, end: When = None, asset_class: str = "us_equities") -> pl.DataFrame:
        """Who stopped trading on `[start, end)`, one row a symbol, with the reason as far as anybody says it and the last price."""
        from marketdata_assets.pipeline.universe import delisted
        from marketdata_assets.query.when import window

        span = window(start, end)
        return delisted(self.platform, self._class(asset_class), span.start.date(), span.end.date())

    @overload
    def features(
        self,
        universe: str | Sequence[str] | None = ...,
        start: When = ...,
        end: When = ...,
        columns: Sequence[str] | None = ...,
        *,
        frame: Literal["polars"] = ...,
    ) -> pl.DataFrame: ...

    @overload
    def features(
        self,
        universe: str | Sequence[str] | None = ...,
        start: When = ...,
        end: When = ...,
        columns: Sequence[str] | None = ...,
        *,
        frame: Literal["pandas"],
    ) -> pd.DataFrame: ...

    def features(
        self,
        universe: str | Sequence[str] | None = None,
        start: When = None,
        end: When = None,
        columns: Sequence[str] | None = None,
        *,
        frame: Frame = "polars",
    ) -> Any:
        """Rows of the published feature panel on `[start, end)`, one a date and member, sorted by both; 45 numbers each, or those named.

        A row was known at the close of its date and is for decisions after it. `universe` is an asset class, its panel's universe
        (`"SP500"`) or a list of symbols, whose ranks are still those among all members; None where there is one panel only. Columns are
        good without their `f_`; date and symbol always come. Null where a feature has no value, never NaN. `QueryFault` for a universe or
        a feature there is not and for a panel that is not published; `SymbolFault` for an unknown symbol.
        """
        from marketdata_assets.query.features import features
        from marketdata_assets.query.when import window

        return _as(features(self.platform, universe, window(start, end), columns=columns), frame)

    def symbols(self, asset_class: str | None = None) -> list[str]:
        """The canonical symbols that are configured, sorted, of one asset class or of all."""
        classes = [asset_class] if asset_class else list(self.platform.settings.asset_classes)
        return sorted(symbol for name in classes for symbol in self.platform.symbols(self._class(name)))

    def tables(self) -> pl.DataFrame:
        """One row a table that SQL may name: asset class, name, partitions, files' bytes, first and last period, meaning."""
        from marketdata_assets.query.tables import tables

        return tables(self.platform)

    @overload
    def sql(self, statement: str, *, limit: int | None = ..., frame: Literal["polars"] = ...) -> pl.DataFrame: ...

    @overload
    def sql(self, statement: str, *, limit: int | None = ..., frame: Literal["pandas"]) -> pd.DataFrame: ...

    def sql(self, statement: str, *, limit: int | None = None, frame: Frame = "polars") -> Any:
        """The rows of one SELECT in DuckDB's SQL; every table is a view, `us_equities.validated_bars_1d`. Reads only."""
        from marketdata_assets.query.sql import ask

        return _as(ask(self.platform, statement, limit=limit).rows, frame)

    def asked(
        self,
        symbols: str | Sequence[str] | None,
        start: When,
        end: When,
        timeframe: str,
        asset_class: str | None = None,
        table: Table | None = None,
    ) -> list[Stretch]:
        """What symbols and dates mean: canonical symbols with their half-open spans; see `bars`.

        Without symbols, all of the asset class, or of every class for which `table` (None: validated bars) holds something.
        """
        from marketdata_assets.query.bars import classes_with
        from marketdata_assets.query.when import window
        from marketdata_assets.query.who import stretches
        from marketdata_assets.schemas.bars import VALIDATED_BARS

        span, classes = window(start, end), [] if asset_class is None else [self._class(asset_class)]
        if symbols is not None:
            return stretches(self.platform, [symbols] if isinstance(symbols, str) else list(symbols), span, asset_class)
        classes = classes or classes_with(self.platform, table or VALIDATED_BARS, timeframe)
        return [stretch for name in classes for stretch in stretches(self.platform, self.symbols(name), span, name)]

    def _class(self, name: str) -> str:
        from marketdata_assets.core.faults import QueryFault

        classes = list(self.platform.settings.asset_classes)
        if name not in classes:
            raise QueryFault("choosing an asset class", f"{name[:40]!r} is not configured", f"use {' or '.join(classes)}")
        return name


def _as(rows: pl.DataFrame, frame: str) -> Any:
    if frame == "polars":
        return rows
    if frame == "pandas":
        return rows.to_pandas()
    from marketdata_assets.core.faults import QueryFault

    raise QueryFault("choosing a frame", f"{frame!r} is unknown", "use frame='polars' or frame='pandas'")
