"""`marketdata download`: a vendor's flat files, whole days of a market, into a landing folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    from marketdata_assets.pipeline.downloads import Downloads


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "download", rich_help_panel="Bring in")(download)


def download(
    session: Session,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="networked source whose vendor publishes flat files")],
    to: Annotated[str, typer.Option("--to", metavar="SOURCE", help="landing source into whose folder they go")],
    start: Annotated[str, typer.Option(metavar="DATE", help="first session, e.g. 2024-03-01, 2024-03 or 2024")],
    end: Annotated[str | None, typer.Option(metavar="DATE", help="first session that is left out; up to today when left out")] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", metavar="TF", help="bar length of the files")] = "1d",
    again: Annotated[bool, typer.Option("--again", help="fetch files that are there as well")] = False,
) -> None:
    """Bring a vendor's flat files, a day of the whole market each, into a landing folder, from where `marketdata ingest` takes them in.

    Fetched is what the folder lacks and what was published again since: the vendor's tag of every file is noted in the folder. A file
    appears whole or not at all. Stopped in the middle, the same command takes up the rest. Every request counts in the usage ledger
    (`marketdata costs`). The files name thousands of symbols: give the landing source `strangers: leave_out`, or they are refused for
    those nobody configured. Exit code 1 when a file was missing, torn or not in the plan.

    For example:

        marketdata download polygon --to polygon_files --start 2024 --end 2025

        marketdata download polygon --to polygon_files --start 2024-06 --timeframe 1m && marketdata ingest polygon_files
    """
    from marketdata_assets.pipeline.downloads import download as fetched
    from marketdata_assets.query.when import window

    with session.out.progress(f"downloading {timeframe} files of {source}") as bar:
        done = fetched(session.platform, source, to, timeframe, window(start, end), again=again, progress=bar)
    _say(session, done, to)
    raise typer.Exit(FOUND_WRONG if done.failed else OK)


def _say(session: Session, done: Downloads, to: str) -> None:
    files = [
        {"path": file.key, "session": file.session, "size": file.size, "published_at": file.published_at, "why": why}
        for file, why in done.came
    ]
    if session.out.as_json:
        failed = {path: fault.as_dict() for path, fault in done.failed.items()}
        session.out.document({"downloaded": files, "there": len(done.there), "failed": failed})
        return
    size = sum(file.size for file, _ in done.came)
    session.out.say(
        f"{len(done.came)} files downloaded ({size:,} bytes), {len(done.there)} were there, {len(done.failed)} could not be had"
    )
    if reworked := [file for file in files if file["why"] not in ("new", "asked for again")]:
        session.out.table(list(reworked[0]), (list(file.values()) for file in reworked), title="not as they were, and fetched anew")
    if done.failed:
        rows = [(path, fault.code, fault.found, fault.remedy) for path, fault in done.failed.items()]
        session.out.table(("path", "fault", "found", "do"), rows, title="could not be had")
    if not done.came and not done.there and not done.failed:
        session.out.say("the vendor has no files of these days")
    config = session.platform.settings.sources[to]
    if config.strangers == "refuse":
        session.out.note(f"{to} refuses files with symbols nobody configured; `strangers: leave_out` of the source reads the others")
    if done.came:
        session.out.note(f"`marketdata ingest {to}` takes them in")
