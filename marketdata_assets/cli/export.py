"""`marketdata export`: validated bars as a backtester's own files, in a folder of one's choice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from marketdata_assets.cli.bars import ASSET_CLASS, END, START, TIMEFRAME
from marketdata_assets.cli.session import Session, command

if TYPE_CHECKING:
    from marketdata_assets.lake.layout import PartitionKey
    from marketdata_assets.pipeline.platform import Platform
    from marketdata_assets.query.who import Stretch


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this file as a group."""
    group = typer.Typer(help="Write validated bars as a backtester's own files.", no_args_is_help=True)
    command(group, "lona")(lona)
    app.add_typer(group, name="export", rich_help_panel="Look")


def lona(
    session: Session,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL...]", help="all configured symbols when left out")] = None,
    timeframe: Annotated[str, TIMEFRAME] = "1d",
    start: Annotated[str | None, START] = None,
    end: Annotated[str | None, END] = None,
    asset_class: Annotated[str | None, ASSET_CLASS] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="where the files go")] = Path("exports/lona"),
    exchange: Annotated[str | None, typer.Option(metavar="NAME", help="exchange to write, e.g. binance; else the instrument's own")] = None,
) -> None:
    """Write Lona's JSON and CSV with a manifest, `ohlcv/EXCHANGE/SYMBOL/INTERVAL/PERIOD.*`: a year a file, a month for intraday bars.

    Whole periods that the span touches; prices raw as stored, final bars only, flagged bars included and counted in the manifest. The
    graph writes the same files into the lake under lona_export; this command puts them where you want them. Files whose
    bytes lie there already are left alone.

    For example:

        marketdata export lona AAPL MSFT --start 2024 --to upload

        marketdata export lona BTC-USDT -t 1h --start 2024-01 --end 2024-04 --exchange binance
    """
    import polars as pl

    from marketdata_assets.exports.lona import require_distinct

    market = session.market
    stretches = market.asked(symbols or None, start, end, timeframe, asset_class)
    for name in dict.fromkeys(s.asset_class for s in stretches):
        require_distinct({s.symbol for s in stretches if s.asset_class == name}, name)
    work = [(name, symbol, keys) for (name, symbol), keys in _partitions(session.platform, stretches, timeframe).items()]
    written: list[Written] = []
    with session.out.progress("export lona", len(work)) as moved:
        for done, (name, symbol, keys) in enumerate(work, start=1):
            written += _write(session.platform, name, symbol, keys, timeframe, to, exchange)
            moved(done, len(work))
    rows = pl.DataFrame(written, schema=list(Written._fields), orient="row")
    if session.out.as_json:
        session.out.document({"folder": str(to.absolute()), "files": rows.to_dicts()})
        return
    totals = rows.group_by("symbol", maintain_order=True).agg(pl.len().alias("files"), pl.col("rows").sum(), pl.col("changed").sum())
    session.out.frame(totals, title=f"{rows.height} periods in {to.absolute()}")


class Written(NamedTuple):
    """One exported period."""

    symbol: str
    period: str
    path: str
    rows: int
    sha256: str
    changed: bool


def _partitions(platform: Platform, asked: list[Stretch], timeframe: str) -> dict[tuple[str, str], list[PartitionKey]]:
    """The stored validated partitions that the stretches touch, by asset class and symbol."""
    from marketdata_assets.core.faults import QueryFault
    from marketdata_assets.core.periods import period_window
    from marketdata_assets.query.bars import configured
    from marketdata_assets.schemas.bars import VALIDATED_BARS

    found: dict[tuple[str, str], list[PartitionKey]] = {}
    for name in dict.fromkeys(s.asset_class for s in asked):
        stored = platform.lake.partitions(platform.path(VALIDATED_BARS, name, configured(platform, name, timeframe)))
        for stretch in (s for s in asked if s.asset_class == name):
            for key in (k for k in stored if k.symbol == stretch.symbol):
                span = period_window(str(key.period))
                if span.start < stretch.window.end and stretch.window.start < span.end:
                    found.setdefault((name, stretch.symbol), []).append(key)
    if not found:
        raise QueryFault(
            f"exporting {timeframe} bars",
            f"the lake at {platform.settings.lake} has no validated partition there",
            "`marketdata coverage` shows what there is; `marketdata ingest` brings in what landed",
        )
    return found


def _write(
    platform: Platform, asset_class: str, symbol: str, keys: list[PartitionKey], timeframe: str, to: Path, exchange: str | None
) -> list[Written]:
    from hashlib import sha256

    from marketdata_assets.pipeline.lona import lona_partition
    from marketdata_assets.schemas.bars import VALIDATED_BARS

    path = platform.path(VALIDATED_BARS, asset_class, timeframe)
    records, written = platform.lake.records(path, keys), []
    for key in keys:
        rows = platform.lake.scan(path, VALIDATED_BARS, keys=[key]).collect()
        files = lona_partition(platform, asset_class, timeframe, rows, key, records[key].sha256, exchange)
        changed = [_place(to / file.path, file.data) for file in files]
        made = files[0]
        written.append(Written(symbol, str(key.period), made.path, rows.height, sha256(made.data).hexdigest(), any(changed)))
    return written


def _place(path: Path, data: bytes) -> bool:
    """Whether the file had to be written; it is replaced as a whole or not at all."""
    from marketdata_assets.core.faults import StorageFault

    part = path.with_name(f".{path.name}.part")
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise StorageFault(
            f"writing {path}", error.strerror or str(error), "make room or permission there, or choose another folder with --to"
        ) from None
    return True
