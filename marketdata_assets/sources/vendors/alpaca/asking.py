"""How questions become Alpaca's parameters: symbols, both ends of a span, the tape, and the day on which a ticker names its company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.dataset import Ask
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.alpaca.api import AUCTIONS, NAME
from marketdata_assets.sources.windows import last_instant, rfc3339

FEED, LATEST_FEED, OPTION_FEED, LOCATION, ASOF = "feed", "latest_feed", "option_feed", "location", "asof"
TODAY = "today"
_EPOCH, _NEW_YORK_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC), timedelta(hours=5)
DEFAULTS = {FEED: "sip", LATEST_FEED: "iex", OPTION_FEED: "indicative", LOCATION: "us", ASOF: TODAY}


def chosen(options: Mapping[str, str], name: str) -> str:
    """An option's value, its default where it is not given."""
    return options.get(name) or DEFAULTS[name]


def history_tape(options: Mapping[str, str]) -> str:
    """The tape of a stock's history as every row records it: `alpaca sip`, `alpaca iex`."""
    return f"{NAME} {chosen(options, FEED)}"


def latest_tape(options: Mapping[str, str]) -> str:
    """The tape of what stands now as every row records it: `alpaca iex`, `alpaca delayed_sip`."""
    return f"{NAME} {chosen(options, LATEST_FEED)}"


def option_tape(options: Mapping[str, str]) -> str:
    """The tape of options as every row records it: `alpaca opra`, or `alpaca indicative`, whose quotes are modified."""
    return f"{NAME} {chosen(options, OPTION_FEED)}"


def coin_tape(options: Mapping[str, str]) -> str:
    """Alpaca's venue of coins as every row records it: `alpaca us`."""
    return f"{NAME} {chosen(options, LOCATION)}"


def listed(question: Question) -> str:
    """The symbols asked for, comma separated."""
    return ",".join(question.symbols)


def bar_span(window: Window, length: Timeframe) -> dict[str, str]:
    """Both ends for bars: from the window to the start of the last bar in it, since `end` is inclusive at the vendor.

    No later instant is sent: the free plan refuses any `end` of the last 15 minutes, were all its bars older. A daily bar starts at
    midnight in New York, which is 05:00 UTC at the latest.
    """
    last = _EPOCH + (window.end - _EPOCH - timedelta(microseconds=1)) // length.duration * length.duration
    return {"start": rfc3339(window.start), "end": rfc3339(last if length.intraday else last + _NEW_YORK_MIDNIGHT)}


def tick_span(window: Window) -> dict[str, str]:
    """Both ends for what is stamped in nanoseconds. `end` is inclusive at the vendor; what stands exactly there is left out later."""
    return {"start": rfc3339(window.start), "end": rfc3339(window.end)}


def dates(window: Window) -> dict[str, str]:
    """First and last date that the window touches, both inclusive."""
    return {"start": window.start.date().isoformat(), "end": last_instant(window).date().isoformat()}


def asof(options: Mapping[str, str]) -> str | None:
    """The day on which a ticker names its company; None leaves it to the vendor, to whom that is today."""
    day = chosen(options, ASOF)
    return None if day == TODAY else day


def stock_ticks(endpoint: Endpoint) -> Ask:
    """Asks for single trades or quotes of stocks over a span."""

    def ask(question: Question) -> Sequence[Request]:
        names = {"symbols": listed(question), FEED: chosen(question.options, FEED), ASOF: asof(question.options)}
        return [endpoint.request({**names, **tick_span(question.span)})]

    return ask


def ask_auctions(question: Question) -> Sequence[Request]:
    """One request for the opening and closing auctions of all stocks; the vendor has them of all exchanges alone."""
    params = {"symbols": listed(question), FEED: DEFAULTS[FEED], ASOF: asof(question.options), **tick_span(question.span)}
    return [AUCTIONS.request(params)]


def stocks_now(endpoint: Endpoint) -> Ask:
    """Asks for what stands now of stocks."""
    return lambda question: [endpoint.request({"symbols": listed(question), "feed": chosen(question.options, LATEST_FEED)})]


def coin_ticks(endpoint: Endpoint) -> Ask:
    """Asks for single trades or quotes of coins over a span."""

    def ask(question: Question) -> Sequence[Request]:
        params = {"symbols": listed(question), **tick_span(question.span)}
        return [endpoint.request(params, location=chosen(question.options, LOCATION))]

    return ask


def coins_now(endpoint: Endpoint) -> Ask:
    """Asks for what stands now of coins."""
    return lambda question: [endpoint.request({"symbols": listed(question)}, location=chosen(question.options, LOCATION))]
