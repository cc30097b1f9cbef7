"""`marketdata ingest`: whatever is new in the landing folders, through the graph, for exactly the partitions it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from marketdata_assets.cli.runs import graph, report
from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    import polars as pl

_FILES_SHOWN = 30


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "ingest", rich_help_panel="Bring in")(ingest)


def ingest(
    session: Session,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="one source; all enabled ones when left out")] = None,
    look_only: Annotated[bool, typer.Option("--look", help="read and archive what is new, materialize nothing")] = False,
) -> None:
    """Take in what is new in the landing folders and materialize the partitions it touches, from raw bars to exports.

    Every file is archived as it came and is either read or refused with its reason; a refused file hinders no other. Stopped in the
    middle, the same command takes up the rest. Exit code 1 when a file was refused or a run failed.

    For example:

        marketdata ingest

        marketdata ingest tiingo --look
    """
    import polars as pl

    from marketdata_assets.pipeline.inventory import source_settings
    from marketdata_assets.pipeline.landing import refresh

    platform = session.platform
    if source is not None:
        source_settings(platform, source)
    names = [source] if source else [name for name, config in platform.settings.sources.items() if config.enabled]
    seen = []
    for name in names:
        with session.out.progress(f"landing {name}") as bar:
            seen.append(refresh(platform, name, bar).files.select(pl.lit(name).alias("source"), pl.all()))
    files = pl.concat(seen)
    _say_files(session, files)
    runs = [] if look_only else _materialize(session, names)
    if session.out.as_json:
        session.out.document({"files": files.to_dicts(), "runs": [run for run, _ in runs]})
    refused = files.filter(pl.col("state") == "refused").height
    raise typer.Exit(FOUND_WRONG if refused or not all(well for _, well in runs) else OK)


def _materialize(session: Session, names: list[str]) -> list[tuple[dict[str, Any], bool]]:
    from marketdata_assets.defs.running import lanes_of, pending

    runs = []
    with graph(session) as opened:
        for lane in lanes_of(session.platform):
            mine = [name for name in lane.sources if name in names]
            found = pending(session.platform, lane, mine) if mine else []
            runs += report(session, lane, found, opened.run(session, lane, found))
    if not runs:
        session.out.say("every partition is up to date with what landed")
    return runs


def _say_files(session: Session, files: pl.DataFrame) -> None:
    """A row a file: what became of it and what it held; landed ones beyond the first thirty are counted only."""
    import polars as pl

    if session.out.as_json:
        return
    if files.is_empty():
        session.out.say("nothing new in the landing folders")
        return
    counts = [
        pl.col("symbol").n_unique().alias("series"),
        pl.col("rows", "refused_rows").sum(),
        pl.col("first").min(),
        pl.col("last").max(),
    ]
    whole = files.group_by("source", "path", "state", "format", "reason", maintain_order=True).agg(*counts)
    whole = whole.select("source", "path", "state", "format", "series", "rows", "refused_rows", "first", "last", "reason")
    refused = whole.filter(pl.col("state") == "refused")
    landed = whole.filter(pl.col("state") != "refused")
    shown = pl.concat([refused, landed.head(max(0, _FILES_SHOWN - refused.height))])
    session.out.frame(shown, title=f"{landed.height} files landed, {refused.height} refused")
    if shown.height < whole.height:
        session.out.note(f"{whole.height - shown.height} more landed files are not shown; `marketdata sources NAME` lists them all")
