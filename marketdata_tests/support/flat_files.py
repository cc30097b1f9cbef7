"""Polygon's flat files with invented numbers, published on the S3 server of the tests, and a platform that may download them."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from marketdata_assets.pipeline.platform import Platform
from marketdata_tests.support.platforms import opened
from marketdata_tests.support.s3_server import S3Server

BUCKET = "flatfiles"
VENDOR, FILES = "polygon", "polygon_files"
KEYS = {"POLYGON_S3_ACCESS_KEY": "canary-access", "POLYGON_S3_SECRET_KEY": "canary-secret"}
HEAD = "ticker,volume,open,close,high,low,window_start,transactions\n"


def day_key(day: date) -> str:
    return f"us_stocks_sip/day_aggs_v1/{day:%Y/%m}/{day}.csv.gz"


def day_file(day: date, closes: dict[str, float]) -> bytes:
    """A day of every symbol: opened a quarter lower, a thousand shares in seven trades."""
    start = int(datetime.combine(day, time(), ZoneInfo("America/New_York")).astimezone(UTC).timestamp()) * 1_000_000_000
    rows = (f"{symbol},1000,{close - 0.25},{close},{close + 0.5},{close - 0.5},{start},7\n" for symbol, close in closes.items())
    return gzip.compress((HEAD + "".join(rows)).encode(), mtime=0)


def publish(server: S3Server, day: date, closes: dict[str, float]) -> bytes:
    """Puts a day's file on the server; returns its bytes."""
    data = day_file(day, closes)
    server.client.put_object(Bucket=BUCKET, Key=day_key(day), Body=data)
    return data


def config(folder: Path, server: S3Server, symbols: tuple[str, ...], **more: object) -> Path:
    """marketdata.yaml with the vendor at the server and a landing folder for its files; `more` goes into the vendor's settings."""
    shared = {"asset_class": "us_equities", "timeframes": ["1d"]}
    values = {
        "market": "real",
        "lake": "lake",
        "instruments": "instruments.csv",
        "asset_classes": {"us_equities": {"calendar": "XNYS", "currency": "USD", "start": date(2024, 1, 1), "timeframes": ["1d"]}},
        "sources": {
            VENDOR: {**shared, "vendor": "polygon", "files_url": server.options.endpoint_url, "enabled": False, **more},
            FILES: {**shared, "landing": "landing/polygon", "strangers": "leave_out"},
        },
    }
    lines = "".join(f"{symbol},us_equities,XNYS,USD,,,,\n" for symbol in symbols)
    (folder / "instruments.csv").write_text("symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n" + lines)
    path = folder / "marketdata.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def platform(folder: Path, server: S3Server, symbols: tuple[str, ...] = ("AAA",), **more: object) -> Platform:
    config(folder, server, symbols, **more)
    return opened(folder, discovered=False)
