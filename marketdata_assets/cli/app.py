"""The command tree."""

from __future__ import annotations

from typing import Annotated

import typer

from marketdata_assets.cli import (
    backfill,
    bars,
    costs,
    coverage,
    demo,
    download,
    events,
    export,
    features,
    fetch,
    fundamentals,
    ingest,
    instruments,
    listen,
    plan,
    query,
    sandbox,
    sources,
    universe,
    verify,
)

_HELP = """Market data whose every number can be dated, traced and rebuilt.

Start with `marketdata demo`: it writes the simulated market's files, runs the whole graph on them and says what was found. For files of
your own, set `market: real` in marketdata.yaml, drop them under data/landing/SOURCE, then `marketdata ingest`.
"""
_EPILOG = (
    "Exit codes: 0 done; 1 it ran and something is wrong with data or storage; "
    "2 the question is wrong (usage, configuration, symbol, SQL); 130 stopped."
)

app = typer.Typer(
    help=_HELP, epilog=_EPILOG, no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False, add_completion=True
)
for group in (
    demo,
    sandbox,
    query,
    bars,
    events,
    coverage,
    costs,
    export,
    ingest,
    plan,
    backfill,
    fetch,
    download,
    listen,
    sources,
    instruments,
    universe,
    fundamentals,
    features,
    verify,
):
    group.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"marketdata {version('marketdata-assets')}")
        raise typer.Exit


_VERSION = typer.Option("--version", callback=_version, is_eager=True, help="print the version")


@app.callback()
def _root(version: Annotated[bool, _VERSION] = False) -> None:
    pass
