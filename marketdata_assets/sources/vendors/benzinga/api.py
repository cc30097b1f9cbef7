"""Benzinga's news interface: XML unless JSON is asked for, pages by number until one is empty."""

from __future__ import annotations

from marketdata_assets.sources.api import Api, Auth, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.paging import CountPaging

NAME = "benzinga"
PAGE = 100

# A page is followed by another unless it is empty: whether the vendor fills its pages is not known.
NEWS = Endpoint(
    "news", "/api/v2/news", {"displayOutput": "abstract", "pageSize": PAGE, "sort": "created:asc"}, CountPaging("page", "", size=1, first=0)
)
BUDGET = Budget((Quota(1, 1.0),))

API = Api(
    NAME,
    "https://api.benzinga.com",
    (NEWS,),
    auth=Auth(query={"token": "{api_key}"}),
    budgets={"default": BUDGET},
    headers={"Accept": "application/json"},
)
