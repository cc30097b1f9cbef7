"""`marketdata universe`: who belonged to an index or a universe by rule on a date, now or as it was known then."""

from __future__ import annotations

from typing import Annotated

import typer

from marketdata_assets.cli.bars import END, START
from marketdata_assets.cli.session import Session, command

_ROWS_SHOWN = 600


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "universe", rich_help_panel="Look")(universe)
    command(app, "delistings", rich_help_panel="Look")(delistings)


def universe(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="an index or universe of marketdata.yaml: SP500")],
    date: Annotated[str | None, typer.Argument(metavar="[DATE]", help="the day, e.g. 2013-12-23; today when left out")] = None,
    as_of: Annotated[str | None, typer.Option(metavar="INSTANT", help="by what was known at this instant")] = None,
    against: Annotated[str | None, typer.Option(metavar="DATE", help="show who entered and left between that day and this one")] = None,
) -> None:
    """Show the members at the open of a day; on a day without a session, those of the one before.

    For example:

        marketdata universe SP500 2013-12-23

        marketdata universe SP500 2020-12-21 --against 2020-12-18

        marketdata universe SP500 2024-06-28 --as-of 2024-06-01 --json
    """
    import polars as pl

    rows = session.market.universe(name, date, as_of)
    if against is not None:
        before = session.market.universe(name, against, as_of)
        entered = rows.join(before, on="symbol", how="anti").select("symbol", "ticker", "member_since", change=pl.lit("entered"))
        left = before.join(rows, on="symbol", how="anti").select("symbol", "ticker", "member_since", change=pl.lit("left"))
        session.out.frame(pl.concat([entered, left]), title=f"{name.upper()}: {entered.height} entered, {left.height} left")
        return
    kept = [column for column in rows.columns if rows[column].null_count() < rows.height and column not in {"date", "index"}]
    session.out.frame(rows.select(kept).head(_ROWS_SHOWN), title=f"{name.upper()} on {rows['date'][0]}: {rows.height} members")


def delistings(
    session: Session,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    asset_class: Annotated[str, typer.Option("--asset-class", metavar="CLASS", help="us_equities or crypto")] = "us_equities",
) -> None:
    """Show who stopped trading in a period, with the reason as far as anybody says it and the last price.

    For example:

        marketdata delistings --start 2023 --end 2024
    """
    session.out.frame(session.market.delistings(start, end, asset_class))
