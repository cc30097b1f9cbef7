"""`marketdata coverage`: what was expected and what came, symbol by period, and what became of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from marketdata_assets.cli.bars import ASSET_CLASS, END, START, TIMEFRAME
from marketdata_assets.cli.session import FOUND_WRONG, Session, command

if TYPE_CHECKING:
    import polars as pl

_PERIODS_SHOWN = 24
_COMPLETE = "complete"


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "coverage", rich_help_panel="Look")(coverage)


def coverage(
    session: Session,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all configured symbols when left out")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    timeframe: Annotated[str, TIMEFRAME] = "1d",
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
    days: Annotated[bool, typer.Option("--days", help="list every day that is not complete, with the reason")] = False,
    fail_under: Annotated[float | None, typer.Option(min=0, max=100, help="exit 1 when less than this percentage came")] = None,
) -> None:
    """Show how much of what the calendar has room for is there, in percent, symbol by year (month for intraday bars).

    Percentages are rounded down, so 100 means every bar. Below stand the days by state: complete, no_trade, halted, closed,
    vendor_absent, not_fetched, quarantined.

    For example:

        marketdata coverage

        marketdata coverage AAPL MSFT --start 2020 --days

        marketdata coverage --asset-class crypto -t 1h --start 2024 --fail-under 99.5
    """
    from marketdata_assets.core.timeframes import timeframe as timeframe_of
    from marketdata_assets.query.coverage import by_period, by_state

    rows = session.market.coverage(symbols or None, start, end, timeframe, asset_class=asset_class)
    kind = timeframe_of(timeframe).period
    periods, states = by_period(rows, kind), by_state(rows)
    if days:
        session.out.frame(rows.filter(rows["state"] != _COMPLETE))
    elif session.out.as_json:
        session.out.document({"periods": periods.to_dicts(), "states": states.to_dicts()})
    else:
        _heat(session, periods)
        session.out.frame(states, title="days by state")
    expected, received = int(rows["expected"].sum()), int(rows["received"].sum())
    if fail_under is not None and received * 100 < fail_under * expected:
        session.out.note(f"{received} of {expected} expected bars came, less than {fail_under:g}%")
        raise typer.Exit(FOUND_WRONG)


def _heat(session: Session, periods: pl.DataFrame) -> None:
    names = sorted(set(periods["period"]))
    shown = names[-_PERIODS_SHOWN:]
    shares = {(symbol, period): share for symbol, period, share in periods.select("symbol", "period", "share").iter_rows()}
    rows: list[list[Any]] = [
        [symbol, *(_share(shares.get((symbol, period))) for period in shown)] for symbol in dict.fromkeys(periods["symbol"])
    ]
    session.out.table(["symbol", *shown], rows, title="bars received, percent of expected")
    if len(shown) < len(names):
        session.out.note(f"the newest {len(shown)} of {len(names)} periods; choose others with --start and --end")


def _share(share: float | None) -> Text:
    if share is None:
        return Text(".", style="dim")
    percent = int(share * 100)
    style = "green" if share >= 1 else "yellow" if share >= 0.9 else "red"
    return Text(f"{percent}", style=style)
