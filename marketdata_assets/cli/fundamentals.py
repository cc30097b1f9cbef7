"""`marketdata fundamentals`: what a company had reported by a date, and what follows from it."""

from __future__ import annotations

from typing import Annotated

import typer

from marketdata_assets.cli.session import Session, command

_ROWS_SHOWN = 40


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "fundamentals", rich_help_panel="Look")(fundamentals)


def fundamentals(
    session: Session,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="AAPL, or the filer's CIK0000320193")],
    concept: Annotated[
        str | None, typer.Argument(metavar="[CONCEPT]", help="EarningsPerShareDiluted, Assets ...; the derived figures when left out")
    ] = None,
    as_of: Annotated[str | None, typer.Option(metavar="WHEN", help="a date (until its close) or an instant; now when left out")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help=f"the newest periods only (tables: {_ROWS_SHOWN}; JSON: all)")] = None,
) -> None:
    """Show a company's figures as they were known: restated values from the day of their filing on, none before.

    For example:

        marketdata fundamentals TSLA --as-of 2021-02-08

        marketdata fundamentals TSLA EarningsPerShareDiluted --as-of 2020-02-13

        marketdata fundamentals CIK0001640147 Assets --json
    """
    rows = session.market.fundamentals(symbol, concept, as_of)
    newest = limit if limit is not None else None if session.out.as_json else _ROWS_SHOWN
    shown = rows if newest is None else rows.tail(newest)
    kept = [name for name in shown.columns if session.out.as_json or shown[name].null_count() < max(1, shown.height)]
    session.out.frame(shown.select(kept), title=f"{symbol.upper()} {concept or 'as derived'}, as of {as_of or 'now'}")
