"""`marketdata demo`: the simulated market, delivered, run through the whole graph, and held against what was planted in it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marketdata_assets.cli.runs import Graph, graph
from marketdata_assets.cli.session import FOUND_WRONG, Session, command
from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from marketdata_assets.defs.lanes import Lane
    from marketdata_assets.defs.rectangles import Rectangle
    from marketdata_assets.pipeline.platform import Platform
    from marketdata_assets.sandbox.market import Market

_SIMULATED = "Simulated: these symbols exist nowhere and every number was drawn from a seed. They lie in a lake of their own."


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "demo", rich_help_panel="Start")(demo)


def demo(
    session: Session,
    details: Annotated[bool, typer.Option("--details", help="every planted defect, one a row, instead of one row a kind")] = False,
) -> None:
    """Serve the simulated market over HTTP and as files, run the whole graph on it offline, and say what was planted and what was found.

    Two deliveries come in, the second with a late correction. Two vendors are asked over HTTP on this machine, two have landing folders.
    Running it again finds nothing new and changes nothing. For data of your own, set `market: real` in marketdata.yaml.
    """
    from marketdata_assets.sandbox.market import simulate

    platform = session.platform
    if platform.settings.market != "simulated":
        raise ConfigFault(
            "running the demo",
            "marketdata.yaml says `market: real`",
            "set `market: simulated`; the demo never writes into a lake of real prices",
        )
    began = time.monotonic()
    session.out.say(_SIMULATED, "bold yellow")
    market = simulate()
    session.out.say(f"Drew {market.truth.bars.height:,} bars of {len(market.instruments)} instruments in {time.monotonic() - began:.1f} s.")
    failures, early = _deliver(session, platform, market)
    rows = _found(platform, market, early)
    market.write_truth(_folder(platform) / "truth")
    _report(session, platform, market, rows, details=details)
    session.out.say(f"\nAll of it took {time.monotonic() - began:.0f} s.")
    if failures or rows.filter(rows["found"] == 0).height:
        raise typer.Exit(FOUND_WRONG)


def _folder(platform: Platform) -> Path:
    """The folder that holds the landing folders of the simulated sources, and beside which the truth is written."""
    return next(source for source in platform.settings.sources.values() if not source.networked).folder.parent.parent


def _deliver(session: Session, platform: Platform, market: Market) -> tuple[int, list[pl.DataFrame]]:
    """Both deliveries in their order, each taken in when it was received: the number of failed runs, and what was found after each.

    What is found early counts: a bar that was still forming is refused on the first day and has ended on the second.
    """
    from marketdata_assets.defs.event_jobs import ACTIONS, EVENTS
    from marketdata_assets.defs.running import lanes_of
    from marketdata_assets.pipeline.landing import refresh
    from marketdata_assets.rules.report import FINDINGS_SCHEMA
    from marketdata_assets.sandbox.found import as_served, found
    from marketdata_assets.sandbox.market import write_landing
    from marketdata_assets.sandbox.wire.server import serving

    vendors = {config.vendor for config in platform.settings.sources.values() if config.vendor}
    failed, stood = 0, []
    with serving(market, vendors) as server:
        platform.address = lambda source: server.urls.get(source.vendor or "")
        with graph(session) as opened:
            for at, delivery in enumerate(market.deliveries(), start=1):
                files = [file for file in delivery.files if file.source in platform.settings.sources]
                session.out.say(
                    f"\nDelivery {at}, received {delivery.received_at:%Y-%m-%d %H:%M} UTC: {len(files)} files, and HTTP", "bold"
                )
                write_landing(_folder(platform) / "landing", [delivery._replace(files=tuple(files))])
                server.show(delivery.received_at)
                before = len(server.asked)
                with clock.frozen(delivery.received_at):
                    for source in platform.settings.sources:
                        with session.out.progress(f"landing {source}") as bar:
                            refresh(platform, source, bar)
                    failed += _failed(opened, session, platform, ACTIONS)
                    for lane in lanes_of(platform):
                        outcomes = opened.run(session, lane, _due(platform, market, lane, delivery.received_at))
                        failed += sum(not outcome.succeeded for outcome in outcomes)
                    failed += _failed(opened, session, platform, ACTIONS) + _failed(opened, session, platform, EVENTS)
                session.out.say(f"{len(server.asked) - before} requests were answered by {', '.join(sorted(server.urls))}.")
                stood.append(found(platform, as_served(platform, market.truth.defects), FINDINGS_SCHEMA.to_frame()))
    return failed, stood


def _failed(opened: Graph, session: Session, platform: Platform, which: str) -> int:
    """Runs the jobs that ask for corporate actions, or weigh them; how many failed. Columns of files are read once they are ingested."""
    from marketdata_assets.defs.assets.split_events import event_classes

    return sum(not opened.run_events(session, name, which).succeeded for name in event_classes(platform.settings))


def _due(platform: Platform, market: Market, lane: Lane, at: datetime) -> list[Rectangle]:
    """What a delivery calls for: the partitions in which the vendors have bars that had begun by then, and those that files reach."""
    from marketdata_assets.core.periods import period_expr
    from marketdata_assets.defs.partitions import periods_and_symbols
    from marketdata_assets.defs.rectangles import rectangles
    from marketdata_assets.defs.running import RUNS_AT_MOST, keys_of, pending
    from marketdata_assets.lake.layout import PartitionKey

    bars = market.truth.bars
    told = bars.filter(
        bars["timeframe"] == lane.timeframe.name, bars["timestamp"] < at, bars["symbol"].is_in(platform.symbols(lane.asset_class))
    )
    period = period_expr("timestamp", lane.timeframe.period)
    keys = {PartitionKey(*row) for row in told.select(period, "symbol").unique().iter_rows()}
    keys |= {key for each in pending(platform, lane, list(lane.sources)) for key in keys_of(lane, each)}
    return rectangles(keys, *periods_and_symbols(lane.partitions), at_most=RUNS_AT_MOST)


def _found(platform: Platform, market: Market, early: list[pl.DataFrame]) -> pl.DataFrame:
    """What the lake's tables and the rules' findings hold, or held after a delivery, about each planted defect."""
    import polars as pl

    from marketdata_assets.defs.running import lanes_of
    from marketdata_assets.pipeline.bars import judged
    from marketdata_assets.sandbox.found import as_served, found
    from marketdata_assets.schemas.bars import NORMALIZED_BARS

    told = []
    for lane in lanes_of(platform):
        path, name = lane.path(NORMALIZED_BARS), lane.timeframe.name
        bars, keys = platform.lake.scan(path, NORMALIZED_BARS).collect(), platform.lake.partitions(path)
        findings = judged(platform, lane.asset_class, name, bars, keys)[1].findings
        told.append(findings.select("rule", "source", "symbol", "n", timeframe=pl.lit(name)))
    now = found(platform, as_served(platform, market.truth.defects), pl.concat(told))
    most = pl.max_horizontal(now["found"], *(each["found"] for each in early))
    return now.with_columns(found=pl.select(most).to_series())


def _report(session: Session, platform: Platform, market: Market, rows: pl.DataFrame, *, details: bool) -> None:
    import polars as pl

    out = session.out
    by_kind = rows.group_by("kind", "by", maintain_order=True).agg(
        pl.len().alias("planted"), (pl.col("found") > 0).sum().alias("found"), pl.col("found").sum().alias("rows"), pl.col("detail").first()
    )
    if out.as_json:
        out.document({"defects": rows.to_dicts(), "correction": _correction(session, market)})
        return
    shown = (
        rows
        if details
        else by_kind.sort("kind").select(
            "kind", "planted", "found", "rows", pl.col("by").alias("stands in"), pl.col("detail").alias("for example")
        )
    )
    out.say("")
    out.frame(shown, title="What was planted, and what the platform found by itself")
    missed = rows.filter(pl.col("found") == 0)
    out.say(f"{rows.height - missed.height} of {rows.height} planted defects found.", "bold green" if not missed.height else "bold red")
    events = market.truth.events.group_by("kind").len().sort("kind").rows()
    out.say("Real events that are no defects: " + ", ".join(f"{n} {kind}" for kind, n in events) + ".")
    _say_events(session)
    _say_correction(session, market)
    _say_next(session, platform)


def _say_events(session: Session) -> None:
    """What vendors announced, and what was made of the splits."""
    import polars as pl

    told = session.market.events(announced=True, asset_class="us_equities")
    counts = told.group_by("source", "kind").len().sort("source", "kind").rows()
    by_source = {source: ", ".join(f"{n} {kind}" for each, kind, n in counts if each == source) for source, _, _ in counts}
    session.out.say("Announced: " + "; ".join(f"{source} {said}" for source, said in by_source.items()) + ".")
    events = session.market.events(asset_class="us_equities")
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in events.group_by("verdict").len().sort("verdict").rows())
    applied = events.filter(pl.col("verdict") == "applied").select("symbol", "ex_date", "ratio").rows()
    shown = ", ".join(f"{symbol} {ratio:g} on {day}" for symbol, day, ratio in applied)
    session.out.say(f"Split events: {verdicts or 'none'}; applied are {shown or 'none'}. `marketdata events list` shows the evidence.")


def _correction(session: Session, market: Market) -> dict[str, Any]:
    """One bar as it was known before its late correction, and as it is known now."""
    late = market.truth.defects.filter(market.truth.defects["kind"] == "late_correction").row(0, named=True)
    first, second = (delivery.received_at for delivery in market.deliveries()[:2])
    day = late["first"]
    ask = {"symbols": late["symbol"], "start": day, "end": day + timedelta(days=1)}
    then = session.market.bars(**ask, as_of=first)
    now = session.market.bars(**ask, as_of=second)
    return {
        "symbol": late["symbol"],
        "date": day.date(),
        "first_delivery": first,
        "second_delivery": second,
        "close_as_of_first": then["close"].to_list(),
        "close_as_of_second": now["close"].to_list(),
    }


def _say_correction(session: Session, market: Market) -> None:
    told = _correction(session, market)
    session.out.say(
        f"\nA late correction: {told['symbol']} closed on {told['date']} at {told['close_as_of_first']} as of the first delivery "
        f"and at {told['close_as_of_second']} as of the second. Both stay readable."
    )


def _say_next(session: Session, platform: Platform) -> None:
    home = platform.settings.config_path.parent
    lake = platform.settings.lake.removeprefix(f"{home}/")
    symbol = platform.symbols("us_equities")[0]
    truth = str(_folder(platform) / "truth").removeprefix(f"{home}/")
    lines = [
        f"\nThe tables lie in {lake} as Parquet, a folder a table; the truth in {truth}.",
        "Next:",
        "  make ui                                             the graph in Dagster, on http://127.0.0.1:3000",
        "  marketdata tables                                   what there is to ask",
        "  marketdata events list                              splits: reported, seen in the price, applied or not",
        f"  marketdata bars {symbol:<12}                        prices of one symbol",
        '  marketdata query "SELECT rule, count(*) AS n FROM us_equities.quarantine_1d GROUP BY rule ORDER BY n DESC"',
        "  your own files: set `market: real` in marketdata.yaml, drop them under data/landing/SOURCE, then `marketdata ingest`",
        "(the command lies in .venv/bin; `source .venv/bin/activate` puts it on the path)",
    ]
    for line in lines:
        session.out.say(line)
