"""`marketdata query` and `marketdata tables`: SQL over the lake, and what it may name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from marketdata_assets.cli.output import flat
from marketdata_assets.cli.session import Session, command

LOOK = "Look"
_ROWS_SHOWN = 50


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "query", rich_help_panel=LOOK)(query)
    command(app, "tables", rich_help_panel=LOOK)(tables)


def query(
    session: Session,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="one SELECT in DuckDB's SQL; - reads it from standard input")],
    limit: Annotated[int | None, typer.Option(min=0, help=f"most rows to show (tables: {_ROWS_SHOWN}; CSV and JSON: all)")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="seconds after which the query is stopped")] = 300.0,
) -> None:
    """Ask the lake in SQL. Every table is a view; nothing can be written, and nothing but the lake can be read.

    Names are `asset_class.table_timeframe`: `us_equities.validated_bars_1d`, `crypto.coverage_1h`. The asset class may be left out where
    only one has the table. All sources of a raw table are one view with a `source` column. Filters on symbol, source and date open only
    the files they need. Times are UTC.

    For example:

        marketdata query "SELECT symbol, count(*) bars, max(session) newest FROM us_equities.validated_bars_1d GROUP BY ALL"

        marketdata query "FROM us_equities.quarantine_1d SELECT rule, count(*) n GROUP BY rule ORDER BY n DESC"

        marketdata query "SELECT * FROM crypto.raw_bars_1h WHERE symbol = 'BTC-USDT' AND source = 'kraken'" --csv > btc.csv

        marketdata query "DESCRIBE us_equities.validated_bars_1d"
    """
    statement = sys.stdin.read() if sql == "-" else sql
    if as_csv:
        _stream_csv(session, statement, limit, timeout)
        return
    from marketdata_assets.query.sql import ask

    shown = limit if limit is not None or session.out.as_json else _ROWS_SHOWN
    answer = ask(session.platform, statement, limit=shown, seconds=timeout)
    session.out.frame(answer.rows, more=answer.more)


def tables(session: Session) -> None:
    """List the tables that a query may name, with their size and reach."""
    session.out.frame(session.market.tables())


def _stream_csv(session: Session, statement: str, limit: int | None, timeout: float) -> None:
    import polars as pl

    from marketdata_assets.query.sql import answering

    left = limit
    with answering(session.platform, statement, seconds=timeout) as rows:
        sys.stdout.write(",".join(rows.schema.names) + "\n")
        for batch in rows.batches:
            frame = flat(pl.DataFrame(pl.from_arrow(batch)))
            sys.stdout.write((frame if left is None else frame.head(left)).write_csv(include_header=False))
            left = None if left is None else left - frame.height
            if left is not None and left <= 0:
                break
