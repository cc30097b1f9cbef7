"""`marketdata backfill`: a rectangle of partitions through the graph, planned first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.bars import ASSET_CLASS, END, START
from marketdata_assets.cli.runs import graph, report
from marketdata_assets.cli.session import ASKED_WRONG, FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    from marketdata_assets.defs.lanes import Lane
    from marketdata_assets.defs.rectangles import Rectangle


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "backfill", rich_help_panel="Bring in")(backfill)


def backfill(
    session: Session,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all configured symbols when left out")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", metavar="TF", help="one bar length; all when left out")] = None,
    sources: Annotated[
        str | None, typer.Option(metavar="auto|A,B", help="networked sources to ask: the cheapest for each symbol, or these alone")
    ] = None,
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="show the plan and stop")] = False,
) -> None:
    """Fill partitions: networked sources are asked for what is lacking, landed files are read again where they changed.

    Also after a change of rules, instruments or configuration, or after damage. Shows the plan first: bar lengths, partitions, payloads at
    hand; `marketdata plan` tells requests, time and cost of what will be asked. What was answered before is not asked again and what comes
    out the same is not written again, so a backfill that was stopped is simply repeated. Without an answer to give (no terminal),
    `--yes` is required.

    For example:

        marketdata backfill --plan

        marketdata backfill AAPL MSFT --start 2020 --end 2024 --yes

        marketdata backfill --asset-class crypto -t 1h --start 2024-01 --sources auto --yes
    """
    import polars as pl

    lanes = _lanes(session, timeframe, asset_class, sources)
    work = _plan(session, lanes, symbols, start, end, asset_class)
    rows = [_row(session, lane, found) for lane, found in work]
    shown = pl.DataFrame(rows, infer_schema_length=None)
    if plan or not session.out.as_json:
        session.out.frame(shown, title="the plan")
    if plan:
        return
    if not yes:
        _ask(session)
    runs = []
    with graph(session) as opened:
        for lane, found in work:
            runs += report(session, lane, found, opened.run(session, lane, found, _tags(sources)))
    if session.out.as_json:
        session.out.document({"plan": rows, "runs": [run for run, _ in runs]})
    raise typer.Exit(OK if all(well for _, well in runs) else FOUND_WRONG)


def _lanes(session: Session, timeframe: str | None, asset_class: str | None, sources: str | None) -> list[Lane]:
    """The lanes that the options leave; a source nobody configured is a `ConfigFault`."""
    from marketdata_assets.defs.running import lanes_of
    from marketdata_assets.pipeline.inventory import source_settings

    wanted = set() if sources in (None, "auto") else {name.strip() for name in str(sources).split(",")}
    for name in sorted(wanted):
        source_settings(session.platform, name)
    return [
        lane
        for lane in lanes_of(session.platform)
        if timeframe in (None, lane.timeframe.name) and asset_class in (None, lane.asset_class) and (not wanted or wanted & {*lane.sources})
    ]


def _tags(sources: str | None) -> dict[str, str]:
    """What the runs are told of the sources to ask."""
    from marketdata_assets.defs.asking import FETCH_TAG, SOURCES_TAG

    if sources is None:
        return {}
    return {FETCH_TAG: "auto"} if sources == "auto" else {SOURCES_TAG: ",".join(name.strip() for name in sources.split(","))}


def _plan(
    session: Session, lanes: list[Lane], symbols: list[str] | None, start: str | None, end: str | None, asset_class: str | None
) -> list[tuple[Lane, list[Rectangle]]]:
    """The rectangles of each lane that the selection touches. `QueryFault` when it touches none."""
    from datetime import timedelta

    from marketdata_assets.core.faults import QueryFault
    from marketdata_assets.core.periods import period_key
    from marketdata_assets.defs.running import chosen, lanes_of
    from marketdata_assets.query.when import window
    from marketdata_assets.query.who import stretches

    platform, span = session.platform, window(start, end)
    meant = stretches(platform, symbols, span, asset_class) if symbols else None
    work = []
    for lane in lanes:
        kind = lane.timeframe.period
        mine = platform.symbols(lane.asset_class) if meant is None else [s.symbol for s in meant if s.asset_class == lane.asset_class]
        last = span.end - timedelta(microseconds=1)
        found = chosen(platform, lane, period_key(span.start, kind), period_key(last, kind), mine) if mine else []
        if found:
            work.append((lane, found))
    if not work:
        names = ", ".join(lane.name for lane in lanes_of(platform))
        raise QueryFault(
            "planning a backfill",
            "no partition lies in the selection: nothing landed, nothing is stored, no vendor can have traded it yet",
            f"choose among {names}, or other dates",
        )
    return work


def _row(session: Session, lane: Lane, found: list[Rectangle]) -> dict[str, object]:
    import polars as pl

    from marketdata_assets.core.periods import period_window
    from marketdata_assets.defs.running import keys_of
    from marketdata_assets.pipeline.inventory import inventory

    keys = [key for rectangle in found for key in keys_of(lane, rectangle)]
    spans = [period_window(str(key.period)) for key in keys]
    first, last = min(s.start for s in spans).date(), max(s.end for s in spans).date()
    reach = (pl.col("first") < last) & (pl.col("last") >= first) & pl.col("symbol").is_in(sorted({str(key.symbol) for key in keys}))
    held = [
        inventory(session.platform, source).filter(pl.col("timeframe") == lane.timeframe.name, reach).select("path", "payload_sha256")
        for source in lane.sources
    ]
    return {
        "bars": lane.name,
        "partitions": len(keys),
        "symbols": len({key.symbol for key in keys}),
        "first": str(keys[0].period),
        "last": max(str(key.period) for key in keys),
        "sources": ", ".join(lane.sources),
        "payloads": sum(frame.unique().height for frame in held),
        "runs": len(found),
    }


def _ask(session: Session) -> None:
    """Nothing when the person at the terminal agrees; otherwise the command ends here."""
    import sys

    if not sys.stdin.isatty():
        session.out.note("nobody to ask: repeat the command with --yes, or with --plan to see the plan only")
        raise typer.Exit(ASKED_WRONG)
    if not typer.confirm("Materialize these partitions?"):
        raise typer.Exit(OK)
