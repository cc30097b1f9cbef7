"""Lona's upload files: JSON and CSV of one symbol's validated bars, with a manifest that says what they were made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import polars as pl

from marketdata_assets.core.faults import ConfigFault, PartitionFault, SchemaFault, SymbolFault
from marketdata_assets.core.periods import period_kind, period_window
from marketdata_assets.core.symbols import require_canonical
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.core.timeframes import timeframe as timeframe_of

FIELDS = ("timestamp", "open", "high", "low", "close", "volume")
_NUMBERS = FIELDS[1:]


class ExportFile(NamedTuple):
    """One file of an export: its path below the export's root, with `/`, and its bytes."""

    path: str
    data: bytes


def lona_files(
    validated: pl.DataFrame,
    *,
    symbol: str,
    asset_class: str,
    exchange: str,
    timeframe: str,
    period: str,
    inputs: Mapping[str, str],
    code_version: str,
    closes: pl.DataFrame | None = None,
) -> list[ExportFile]:
    """The JSON, the CSV and the manifest of one symbol's period, `ohlcv/<exchange>/<SYMBOL>/<interval>/<period>.*`.

    `validated` holds validated bars of `symbol` in `period` only, in any order; they leave ascending, prices raw as stored to
    the bit, `timestamp` = the bar's open in UTC. Dropped, and counted in the manifest: bars received before they ended
    (`closes` gives session and close of exchanges with opening hours; without it a bar ends one interval after it opens).
    Flagged bars stay, counted by flag in the manifest. A period without bars gives files without rows, so that no
    earlier file outlives them. `inputs` maps each source partition to its SHA-256. `SchemaFault` for a number JSON does
    not have or a bar given twice, `PartitionFault` for another symbol's bar, a bar outside the period or a period of the wrong length.
    """
    frame = timeframe_of(timeframe)
    _require_partition(validated, symbol, frame, period)
    final = validated.filter(_ends(frame, closes) <= pl.col("known_at")).sort("timestamp")
    _require_rows(final, symbol)
    spelling, venue = lona_symbol(symbol, asset_class), lona_exchange(exchange)
    stem = lona_stem(symbol, asset_class, exchange, frame.name, period)
    files = [
        ExportFile(f"{stem}.json", _json(final, spelling, frame.name, venue)),
        ExportFile(f"{stem}.csv", _csv(final)),
    ]
    manifest = {
        "symbol": spelling,
        "canonical_symbol": symbol,
        "interval": frame.name,
        "exchange": venue,
        "period": period,
        "files": [{"path": f.path, "sha256": sha256(f.data).hexdigest(), "bytes": len(f.data)} for f in files],
        **_facts(final),
        "not_final": validated.height - final.height,
        "price_basis": "raw",
        "adjustment": "none",
        "inputs": [{"partition": name, "sha256": digest} for name, digest in sorted(inputs.items())],
        "code_version": code_version,
    }
    return [*files, ExportFile(f"{stem}.manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))]


def lona_stem(symbol: str, asset_class: str, exchange: str, timeframe: str, period: str) -> str:
    """Where a period's files lie below the export's root, without their endings: `ohlcv/binance/BTCUSDT/1h/2024-01`."""
    return f"ohlcv/{lona_exchange(exchange)}/{lona_symbol(symbol, asset_class)}/{timeframe}/{period}"


def lona_symbol(symbol: str, asset_class: str) -> str:
    """Lona's spelling of a canonical symbol: `BTCUSDT` for the pair `BTC-USDT`; an equity stays as it is, `BRK.B`."""
    return require_canonical(symbol).replace("-", "") if asset_class == "crypto" else require_canonical(symbol)


def require_distinct(symbols: Iterable[str], asset_class: str) -> None:
    """`SymbolFault` when two symbols would share Lona's spelling, and so a file: `BTC-BUSD` and `BTCB-USD` both read `BTCBUSD`."""
    taken: dict[str, str] = {}
    for symbol in symbols:
        other = taken.setdefault(lona_symbol(symbol, asset_class), symbol)
        if other != symbol:
            raise SymbolFault(
                "exporting to Lona",
                f"{other} and {symbol} are both {lona_symbol(symbol, asset_class)} there",
                "export them into two folders, one symbol each",
            )


def lona_exchange(exchange: str) -> str:
    """Lona's spelling of an exchange, in small letters: `xnys`, `binance`. `ConfigFault` for anything that is no plain name."""
    name = exchange.lower()
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise ConfigFault("naming the exchange of an export", f"{exchange[:40]!r} is no name", "use letters, digits and '_', e.g. binance")
    return name


def lona_frame(final: pl.DataFrame) -> pl.DataFrame:
    """Lona's six fields of each bar, ascending as given: `timestamp` in Unix milliseconds UTC (Int64), five Float64 numbers."""
    return final.select(pl.col("timestamp").dt.epoch("ms"), *(pl.col(name).cast(pl.Float64) for name in _NUMBERS))


def _json(final: pl.DataFrame, symbol: str, interval: str, exchange: str) -> bytes:
    document = {"symbol": symbol, "interval": interval, "exchange": exchange, "data": lona_frame(final).to_dicts()}
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _csv(final: pl.DataFrame) -> bytes:
    """Every number in the shortest spelling that reads back as the same double."""
    return lona_frame(final).with_columns(final["timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S")).write_csv().encode()


def _facts(final: pl.DataFrame) -> dict[str, Any]:
    flags = final.select(pl.col("quality_flags").str.split(",").explode(empty_as_null=True)).filter(pl.col("quality_flags") != "")
    return {
        "rows": final.height,
        "first": _stamp(final["timestamp"].min()),
        "last": _stamp(final["timestamp"].max()),
        "as_of": _stamp(final["known_at"].max()),
        "flagged": _counts(flags, "quality_flags"),
        "sources": _counts(final, "source"),
        "tapes": _counts(final, "tape"),
        "currency": final["currency"].unique().sort().to_list(),
        "volume_basis": final["volume_basis"].unique().sort().to_list(),
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())


def _stamp(instant: object) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if isinstance(instant, datetime) else None


def _ends(frame: Timeframe, closes: pl.DataFrame | None) -> pl.Expr:
    """When each bar ended: its session's close for a daily bar of an exchange with opening hours, else one interval after its start."""
    after = pl.col("timestamp") + frame.duration
    if closes is None or frame.intraday:
        return after
    close = pl.col("session").replace_strict(closes["session"], closes["close"], default=None, return_dtype=closes["close"].dtype)
    return pl.coalesce(close, after)


def _require_partition(validated: pl.DataFrame, symbol: str, frame: Timeframe, period: str) -> None:
    if period_kind(period) is not frame.period:
        raise PartitionFault(f"exporting {symbol} {frame.name}", f"{period!r} is no {frame.period}", f"give the key of a {frame.period}")
    window = period_window(period)
    inside = pl.col("timestamp").is_between(window.start, window.end - timedelta(microseconds=1))
    strangers = validated.filter(~(inside & (pl.col("symbol") == symbol)))
    if strangers.height:
        who, when = strangers.select("symbol", "timestamp").row(0)
        raise PartitionFault(
            f"exporting {symbol} {frame.name} {period}",
            f"{strangers.height} of {validated.height} bars lie elsewhere, the first is {who} {_stamp(when)}",
            "hand over one symbol's bars of one period",
        )


def _require_rows(final: pl.DataFrame, symbol: str) -> None:
    whole = pl.all_horizontal(pl.col(name).is_finite().fill_null(value=False) for name in _NUMBERS)
    broken = final.filter(~whole | (pl.col("timestamp").dt.truncate("1s") != pl.col("timestamp")))
    if broken.height:
        raise SchemaFault(
            f"exporting {symbol}",
            f"{broken.height} bars hold what JSON has no number for, or a part of a second; the first is {_stamp(broken['timestamp'][0])}",
            "rebuild validated bars; a bar without all its numbers belongs in quarantine",
        )
    if final["timestamp"].is_duplicated().any():
        raise SchemaFault(f"exporting {symbol}", "a bar stands there twice", "rebuild validated bars; each time has one bar")
