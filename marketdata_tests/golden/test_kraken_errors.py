from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import NotEntitled, NotFound, RateLimited, Rejected, Unavailable, VendorFault
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Loopback, js
from marketdata_tests.support.virtual_time import VirtualTime, run

KRAKEN = vendor("kraken")
# Every body of errors.json, each recorded with HTTP 200.
MEANT: dict[str, type[VendorFault]] = {
    "EGeneral:Too many requests": RateLimited,
    "EQuery:Unknown asset pair": NotFound,
    "EGeneral:Invalid arguments": Rejected,
    "EService:Unavailable": Unavailable,
    "EAPI:Rate limit exceeded": RateLimited,
}


def judged(document: Any) -> type[VendorFault] | None:
    found = verdict(KRAKEN.apis[0].errors, KRAKEN.apis[0].messages, 200, document, "")
    return found.raises if found else None


@pytest.mark.realdata
def test_every_recorded_error_is_its_fault_although_the_status_says_success(shared: Path) -> None:
    recorded = json.loads((shared / "fixtures/kraken/errors.json").read_bytes())
    assert {one["http"] for one in recorded} == {200}
    assert {one["body"]["error"][0]: judged(one["body"]) for one in recorded} == MEANT


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("EService:Busy", Unavailable),
        ("EGeneral:Permission denied", NotEntitled),
        ("EGeneral:Unknown method", Rejected),
        ("EFuture:Whatever comes", Rejected),
    ],
)
def test_errors_that_were_not_recorded_are_faults_too(text: str, fault: type[VendorFault]) -> None:
    assert judged({"error": [text]}) is fault
    assert judged({"error": ["WGeneral:Late", text]}) is fault


def test_success_and_warnings_are_no_errors() -> None:
    assert judged({"error": [], "result": {"last": 1}}) is None
    assert judged({"error": ["WGeneral:Slow"], "result": {"last": 1}}) is None


@pytest.mark.parametrize("text", MEANT)
def test_the_client_raises_the_fault_and_never_calls_it_empty(text: str) -> None:
    async def ask() -> None:
        async with (
            Loopback().on("/0/public/OHLC", js({"error": [text]})) as server,
            Client(KRAKEN.apis_for(base_url=server.url)[0], time=VirtualTime()) as client,
        ):
            await client.fetch(KRAKEN.datasets[0].endpoint.request({"pair": "XBTUSD"}))

    with pytest.raises(MEANT[text], match=text.split(":")[1]):
        run(ask())
