"""Reading what a request to Binance asks for, and refusing it in Binance's words."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.pairs import micros
from marketdata_assets.sandbox.wire.protocol import Refused, js

DEFAULT, MOST = 500, 1000
# A number this large counts microseconds, any smaller one milliseconds.
_MICROSECONDS_FROM = 10**15
_NUMBER = re.compile(r"[0-9]{1,20}")


def in_micros(request: web.Request) -> bool:
    """Whether instants are asked for in microseconds."""
    return request.headers.get("X-MBX-TIME-UNIT", "").upper() == "MICROSECOND"


def stamp(request: web.Request, at: datetime) -> int:
    """An instant as the request wants it: milliseconds, or microseconds."""
    return micros(at) // (1 if in_micros(request) else 1000)


def needed(request: web.Request, name: str) -> str:
    """A parameter that must be there."""
    if not (value := request.query.get(name)):
        raise refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def count(request: web.Request, name: str) -> int | None:
    """A whole number that is not negative; None where it is absent."""
    text = request.query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)


def limit(request: web.Request, most: int, default: int = DEFAULT) -> int:
    """The rows asked for; more than there may be are cut to the most there may be."""
    rows = count(request, "limit")
    if rows == 0:
        raise refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(rows if rows is not None else default, most)


def time_of(request: web.Request, name: str) -> datetime | None:
    """The instant of a number of milliseconds or microseconds; None where it is absent."""
    number = count(request, name)
    try:
        return None if number is None else asking.epoch(str(number), 10**6 if number >= _MICROSECONDS_FROM else 10**3)
    except asking.Wrong:
        raise refusal(-1130, f"Data sent for parameter '{name}' is not valid.") from None


def last_unit(request: web.Request, name: str) -> timedelta:
    """How far the last unit that a bound includes reaches."""
    return timedelta(microseconds=1 if (count(request, name) or 0) >= _MICROSECONDS_FROM else 1000)


def ahead_of(request: web.Request) -> timedelta:
    """How far the clock of `timeZone` (0, -1:00, 05:45, 8) is ahead of UTC."""
    match = re.fullmatch(r"([+-]?)(\d{1,2})(?::([0-5]\d))?", request.query.get("timeZone", "0"))
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3] or 0)) * (-1 if match[1] == "-" else 1) if match else None
    if ahead is None or not timedelta(hours=-12) <= ahead <= timedelta(hours=14):
        raise refusal(-1130, "Data sent for parameter 'timeZone' is not valid.")
    return ahead


def refusal(code: int, words: str) -> Refused:
    """An error with a code of Binance's."""
    return Refused(js({"code": code, "msg": words}, 400))
