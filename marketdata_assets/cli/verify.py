"""`marketdata verify`: the whole lake read again and held against its own hashes."""

from __future__ import annotations

from typing import Annotated

import typer

from marketdata_assets.cli.session import FOUND_WRONG, Session, command


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "verify", rich_help_panel="Look after")(verify)


def verify(
    session: Session,
    prefix: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="a table or folder of the lake only, e.g. us_equities/raw_bars_1d")
    ] = "",
) -> None:
    """Read every table file and every archived payload again, and check hashes, page checksums, places and row counts.

    Exit code 1 when anything is damaged, misplaced or foreign. No number of a damaged file is ever served; restore the file from a copy, or
    delete it and run `marketdata backfill` for its partition: raw bars are read again from the payload archive.

    For example:

        marketdata verify

        marketdata verify us_equities/validated_bars_1d --json
    """
    import polars as pl

    checked = 0
    with session.out.progress("verify") as moved:

        def count(done: int, total: int) -> None:
            nonlocal checked
            checked = done
            moved(done, total)

        findings = session.platform.lake.scrub(prefix.strip("/"), count)
    rows = pl.DataFrame(findings, schema={"path": pl.String, "code": pl.String, "found": pl.String, "remedy": pl.String}, orient="row")
    if session.out.as_json:
        session.out.document({"files": checked, "findings": rows.to_dicts()})
    elif findings:
        session.out.frame(rows, title=f"{len(findings)} of {checked} files are not what was published")
    else:
        session.out.say(f"{checked} files, every one is what was published", style="green")
    if findings:
        raise typer.Exit(FOUND_WRONG)
