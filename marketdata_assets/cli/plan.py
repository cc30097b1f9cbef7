"""`marketdata plan`: what a backfill would ask of which vendor, how long that takes and what it costs, before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from marketdata_assets.cli.bars import ASSET_CLASS, END, START
from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketdata_assets.lake.layout import PartitionKey
    from marketdata_assets.pipeline.plan import Plan, SourcePlan
    from marketdata_assets.pipeline.routing import Route

_ROUTES_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "plan", rich_help_panel="Bring in")(plan)


def plan(
    session: Session,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all configured symbols when left out")] = None,
    symbols: Annotated[str | None, typer.Option(metavar="A,B", help="the same, comma separated")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", metavar="TF", help="one bar length; all when left out")] = None,
    sources: Annotated[
        str | None, typer.Option(metavar="auto|A,B", help="route each symbol, or these sources; as configured when left out")
    ] = None,
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
    again: Annotated[bool, typer.Option("--again", help="plan for everything anew, answered or not (not with auto)")] = False,
) -> None:
    """Say what fetching would take: requests, time and money by source, what the month has left after it, and whether it would begin.

    Whole partitions are planned, as they are fetched: years for daily bars, months for shorter ones. What was answered before is not
    asked again and counts nothing. Nothing is asked and nothing is reserved. Exit code 1 when a source would refuse to begin or a
    window has no source.

    For example:

        marketdata plan AAPL MSFT --start 2016 --end 2026

        marketdata plan --symbols BTC-USDT,ETH-USDT -t 1h --start 2024 --sources auto
    """
    meant = [*(names or []), *(name.strip() for name in (symbols or "").split(",") if name.strip())]
    chosen = None if sources is None else "auto" if sources == "auto" else [name.strip() for name in sources.split(",")]
    plans = _plans(session, meant, start, end, timeframe, asset_class, chosen, again=again)
    rows = [_row(each) for _, found in plans for each in found.sources]
    routes = [route for _, found in plans for route in found.routes]
    if session.out.as_json:
        session.out.document({"sources": rows, "routes": [_route(route) for route in routes]})
    else:
        _show(session, rows, routes)
    raise typer.Exit(FOUND_WRONG if any(found.refused for _, found in plans) else OK)


def _plans(
    session: Session,
    names: list[str],
    start: str | None,
    end: str | None,
    timeframe: str | None,
    asset_class: str | None,
    sources: str | Sequence[str] | None,
    *,
    again: bool,
) -> list[tuple[str, Plan]]:
    """The plan of every asset class and bar length that the options leave, by its name. `QueryFault` when they leave none."""
    from collections import Counter

    from marketdata_assets.core.faults import QueryFault
    from marketdata_assets.pipeline.assignment import networked
    from marketdata_assets.pipeline.plan import planned

    platform, taken = session.platform, Counter[str]()
    found: list[tuple[str, Plan]] = []
    for each, config in platform.settings.asset_classes.items():
        for length in config.timeframes:
            there = networked(platform, each, length)
            named = there if isinstance(sources, str) or sources is None else [name for name in sources if name in there]
            if asset_class not in (None, each) or timeframe not in (None, length) or not named:
                continue
            keys = _keys(session, each, length, names, start, end)
            if keys:
                chosen = sources if isinstance(sources, str) or sources is None else named
                made = planned(platform, each, length, keys, sources=chosen, again=again, taken=taken)
                taken.update({one.source: one.requests for one in made.sources})
                found.append((f"{each} {length}", made))
    if not found:
        there = [name for name, config in platform.settings.sources.items() if config.networked]
        raise QueryFault(
            "planning a fetch",
            "no source is asked over the network for that selection",
            f"sources that are: {', '.join(there) or 'none; give one a `vendor` in marketdata.yaml'}",
        )
    return found


def _keys(session: Session, asset_class: str, timeframe: str, names: list[str], start: str | None, end: str | None) -> list[PartitionKey]:
    from datetime import UTC, datetime, time, timedelta

    from marketdata_assets.core import clock
    from marketdata_assets.core.periods import period_keys
    from marketdata_assets.core.timeframes import timeframe as timeframe_named
    from marketdata_assets.lake.layout import PartitionKey
    from marketdata_assets.query.when import window
    from marketdata_assets.query.who import stretches

    platform, span = session.platform, window(start, end)
    mine = platform.symbols(asset_class)
    if names:
        mine = sorted({s.symbol for s in stretches(platform, names, span) if s.asset_class == asset_class} & {*mine})
    opens = datetime.combine(platform.settings.asset_classes[asset_class].start, time(), tzinfo=UTC)  # type: ignore[index]
    periods = period_keys(max(span.start, opens), min(span.end, clock.now() + timedelta(days=1)), timeframe_named(timeframe).period)
    return [PartitionKey(period, symbol) for period in periods for symbol in mine]


def _row(each: SourcePlan) -> dict[str, Any]:
    return {
        "source": each.source,
        "bars": f"{each.asset_class} {each.timeframe}",
        "plan": each.standing.terms.plan,
        "partitions": each.partitions,
        "symbols": each.symbols,
        "windows": each.windows,
        "expected_bars": each.bars,
        "requests": each.requests,
        "seconds": round(each.seconds, 1),
        "usd": f"{each.cost:.6f}".rstrip("0").rstrip("."),
        "requests_left_after": each.requests_left,
        "usd_left_after": None if each.usd_left is None else f"{each.usd_left:f}",
        "refused": each.refused,
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "symbol": route.need.symbol,
        "timeframe": route.need.timeframe,
        "start": route.need.window.start,
        "end": route.need.window.end,
        "source": route.source,
        "tape": route.tape,
        "requests": float(route.requests),
        "usd": f"{route.cost:f}",
        "stands_in_for": list(route.stands_in_for),
        "changes_tape": route.changes_tape,
        "passed_over": dict(route.passed_over),
    }


def _show(session: Session, rows: list[dict[str, Any]], routes: list[Route]) -> None:
    if rows:
        shown = [{**row, "seconds": _spoken(row["seconds"])} for row in rows]
        session.out.table(["at least" if name == "seconds" else name for name in rows[0]], [list(row.values()) for row in shown])
    elif not routes:
        session.out.say("nothing is lacking: everything in the selection was answered before")
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for route in routes:
        why = "; ".join(f"{name}: {reason}" for name, reason in sorted(route.passed_over.items()))
        notes = [f"stands in for {', '.join(route.stands_in_for)}"] if route.stands_in_for else []
        notes += [f"tape changes from {route.changes_tape}"] if route.changes_tape else []
        grouped.setdefault((route.source or "nobody", why, "; ".join(notes)), []).append(route.need.symbol)
    if grouped:
        cells = [(source, len(who), _some(who), why, note) for (source, why, note), who in grouped.items()]
        session.out.table(["routed to", "windows", "symbols", "passed over", "note"], cells[:_ROUTES_SHOWN], title="routes")
        if len(cells) > _ROUTES_SHOWN:
            session.out.note(f"the first {_ROUTES_SHOWN} of {len(cells)} kinds of routes; --json lists every window")


def _some(symbols: list[str]) -> str:
    names = list(dict.fromkeys(symbols))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _spoken(seconds: float) -> str:
    """A span as people say it: `2 d 3 h`, `4 min`, `12 s`."""
    left, parts = round(seconds), []
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size:
            parts.append(f"{left // size} {name}")
            left %= size
    return " ".join(parts[:2]) or "0 s"
