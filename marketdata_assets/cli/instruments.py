"""`marketdata instruments`: who is who, and what a landing folder holds that nobody knows yet."""

from __future__ import annotations

from typing import Annotated

import typer

from marketdata_assets.cli.session import FOUND_WRONG, Session, command

_SOURCE = typer.Option("--source", metavar="NAME", help="the source whose landing folder to look into")


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file as a group whose default is the list."""
    group = typer.Typer()
    command(group, of_group=True, help="Who is who: list, show one, discover what a landing folder holds.")(everyone)
    command(group, "list")(listing)
    command(group, "show")(show)
    command(group, "discover")(discover)
    app.add_typer(group, name="instruments", rich_help_panel="Bring in")


def everyone(session: Session, ctx: typer.Context) -> None:
    """The list, when no command of the group is named."""
    if ctx.invoked_subcommand is None:
        listing(session)


def listing(
    session: Session,
    asset_class: Annotated[str | None, typer.Option("--asset-class", metavar="CLASS", help="us_equities or crypto")] = None,
) -> None:
    """List the instruments file: canonical symbols, exchanges, sectors, listing dates and aliases."""
    import polars as pl

    rows = session.platform.instruments.frame()
    if asset_class is not None:
        session.market.symbols(asset_class)
        rows = rows.filter(pl.col("asset_class") == asset_class)
    session.out.frame(rows)


def show(
    session: Session, symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="a symbol, a past name or a vendor's spelling")]
) -> None:
    """Show one instrument: what it is, its other names, and which periods of which bars the lake has.

    For example:

        marketdata instruments show FB
    """
    from dataclasses import asdict

    from marketdata_assets.query.when import window
    from marketdata_assets.query.who import stretches
    from marketdata_assets.schemas.bars import VALIDATED_BARS

    platform = session.platform
    meant = stretches(platform, [symbol], window(None, None))
    found = []
    for name in dict.fromkeys(stretch.symbol for stretch in meant):
        row = platform.instruments.get(name)
        facts = {**asdict(row), "aliases": "; ".join(map(str, row.aliases))}
        for each in platform.settings.timeframes_of(row.asset_class):
            stored = platform.lake.partitions(platform.path(VALIDATED_BARS, row.asset_class, each.name))
            periods = [key.period for key in stored if key.symbol == name]
            facts[f"bars {each.name}"] = f"{periods[0]} .. {periods[-1]}, {len(periods)} partitions" if periods else "none"
        found.append(facts)
    if session.out.as_json:
        session.out.document(found)
        return
    for facts in found:
        session.out.table(["what", "is"], facts.items())


def discover(
    session: Session,
    source: Annotated[str, _SOURCE],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be added, add nothing")] = False,
) -> None:
    """Add what a landing folder holds and the instruments file does not know.

    Symbols get the canonical form of their spelling; sectors and listing dates stay empty, because a file's first bar is no listing.
    Exit code 1 when a spelling follows no known pattern or a file could not be read: those are listed with the reason.

    For example:

        marketdata instruments discover --source kraken --dry-run
    """
    import polars as pl

    from marketdata_assets.core.instruments import Instruments
    from marketdata_assets.pipeline.discover import add_instruments
    from marketdata_assets.pipeline.discover import discover as look

    platform = session.platform
    with session.out.progress(f"discover {source}") as moved:
        found = look(platform, source, moved)
    if found.instruments and not dry_run:
        add_instruments(platform.settings.instruments, found.instruments)
    wrong = [("spelling", text, why) for text, why in found.unclear.items()] + [("file", path, why) for path, why in found.refused.items()]
    if session.out.as_json:
        known = Instruments(found.instruments).frame().to_dicts()
        session.out.document({"added": [] if dry_run else known, "found": known, "unclear": found.unclear, "refused": found.refused})
    else:
        session.out.frame(Instruments(found.instruments).frame(), title=f"{'would be ' if dry_run else ''}added: {len(found.instruments)}")
        if wrong:
            session.out.frame(pl.DataFrame(wrong, schema=["what", "which", "why"], orient="row"), title="left out")
    if wrong:
        raise typer.Exit(FOUND_WRONG)
