"""`marketdata events`: splits and other corporate actions, what is made of them, and what a person decides."""

from __future__ import annotations

import getpass
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.bars import ASSET_CLASS, END, START
from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    import polars as pl

_SYMBOL = typer.Argument(metavar="SYMBOL", help="a symbol or a past name")
_EX_DATE = typer.Argument(metavar="EX_DATE", help="session from whose open prices are on the new basis, e.g. 2020-08-31")
_WHY = typer.Option("--reason", metavar="TEXT", help="why; it is kept with the decision")
_WHO = typer.Option("--by", metavar="NAME", help="who decides; the name you are logged in with when left out")
_SHOWN = ("symbol", "ex_date", "ratio", "verdict", "reported_ratios", "detected", "confirmed", "confidence", "vendor_errors", "reason")
_ANNOUNCED = ("symbol", "dated_on", "kind", "ratio", "amount", "old_symbol", "new_symbol", "source", "declared_on", "known_at")


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file as a group whose default is the list."""
    group = typer.Typer()
    command(group, of_group=True, help="Splits and other events: list, update, and decide about them.")(everything)
    command(group, "list")(listing)
    command(group, "accept")(accept)
    command(group, "reject")(reject)
    command(group, "withdraw")(withdraw)
    command(group, "update")(update)
    app.add_typer(group, name="events", rich_help_panel="Look")


def everything(session: Session, ctx: typer.Context) -> None:
    """The list, when no command of the group is named."""
    if ctx.invoked_subcommand is None:
        listing(session)


def listing(
    session: Session,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all configured symbols when left out")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    verdict: Annotated[str | None, typer.Option(metavar="V", help="applied, refused or proposed only")] = None,
    announced: Annotated[bool, typer.Option("--announced", help="every event of every kind, as announced")] = False,
    decided: Annotated[bool, typer.Option("--decided", help="what people decided, every decision")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="INSTANT", help="as it was known at this instant")] = None,
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
) -> None:
    """List split events: who reports them, whether the price shows them, and what the platform makes of each.

    For example:

        marketdata events list --verdict proposed

        marketdata events list AAPL --announced --start 2020
    """
    import polars as pl

    if decided:
        session.out.frame(_decided(session, symbols))
        return
    rows = session.market.events(symbols, start, end, as_of, announced=announced, asset_class=asset_class)
    if verdict is not None and not announced:
        rows = rows.filter(pl.col("verdict") == verdict)
    session.out.frame(rows if session.out.as_json else rows.select(_ANNOUNCED if announced else _SHOWN))


def accept(
    session: Session,
    symbol: Annotated[str, _SYMBOL],
    ex_date: Annotated[str, _EX_DATE],
    reason: Annotated[str, _WHY] = "",
    ratio: Annotated[float | None, typer.Option(metavar="NEW/OLD", help="new shares for an old one, where reports lack it")] = None,
    by: Annotated[str | None, _WHO] = None,
) -> None:
    """Accept a split: the adjusted views apply it from now on. Recorded with who, when and why; `withdraw` takes it back.

    For example:

        marketdata events accept XYZ 2024-03-11 --ratio 0.1 --reason "press release of 1 March"
    """
    _decide(session, symbol, ex_date, "accept", reason, by, ratio)


def reject(
    session: Session,
    symbol: Annotated[str, _SYMBOL],
    ex_date: Annotated[str, _EX_DATE],
    reason: Annotated[str, _WHY] = "",
    by: Annotated[str | None, _WHO] = None,
) -> None:
    """Reject a split: the adjusted views leave it out from now on. Recorded with who, when and why; `withdraw` takes it back."""
    _decide(session, symbol, ex_date, "reject", reason, by, None)


def withdraw(
    session: Session,
    symbol: Annotated[str, _SYMBOL],
    ex_date: Annotated[str, _EX_DATE],
    reason: Annotated[str, _WHY] = "",
    by: Annotated[str | None, _WHO] = None,
) -> None:
    """Take a decision back: what the platform makes of the split by itself stands again. The decision stays on record."""
    _decide(session, symbol, ex_date, "withdraw", reason, by, None)


def update(session: Session) -> None:
    """Ask every source for the events it has not told of yet, publish them, and weigh all splits anew. Exit code 1 when a run failed."""
    from marketdata_assets.cli.runs import graph
    from marketdata_assets.defs.assets.split_events import event_classes
    from marketdata_assets.defs.event_jobs import ACTIONS, EVENTS

    failed, rows = False, []
    with graph(session) as opened:
        for name in event_classes(session.platform.settings):
            for which in (ACTIONS, EVENTS):
                outcome = opened.run_events(session, name, which)
                failed |= not outcome.succeeded
                rows.append({"asset_class": name, "job": which, "succeeded": outcome.succeeded, "failures": "; ".join(outcome.failures)})
    if session.out.as_json:
        session.out.document(rows)
    else:
        session.out.table(["asset class", "job", "succeeded", "failures"], [list(row.values()) for row in rows])
    raise typer.Exit(FOUND_WRONG if failed else OK)


def _decided(session: Session, symbols: list[str] | None) -> pl.DataFrame:
    import polars as pl

    from marketdata_assets.pipeline.actions import decisions
    from marketdata_assets.schemas.actions import SPLIT_DECISIONS

    platform = session.platform
    rows = pl.concat([SPLIT_DECISIONS.empty(), *(decisions(platform, name) for name in platform.settings.asset_classes)])
    wanted = [stretch.symbol for stretch in session.market.asked(symbols, None, None, "1d")] if symbols else None
    return rows if wanted is None else rows.filter(pl.col("symbol").is_in(wanted))


def _decide(session: Session, symbol: str, ex_date: str, decision: str, reason: str, by: str | None, ratio: float | None) -> None:
    from marketdata_assets.pipeline.split_events import decide

    day = _day(ex_date)
    stretch = session.market.asked([symbol], day, None, "1d")[0]
    rows = decide(
        session.platform, stretch.asset_class, stretch.symbol, day, decision, by=by or getpass.getuser(), reason=reason, ratio=ratio
    )
    session.out.frame(rows if session.out.as_json else rows.select(_SHOWN), title=f"{decision}: {stretch.symbol} on {day}, recorded")


def _day(text: str) -> date:
    from marketdata_assets.query.when import instant

    return instant(text, "ex-date").date()
