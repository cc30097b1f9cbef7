"""`marketdata listen`: what a vendor pushes in real time, shown as it comes or written to a file, with every gap told."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marketdata_assets.cli.fetch import options_of
from marketdata_assets.cli.session import FOUND_WRONG, OK, Session, command

if TYPE_CHECKING:
    import polars as pl

    from marketdata_assets.cli.rows_file import RowsFile
    from marketdata_assets.sources.stream_listener import Batch, Listener
    from marketdata_assets.sources.stream_log import Gap

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_ORIGIN = ("payload_sha256", "line", "tape", "price_basis", "volume_basis")


def add_to(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "listen", rich_help_panel="Bring in")(listen)


def listen(
    session: Session,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="a networked source of marketdata.yaml")],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="bars, trades, quotes, order_books, or a stream's own name")],
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="our symbols, or the vendor's own")],
    lasting: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="how long: 30s, 5m, 2h; until Ctrl-C when left out")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=1, help="end after so many rows")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", metavar="TF", help="bar length; else the shortest")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="the vendor's own choice, e.g. latest_feed=sip")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="WSS", help="another address of the feed")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="write .parquet, .csv or .jsonl instead of showing")] = None,
) -> None:
    """Listen to a vendor's real-time feed: finished bars, trades, quotes or book snapshots. Payloads are archived; no table is touched.

    No vendor sends again what was missed: each gap is told with its reason, for REST to fill (exit code 1 when there was one). With
    --json, each batch is a line of its own.

    For example:

        marketdata listen binance trades BTC-USDT --for 30s

        marketdata listen alpaca bars AAPL MSFT --out bars.parquet
    """
    from marketdata_assets.cli.rows_file import rows_file
    from marketdata_assets.pipeline.listening import listener

    seconds = _seconds(lasting) if lasting else None
    heard = listener(session.platform, source, dataset, symbols, timeframe=timeframe, options=options_of(option or []), url=url)
    with rows_file(out, heard.stream.table) as file:
        count, gaps = asyncio.run(_listen(session, heard, file, seconds, rows))
    if out is not None:
        session.out.say(f"{count:,} rows written to {out}")
    session.out.note(f"{count:,} rows, {gaps} gaps, {heard.connections} connections")
    if heard.unheard:
        session.out.note(f"nothing came of {', '.join(heard.unheard)}: no trade, or a symbol that the vendor does not know")
    raise typer.Exit(FOUND_WRONG if gaps else OK)


async def _listen(session: Session, heard: Listener, file: RowsFile | None, seconds: float | None, rows: int | None) -> tuple[int, int]:
    """How many rows came and how many gaps."""
    count, gaps = 0, 0
    async with heard:
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, heard.stop)
        async for batch in heard:
            kept = batch.rows if rows is None else batch.rows.head(rows - count)
            count, gaps = count + kept.height, gaps + len(batch.gaps)
            if file is not None:
                file.add(kept)
            _show(session, batch, kept, rows_too=file is None)
            if rows is not None and count >= rows:
                break
    return count, gaps


def _show(session: Session, batch: Batch, rows: pl.DataFrame, *, rows_too: bool) -> None:
    if session.out.as_json:
        told = {"rows": rows.to_dicts()} if rows_too else {"row_count": rows.height}
        session.out.document({**told, "gaps": [vars(gap) for gap in batch.gaps], "strangers": batch.strangers})
        return
    for row in rows.drop(_ORIGIN, strict=False).iter_rows(named=True) if rows_too else ():
        session.out.say("  ".join(f"{name}={_cell(value)}" for name, value in row.items() if value is not None))
    for gap in batch.gaps:
        session.out.note(_gap(gap))
    if batch.strangers:
        session.out.note(f"{batch.strangers} rows were about symbols that nobody asked for; they were left out")


def _gap(gap: Gap) -> str:
    return f"gap {gap.start:%Y-%m-%d %H:%M:%S} to {gap.end:%Y-%m-%d %H:%M:%S} ({gap.reason}): {gap.detail}"


def _cell(value: object) -> str:
    from marketdata_assets.cli.output import cell

    return cell(value)


def _seconds(text: str) -> float:
    """A span such as 30s, 5m, 2h; `ConfigFault` for any other text."""
    from marketdata_assets.core.faults import ConfigFault

    if (match := _SPAN.fullmatch(text.strip())) is None or float(match[1]) <= 0:
        raise ConfigFault("reading --for", f"{text!r} is no span of time", "write 30s, 5m or 2h")
    return float(match[1]) * _SECONDS[match[2]]
