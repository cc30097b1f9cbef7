from __future__ import annotations

from typing import Any

import pytest

from marketdata_assets.sources.error_rules import ErrorRule, message_of, verdict
from marketdata_assets.sources.errors import (
    BadCredentials,
    NotEntitled,
    NotFound,
    RateLimited,
    Rejected,
    SchemaChanged,
    Unavailable,
    VendorFault,
)

MESSAGES = ("message", "error.message", "error", "msg")
TABLE = (
    ErrorRule(RateLimited, at="error", matches="too many requests", wait=30.0),
    ErrorRule(NotFound, at="error", matches="unknown asset pair"),
    ErrorRule(Unavailable, at="error", matches="EService"),
    ErrorRule(RateLimited, at="Information", matches="per day", wait=86_400.0),
    ErrorRule(NotEntitled, at="Information", matches="premium", remedy="ask for compact"),
    ErrorRule(Rejected, at="code", matches=r"^-11"),
    ErrorRule(RateLimited, status=(403, 200), matches="Request Rate Threshold"),
    ErrorRule(BadCredentials, status=(403,), matches="Undeclared Automated Tool"),
    ErrorRule(SchemaChanged, at="retCode"),
)


@pytest.mark.parametrize(
    ("status", "document", "text", "fault"),
    [
        (200, {"error": ["EGeneral:Too many requests"]}, "", RateLimited),
        (200, {"error": ["EQuery:Unknown asset pair"]}, "", NotFound),
        (200, {"error": [], "result": {"note": "too many requests"}}, "", None),
        (200, {"error": None}, "", None),
        (200, {"Information": "our standard API rate limit is 25 requests per day"}, "", RateLimited),
        (200, {"Information": "outputsize=full is a premium feature"}, "", NotEntitled),
        (400, {"code": -1121, "msg": "Invalid symbol."}, "", Rejected),
        (200, {"retCode": 0, "result": {}}, "", None),
        (200, {"retCode": 10001}, "", SchemaChanged),
        (403, None, "<html>Your Request Originates from an Undeclared Automated Tool", BadCredentials),
        (200, None, "<html>Request Rate Threshold Exceeded", RateLimited),
        (500, None, "Request Rate Threshold", Unavailable),
        (200, [1, 2], "", None),
        (200, None, "", None),
    ],
)
def test_the_vendors_table_comes_first(status: int, document: Any, text: str, fault: type[VendorFault] | None) -> None:
    found = verdict(TABLE, MESSAGES, status, document, text)
    assert (found.raises if found else None) is fault


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        *[(401, BadCredentials), (402, NotEntitled), (403, NotEntitled), (404, NotFound), (410, NotFound)],
        *[(418, RateLimited), (429, RateLimited), (400, Rejected), (422, Rejected), (431, Rejected)],
        *[(408, Unavailable), (500, Unavailable), (503, Unavailable), (599, Unavailable)],
    ],
)
def test_without_a_line_in_the_table_the_status_decides(status: int, fault: type[VendorFault]) -> None:
    found = verdict((), MESSAGES, status, None, "")
    assert found is not None
    assert found.raises is fault


def test_the_first_line_that_fits_decides_and_brings_its_remedy_and_wait() -> None:
    found = verdict(TABLE, MESSAGES, 200, {"Information": "25 requests per day, or go premium"}, "")
    assert found is not None
    assert (found.raises, found.wait) == (RateLimited, 86_400.0)
    premium = verdict(TABLE, MESSAGES, 200, {"Information": "a premium endpoint"}, "")
    assert premium is not None
    assert (premium.remedy, premium.message) == ("ask for compact", "a premium endpoint")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"message": "invalid symbol: A"}, "invalid symbol: A"),
        ({"error": {"message": "No such period"}}, "No such period"),
        ({"error": ["one", "two"]}, "one; two"),
        ({"code": -1121, "msg": "Invalid symbol."}, "Invalid symbol."),
        ({"other": 1}, "Service Unavailable"),
        (None, "Service Unavailable"),
    ],
)
def test_a_fault_repeats_the_vendors_own_words(document: Any, said: str) -> None:
    assert message_of(MESSAGES, document, "<html><h1>Service\n Unavailable</h1></html>") == said


def test_a_vendors_words_are_cut_short() -> None:
    assert len(message_of(MESSAGES, {"message": "x" * 10_000}, "")) == 300
    assert len(message_of(MESSAGES, None, "x" * 10_000)) == 200


def test_every_fault_says_what_to_do_and_whether_waiting_helps() -> None:
    kinds = [VendorFault]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.__name__ for kind in kinds} >= {"RateLimited", "Truncated", "Diverted", "Oversized", "PagingBroken", "CircuitOpen"}
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        fault = kind("asking", "nothing came", symbol="A")
        assert fault.remedy == kind.advice
        assert fault.final is not fault.retryable
        assert fault.as_dict()["context"] == {"symbol": "A"}


def test_a_rule_by_a_code_tells_the_words_and_the_code() -> None:
    rules = (ErrorRule(Rejected, at="code", matches=r"^-11"),)
    found = verdict(rules, ("msg",), 400, {"code": -1121, "msg": "Invalid symbol."}, "")
    bare = verdict(rules, ("msg",), 400, {"code": -1121}, "")
    assert (found and found.message, bare and bare.message) == ("Invalid symbol. (-1121)", "-1121")
