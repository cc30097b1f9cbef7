"""How Polygon (since 2025 Massive) is asked over REST: one host with two names, a key in a header, pages linked to one another."""

from __future__ import annotations

from collections.abc import Mapping

from marketdata_assets.sources.api import MIB, Api, Auth, Claim, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.paging import LinkPaging
from marketdata_assets.sources.request import Param

NAME = "polygon"
HOSTS = ("api.massive.com", "api.polygon.io")
BASE_AGGREGATES = 50_000  # minutes (or days) that one page of bars is made from, and rows of a page of ticks
PAGE = 1_000

FREE = Budget((Quota(5, 60.0, burst=5),), penalty=12.0)
PAID = Budget((Quota(100, 1.0, burst=10),))

_ERRORS = (
    ErrorRule(BadCredentials, (400, 401, 403), at="error", matches="api key"),
    ErrorRule(
        NotEntitled, at="status", matches="^NOT_AUTHORIZED$", remedy="ask for what the plan includes: its delay, its years of history"
    ),
    ErrorRule(NotFound, at="status", matches="^NOT_FOUND$"),
    ErrorRule(RateLimited, (429,)),
    ErrorRule(Unavailable, (413, 499)),
    ErrorRule(Rejected, (200,), at="status", matches="^ERROR$"),
)
_LINKED = LinkPaging("next_url", HOSTS, rows="results")


def _paged(name: str, path: str, params: Mapping[str, Param]) -> Endpoint:
    return Endpoint(name, path, params, _LINKED)


AGGREGATES = Endpoint(
    "aggregates",
    "/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{start}/{end}",
    {"adjusted": False, "sort": "asc", "limit": BASE_AGGREGATES},
    _LINKED,
    claims=(Claim("resultsCount", "results"),),
)

REST = Api(
    NAME,
    "https://api.massive.com",
    (AGGREGATES,),
    auth=Auth(headers={"Authorization": "Bearer {api_key}"}),
    budgets={"default": FREE},
    errors=_ERRORS,
    messages=("error", "message"),
    also_hosts=HOSTS,
    limits=Limits(body_bytes=64 * MIB),
)
