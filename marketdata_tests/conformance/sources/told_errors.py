"""Every error that a vendor's page documents or a recording holds, and the fault it has to become."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marketdata_assets.sources.errors import (
    BadCredentials,
    NotEntitled,
    NotFound,
    RateLimited,
    Rejected,
    Truncated,
    Unavailable,
    VendorFault,
)
from marketdata_tests.support.loopback import Reply

Faults = tuple[type[VendorFault], ...]
UNKNOWN_OR_WRONG: Faults = (NotFound, Rejected)  # where the vendor does not tell an unknown symbol from a bad parameter
SYMBOL = UNKNOWN_OR_WRONG


@dataclass(frozen=True)
class ToldError:
    """An answer and the faults it may become (one, unless the vendor's words leave it open).

    `fixture` is a file that holds the body, `nth` its place where the file is a list of errors; `where` is part of the path of the
    endpoints that give it ("" for all); `wait` is how long the answer says to wait.
    """

    vendor: str
    status: int
    faults: Faults
    body: Any = ""
    fixture: str = ""
    nth: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    wait: float | None = None

    def __str__(self) -> str:
        said = self.fixture.rpartition("/")[2] or (self.body if isinstance(self.body, str) else json.dumps(self.body))
        return f"{self.vendor}-{self.status}-{said[:50]}{'' if self.nth is None else f'-{self.nth}'}"

    def reply(self, fixtures: Path) -> Reply:
        """The answer as it goes over the wire."""
        body, kind = self._body(fixtures), "application/json"
        if not body.lstrip().startswith((b"{", b"[")):
            kind = "text/html" if body.lstrip().startswith(b"<html") else "text/plain"
        return Reply(body, self.status, {"Content-Type": kind, **self.headers})

    def _body(self, fixtures: Path) -> bytes:
        if not self.fixture:
            return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()
        data = (fixtures / self.fixture).read_bytes()
        return data if self.nth is None else json.dumps(json.loads(data)[self.nth]["body"]).encode()


def _files(vendor: str, *rows: tuple[int, Faults, str], where: str = "") -> list[ToldError]:
    return [ToldError(vendor, status, faults, fixture=f"{vendor}/{name}", where=where) for status, faults, name in rows]


def _bodies(vendor: str, *rows: tuple[int, Faults, Any], where: str = "") -> list[ToldError]:
    return [ToldError(vendor, status, faults, body=body, where=where) for status, faults, body in rows]


def _listed(vendor: str, status: int, faults: Faults, nth: int, **more: Any) -> ToldError:
    return ToldError(vendor, status, faults, fixture=f"{vendor}/errors.json", nth=nth, **more)


_DOWN: Sequence[tuple[int, Faults, Any]] = (
    (500, (Unavailable,), "Internal Server Error"),
    (502, (Unavailable,), "<html><body>502 Bad Gateway</body></html>"),
    (503, (Unavailable,), ""),
    (504, (Unavailable,), "upstream request timeout"),
    (200, (Unavailable,), "<html><head><title>Will be right back</title></head></html>"),
    (200, (Truncated,), ""),
)

ALPACA = [
    *_files(
        "alpaca",
        (400, (Rejected,), "error__400_end_before_start.json"),
        (400, (Rejected,), "error__400_invalid_location.json"),
        (400, SYMBOL, "error__400_invalid_symbol.json"),
        (403, (NotEntitled,), "error__403_recent_sip.json"),
        (404, (NotFound,), "error__404_trading_option_contract.json"),
        (422, (Rejected,), "trading_error__code_message.json"),
    ),
    *_bodies(
        "alpaca",
        (401, (BadCredentials,), ""),
        (401, (BadCredentials,), "authorization required"),
        (403, (NotEntitled,), {"message": "your subscription does not permit querying data from the past 15 minutes"}),
        (403, (BadCredentials, NotEntitled), {"message": "forbidden."}),
        (404, (NotFound,), "Not Found"),
        (422, (Rejected,), {"code": 42210000, "message": "invalid"}),
        (429, (RateLimited,), {"message": "too many requests."}),
        (429, (RateLimited,), ""),
    ),
]
_AV = "alphavantage"
ALPHAVANTAGE = [
    *_files(
        _AV,
        (200, UNKNOWN_OR_WRONG, "error__invalid_api_call.json"),
        (200, (BadCredentials,), "error__invalid_apikey.json"),
        (200, (RateLimited,), "notice__burst_1_per_second.json"),
        (200, (RateLimited,), "notice__daily_quota.json"),
        (200, (RateLimited,), "notice__daily_quota_key_echo.json"),
        (200, (NotEntitled,), "notice__premium_outputsize_full.json"),
        (200, (NotEntitled,), "REALTIME_OPTIONS__premium_sample.json"),
        (200, (NotEntitled,), "REALTIME_BULK_QUOTES__premium_sample.json"),
    ),
    *_bodies(
        _AV,
        (200, (NotEntitled,), {"Information": "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any"}),
        (200, (RateLimited,), {"Note": "Our standard API call frequency is 5 calls per minute and 500 calls per day."}),
    ),
]
BINANCE = [
    _listed("binance", 400, SYMBOL, 0),
    *[_listed("binance", 400, (Rejected,), nth) for nth in (1, 2, 3, 4)],
    _listed("binance", 429, (RateLimited,), 5, headers={"Retry-After": "17"}, wait=17.0),
    _listed("binance", 418, (RateLimited,), 6, headers={"Retry-After": "120"}, wait=120.0),
    _listed("binance", 418, (RateLimited,), 6),
    _listed("binance", 503, (Unavailable,), 7),
    *_bodies(
        "binance",
        *((400, (Rejected,), {"code": code, "msg": "…"}) for code in (-1101, -1104, -1105, -1106, -1130)),
        (400, SYMBOL, {"code": -1220, "msg": "The symbol's status does not match the requested symbolStatus."}),
        (403, (RateLimited, Rejected, Unavailable), "<html><body>403 Forbidden</body></html>"),
        (404, (NotFound,), ""),
        *((500, (Unavailable,), {"code": code, "msg": "…"}) for code in (-1000, -1001, -1007, -1008)),
        where="/api/v3/",
    ),
]
COINBASE = [
    *[_listed("coinbase", 400, (Rejected,), nth) for nth in (0, 1, 2)],
    _listed("coinbase", 404, (NotFound,), 3),
    _listed("coinbase", 400, (Rejected,), 5),
    _listed("coinbase", 404, (NotFound,), 6),
    *_bodies("coinbase", (429, (RateLimited,), {"message": "Public rate limit exceeded"}), (429, (RateLimited,), "")),
]
COINGECKO = [
    _listed("coingecko", 429, (RateLimited,), 0, headers={"Retry-After": "119"}, wait=119.0),
    _listed("coingecko", 401, (NotEntitled,), 1),
    _listed("coingecko", 400, (BadCredentials,), 2),
    _listed("coingecko", 404, (NotFound,), 3),
    *_bodies(
        "coingecko",
        (429, (RateLimited,), "<html><body>error code: 1015</body></html>"),
        (
            400,
            (BadCredentials,),
            {"status": {"error_code": 10011, "error_message": "If you are using Demo API key, please change your root URL"}},
        ),
        (400, (Rejected,), {"error": "Missing parameter vs_currency"}),
        (401, (BadCredentials,), {"status": {"error_code": 10002, "error_message": "API Key Missing"}}),
        (401, (NotEntitled,), {"status": {"error_code": 10005, "error_message": "This request is limited to PRO API subscribers."}}),
        (408, (Unavailable,), ""),
    ),
]
KRAKEN = [
    _listed("kraken", 200, (RateLimited,), 0),
    _listed("kraken", 200, (NotFound,), 1),
    _listed("kraken", 200, (Rejected,), 2),
    _listed("kraken", 200, (Unavailable,), 3),
    _listed("kraken", 200, (RateLimited,), 4),
    *_bodies(
        "kraken",
        (200, (Unavailable,), {"error": ["EService:Busy"]}),
        (200, (VendorFault,), {"error": ["EWhatever:Never heard of"]}),
        (200, (VendorFault,), {"error": ["EGeneral:Internal error"], "result": {}}),
    ),
]
_POLYGON = {"status": "ERROR", "request_id": "0123456789abcdef0123456789abcdef"}
POLYGON = [
    *_files(
        "polygon",
        (401, (BadCredentials,), "error__401_no_key.json"),
        (401, (BadCredentials,), "error__401_unknown_key.json"),
        (403, (NotEntitled,), "error__403_timeframe.json"),
        (429, (RateLimited,), "error__429.json"),
    ),
    *_bodies(
        "polygon",
        (400, (BadCredentials,), {**_POLYGON, "error": "API Key was not provided"}),
        (400, (Rejected,), {**_POLYGON, "error": "The parameter 'to' cannot be a time that occurs before 'from'"}),
        (403, (NotEntitled,), {**_POLYGON, "status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}),
        (404, (NotFound,), {**_POLYGON, "status": "NOT_FOUND", "message": "Ticker not found."}),
        (429, (RateLimited,), ""),
    ),
]
SEC = [
    *_files(
        "sec",
        (403, (BadCredentials, Rejected), "error__403_undeclared_tool.html"),
        (200, (BadCredentials, Rejected), "error__403_undeclared_tool.html"),
        (403, (RateLimited,), "error__403_rate.html"),
        (429, (RateLimited,), "error__403_rate.html"),
        (200, (RateLimited,), "error__403_rate.html"),
        (404, (NotFound,), "error__404_data.xml"),
    ),
]
_CHART: dict[str, Any] = {
    "result": None,
    "error": {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1, endDate = 2"},
}
_DAYS = {"code": "Unprocessable Entity", "description": "Only 8 days worth of 1m granularity data are allowed to be fetched per request."}
YAHOO = [
    *_files(
        "yahoo",
        (404, (NotFound,), "chart__error_404_delisted.json"),
        (422, (Rejected, NotEntitled), "chart__error_422_1m_window.json"),
        (401, (BadCredentials,), "error__401_invalid_crumb.json"),
        (401, (BadCredentials, NotEntitled), "error__401_feature.json"),
        (429, (RateLimited,), "error__429.txt"),
    ),
    *_bodies(
        "yahoo",
        (400, UNKNOWN_OR_WRONG, {"chart": _CHART}),
        (422, (Rejected, NotEntitled), {"chart": {"result": None, "error": _DAYS}}),
        (429, (RateLimited,), "Edge: Too Many Requests"),
        (999, (Unavailable, RateLimited), "<html>Request denied</html>"),
    ),
]
FINNHUB = _bodies(
    "finnhub",
    (401, (BadCredentials,), {"error": "Invalid API key"}),
    (403, (NotEntitled,), {"error": "You don't have access to this resource."}),
    (429, (RateLimited,), {"error": "API limit reached. Please try again later. Remaining Limit: 0"}),
)
_DOCUMENTED = (ALPACA, ALPHAVANTAGE, BINANCE, COINBASE, COINGECKO, KRAKEN, POLYGON, SEC, YAHOO, FINNHUB)
DOCUMENTED: list[ToldError] = [error for errors in _DOCUMENTED for error in errors]


def errors_of(vendor: str) -> list[ToldError]:
    """Every error documented for a vendor, and those that stand for an outage anywhere."""
    return [error for error in DOCUMENTED if error.vendor == vendor] + _bodies(vendor, *_DOWN)
