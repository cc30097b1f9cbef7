"""Kraken's envelope, its errors, and reading what a request asks for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.protocol import Refused, js

UNKNOWN, INVALID = "EQuery:Unknown asset pair", "EGeneral:Invalid arguments"


def instant(count: int, unit: int = 1) -> datetime:
    """The instant of a number of units since 1970, so many to a second."""
    try:
        return asking.epoch(str(count), unit)
    except asking.Wrong:
        raise refusal(INVALID) from None


def number(request: web.Request, name: str, default: int, low: int = 0, high: int = 10**19) -> int:
    """A whole number of the query, of `[low, high]`."""
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"\d{1,19}", text) or not low <= int(text) <= high:
        raise refusal(INVALID)
    return int(text)


def good(result: dict[str, Any]) -> web.Response:
    """A result, in Kraken's envelope."""
    return js({"error": [], "result": result})


def refusal(words: str) -> Refused:
    """An error, with status 200."""
    return Refused(js({"error": [words]}))
