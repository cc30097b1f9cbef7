"""`marketdata fetch`: any dataset of a vendor, asked for once and shown or written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.bars import END, START
from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

_SHOWN = 40
_ENDINGS = (".parquet", ".csv", ".jsonl")


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "fetch", rich_help_panel="Bring in")(fetch)


def fetch(
    session: Session,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="a networked source of marketdata.yaml")],
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="bars, trades, quotes, corporate_actions ...: `marketdata sources` lists them")
    ],
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="our symbols, or the vendor's own")] = None,
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", metavar="TF", help="bar length, for bars")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="the vendor's own choice, e.g. feed=iex")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="write .parquet, .csv or .jsonl instead of showing")] = None,
) -> None:
    """Ask a vendor for one dataset and show what it answers. Payloads are archived and requests are counted; no table is touched.

    Bars that belong in the lake are fetched by `marketdata backfill` and by the graph; this is for looking, and for the data that have no
    table in the graph yet.

    For example:

        marketdata fetch alpaca bars AAPL MSFT --start 2024-01-02 --end 2024-02-01 -t 1d

        marketdata fetch binance order_books BTC-USDT --out book.parquet
    """
    from marketdata_assets.core.timeframes import timeframe as timeframe_named
    from marketdata_assets.pipeline.asking import ask, dataset_of
    from marketdata_assets.query.when import window

    if out is not None:
        _require_known(out)
    chosen = dataset_of(session.platform, source, dataset)
    span = window(start, end) if start or end else None
    length = timeframe_named(timeframe) if timeframe else None
    frame, failed = ask(session.platform, source, chosen, symbols or [], window=span, timeframe=length, options=options_of(option or []))
    _show(session, frame, out, f"{source}: {chosen.name}")
    if not frame.height and not failed:
        session.out.note("the vendor answered, and has no rows: check the symbol's spelling and the dates")
    for symbol, fault in failed.items():
        session.out.note(f"{symbol}: [{fault.code}] {fault.found}. {fault.remedy}")
    raise typer.Exit(FOUND_WRONG if failed else OK)


def options_of(given: list[str]) -> dict[str, str]:
    """NAME=VALUE pairs; `ConfigFault` for any other text."""
    from marketdata_assets.core.faults import ConfigFault

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigFault("reading --option", f"{text!r} has no '='", "write --option feed=iex")
        found[name] = value
    return found


def _show(session: Session, frame: pl.DataFrame, out: Path | None, title: str) -> None:
    if out is not None:
        _write(frame, out)
        session.out.say(f"{frame.height:,} rows written to {out}")
        return
    told = frame.drop("payload_sha256", "line", strict=False)
    kept = [name for name in told.columns if told[name].null_count() < told.height or not told.height]
    session.out.frame(told.select(kept).head(_SHOWN), title=f"{title}, {frame.height:,} rows")
    if frame.height > _SHOWN:
        session.out.note(f"the first {_SHOWN} rows; --out FILE.parquet writes all of them")


def _require_known(out: Path) -> None:
    """Nothing when the file's ending says how to write it; otherwise `ConfigFault`, before anything is asked."""
    from marketdata_assets.core.faults import ConfigFault

    if out.suffix not in _ENDINGS:
        raise ConfigFault(f"writing {out.name}", f"{out.suffix or 'no ending'} is unknown", f"end it in one of {', '.join(_ENDINGS)}")


def _write(frame: pl.DataFrame, out: Path) -> None:
    from marketdata_assets.core.faults import ConfigFault

    writers: dict[str, Callable[[Path], object]] = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
    try:
        writers[out.suffix](out)
    except OSError as error:
        raise ConfigFault(
            f"writing {out.name}", error.strerror or str(error), "give a path in a folder that exists and is writable"
        ) from None
