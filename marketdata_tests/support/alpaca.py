"""A small Alpaca on loopback: daily bars of a few symbols, as its multi-symbol endpoint sends them, and a platform that asks it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marketdata_assets.core.instruments import Instrument, format_instruments
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.settings import load_settings
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.platforms import write_config

PATH = "/v2/stocks/bars"
Closes = dict[str, dict[date, float]]


def bar(day: date, close: float) -> dict[str, Any]:
    """One daily bar, stamped midnight New York in UTC."""
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    return {"t": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "o": close, "h": close + 1, "l": close - 1, "c": close, "v": 1000, "n": 10, "vw": close}


def serve(loopback: Loopback, closes: Closes, *, page: int = 10_000) -> Loopback:
    """Answers PATH from `closes`, a page of rows at a time; the dictionary may be changed between questions."""

    def answer(asked: Asked) -> Reply:
        start, end = (datetime.fromisoformat(asked.query[name]).date() for name in ("start", "end"))
        rows = [
            (symbol, bar(day, close))
            for symbol in sorted(asked.query["symbols"].split(","))
            for day, close in sorted(closes.get(symbol, {}).items())
            if start <= day <= end
        ]
        at = int(asked.query.get("page_token", "0"))
        bars: dict[str, list[Any]] = {}
        for symbol, row in rows[at : at + page]:
            bars.setdefault(symbol, []).append(row)
        return js({"bars": bars, "next_page_token": str(at + page) if at + page < len(rows) else None})

    return loopback.on(PATH, answer)


def platform(folder: Path, loopback: Loopback, symbols: tuple[str, ...], *, start: date = date(2024, 1, 1), **source: Any) -> Platform:
    """A platform in `folder` whose only source is Alpaca at `loopback`; two calls on one folder see one lake."""
    write_config(folder, "us_equities", {"alpaca": {"vendor": "alpaca", "base_url": loopback.url, **source}}, start=start)
    rows = [Instrument(symbol, "us_equities", "XNYS", "USD") for symbol in symbols]
    (folder / "instruments.csv").write_text(format_instruments(rows))
    return open_platform(load_settings(folder / "marketdata.yaml", {}))


def queries(loopback: Loopback) -> list[dict[str, str]]:
    """What was asked at PATH so far, without the constant parameters."""
    return [{k: asked.query[k] for k in ("symbols", "start", "end")} for asked in loopback.asked if asked.path == PATH]


def error(message: str, status: int) -> Reply:
    """A refusal in Alpaca's words."""
    return Reply(json.dumps({"message": message}).encode(), status, {"Content-Type": "application/json"})
