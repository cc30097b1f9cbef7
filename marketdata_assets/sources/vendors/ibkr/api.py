"""What TWS and IB Gateway answer on their socket, described as if it were HTTP: questions, pacing, and their codes as faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.api import Api, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import NotEntitled, NotFound, PagingBroken, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.select import Selector
from marketdata_assets.sources.vendors.ibkr.moments import moment

NAME = "ibkr"
TICKS = 1_000  # that one answer holds, but for the rest of its last second
PORTS = {"gateway": 4001, "gateway_paper": 4002, "tws": 7496, "tws_paper": 7497}


def complaint(document: Any) -> str:
    """What TWS complains of, `code words`; empty where it does not, and where it only says that there is no data."""
    error = document.get("error") if isinstance(document, dict) else None
    if not error or "returned no data" in error["message"]:
        return ""
    return f"{error['code']} {error['message']}"


@dataclass(frozen=True)
class SecondPaging:
    """Ticks are dated by the second, and the last second of an answer is whole: the next page begins with it, or after it.

    A full page leaves its last second to the next one, which begins there; where it holds one second only, the next one begins after it.
    """

    rows: Selector | None = "ticks"

    def advance(self, answer: Answer) -> Request | None:
        """The request from the next second on; none after the window, or after a page that is not full."""
        ticks = answer.rows("ticks")
        if len(ticks) < TICKS:
            return None
        first, last = int(ticks[0]["time"]), int(ticks[-1]["time"])
        following = last if last > first else last + 1
        if answer.request.until is not None and following >= answer.request.until:
            return None
        start = moment(following)
        if start <= str(answer.request.params["startDateTime"]):
            raise PagingBroken("paging through ticks", f"a page of {len(ticks)} ticks does not move past {start}")
        return answer.request.having(startDateTime=start)


BARS = Endpoint("reqHistoricalData", "/reqHistoricalData", {"whatToShow": "TRADES", "formatDate": 2}, budget="bars")
TRADES = Endpoint("reqHistoricalTicks", "/reqHistoricalTicks", {"whatToShow": "TRADES"}, SecondPaging(), budget="ticks")
# Bid and ask count twice.
QUOTES = Endpoint("reqHistoricalTicks_bid_ask", "/reqHistoricalTicks", {"whatToShow": "BID_ASK"}, SecondPaging(), weight=2, budget="ticks")

# Numbers are TWS's message codes.
ERRORS = (
    ErrorRule(RateLimited, at=complaint, matches=r"^162 .*pacing", wait=60.0),
    ErrorRule(RateLimited, at=complaint, matches=r"^(100|420) ", wait=15.0),
    ErrorRule(
        NotEntitled, at=complaint, matches=r"^(162|10187) .*permission|^354 ", remedy="subscribe to this market's data in Client Portal"
    ),
    ErrorRule(Unavailable, at=complaint, matches=r"^162 .*cancel+ed|^(366|502|504|1100|1300|10197) "),
    ErrorRule(NotFound, at=complaint, matches=r"^200 ", remedy="check the symbol; SYMBOL/PRIMARY names the exchange of an ambiguous one"),
    ErrorRule(Rejected, at=complaint),
)

# Six requests in two seconds are allowed for one contract; held over all of them, it holds for each.
_CLOSE = Quota(6, 2.0)
PACING = {
    "bars": Budget((_CLOSE,), scope="address", penalty=15.0),  # a minute and longer: no hard limit, but slow answers when it is too much
    "ticks": Budget((Quota(60, 600.0, unit="weight", burst=30), _CLOSE), scope="address", penalty=15.0),
}

API = Api(
    NAME,
    f"http://127.0.0.1:{PORTS['gateway']}",
    (BARS, TRADES, QUOTES),
    budgets=PACING,
    errors=ERRORS,
    messages=(complaint,),
    limits=Limits(deadline=90.0, attempts=3, connections=20),
)
