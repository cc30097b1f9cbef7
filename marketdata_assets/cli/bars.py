"""`marketdata bars`: validated bars of some symbols, now or as they were known then."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

from marketdata_assets.cli.session import Session, command

if TYPE_CHECKING:
    from marketdata_assets.transforms.adjust import How

START = typer.Option(metavar="DATE", help="first day, e.g. 2024-03-01, 2024-03 or 2024; UTC")
END = typer.Option(metavar="DATE", help="first day that is left out")
TIMEFRAME = typer.Option("--timeframe", "-t", metavar="TF", help="bar length: 1d, 1h, ...")
ASSET_CLASS = typer.Option("--asset-class", metavar="CLASS", help="us_equities or crypto; found from the symbols when left out")
_SHOWN = ("symbol", "timestamp", "open", "high", "low", "close", "volume", "source", "n_agreeing", "quality_score", "quality_flags")
_ROWS_SHOWN = 40


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "bars", rich_help_panel="Look")(bars)


def bars(
    session: Session,
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="AAPL, BRK.B, BTC-USDT; past names and BRK-B, BTCUSDT too")],
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    timeframe: Annotated[str, TIMEFRAME] = "1d",
    as_of: Annotated[str | None, typer.Option(metavar="INSTANT", help="answer as at this instant, later corrections left out")] = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B", help="columns to show, comma separated")] = None,
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
    adjust: Annotated[str, typer.Option(metavar="HOW", help="raw, split, or split+dividend; only events known --as-of count")] = "raw",
    limit: Annotated[int | None, typer.Option(min=0, help=f"the newest rows only (tables: {_ROWS_SHOWN}; CSV and JSON: all)")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output")] = False,
) -> None:
    """Show validated bars: prices raw as traded (or --adjust), one row a bar, times UTC.

    For example:

        marketdata bars AAPL --start 2024-01 --end 2024-02

        marketdata bars BTC-USDT ETH-USDT -t 1h --start 2024-03-01 --end 2024-03-02 --json

        marketdata bars AAPL --start 2020 --adjust split

        marketdata bars AAPL --start 2024 --as-of 2024-06-30T12:00 --csv > aapl-as-known-then.csv
    """
    human = not (as_csv or session.out.as_json)
    wanted = [name.strip() for name in columns.split(",")] if columns else list(_SHOWN) if human else None
    rows = session.market.bars(
        symbols, start, end, timeframe, as_of=as_of, columns=wanted, asset_class=asset_class, adjust=cast("How", adjust)
    )
    newest = limit if limit is not None else _ROWS_SHOWN if human else None
    more = newest is not None and rows.height > newest
    rows = rows if newest is None else rows.tail(newest)
    if as_csv:
        sys.stdout.write(rows.write_csv())
        return
    session.out.frame(rows)
    if human and rows.is_empty():
        session.out.note("no bars in that span; `marketdata coverage` shows which spans have some")
    elif human and more:
        session.out.note(f"the newest {rows.height} rows; there are more (--limit)")
