"""`marketdata costs`: what a month of asking vendors came to, and what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from marketdata_assets.cli.session import Session, command

if TYPE_CHECKING:
    from marketdata_assets.pipeline.budgets import Standing
    from marketdata_assets.pipeline.costs import Spent


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "costs", rich_help_panel="Look")(costs)


def costs(
    session: Session,
    month: Annotated[str | None, typer.Option(metavar="MONTH", help="e.g. 2026-11, UTC; this month when left out")] = None,
) -> None:
    """Show what each vendor was asked in a month, what it cost, and how much of the month's budgets is left.

    Every request counts, retries and redirects included. `reserved` is what running fetches may still ask. Fees that a plan costs whether
    anything is asked or not stand in a column of their own.

    For example:

        marketdata costs

        marketdata costs --month 2026-10 --json
    """
    from marketdata_assets.pipeline.costs import spent, standings, this_month

    month = month or this_month()
    booked, stands = spent(session.platform, month), standings(session.platform, month)
    sources = [_source(session, each, booked) for each in stands]
    endpoints = [_endpoint(each) for each in booked]
    if session.out.as_json:
        session.out.document({"month": month, "sources": sources, "endpoints": endpoints})
        return
    if not sources and not endpoints:
        session.out.say("no source is asked over the network; give one a `vendor` in marketdata.yaml")
        return
    for title, rows in ((f"sources in {month}, UTC", sources), ("by endpoint", endpoints)):
        if rows:
            session.out.table(list(rows[0]), [list(row.values()) for row in rows], title=title)


def _source(session: Session, stands: Standing, booked: list[Spent]) -> dict[str, Any]:
    from marketdata_assets.pipeline.budgets import usd

    terms = stands.terms
    plan = session.platform.settings.sources[terms.source].source().plan(terms.plan)
    return {
        "source": terms.source,
        "vendor": terms.vendor,
        "plan": terms.plan,
        "requests": stands.spent,
        "reserved": stands.reserved,
        "requests_left": stands.requests_left,
        "bytes": sum(each.wire_bytes for each in booked if each.source == terms.source),
        "usd": _amount(usd(stands.spent_micro_usd)),
        "usd_left": None if stands.micro_usd_left is None else _amount(usd(stands.micro_usd_left)),
        "used_percent": round(100 * stands.used_share, 1),
        "monthly_fee_usd": _amount(plan.monthly_fee),
    }


def _endpoint(each: Spent) -> dict[str, Any]:
    return {
        "source": each.source,
        "plan": each.plan,
        "endpoint": each.endpoint,
        "requests": each.requests,
        "weight": each.weight,
        "bytes": each.wire_bytes,
        "usd": _amount(each.cost),
    }


def _amount(value: Any) -> str:
    """Dollars as text, exact, cents at least."""
    text = f"{value:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
