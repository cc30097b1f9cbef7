"""B1 to B6, B9 and B10 beyond the client: what a vendor's wire does to a fetch, and that nothing of it is published."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_tests.support.wire_world import SERVED, World, days_of, symbols_of

MANY = 60  # requests for two symbols: more than that is a vendor being hammered
PATIENCE = 1_800.0  # seconds on the client's clock after which a fetch has to have come to an end

PASSES: dict[str, dict[str, Any]] = {
    "429": {"what": "rate_limit"},
    "429 and seconds": {"what": "rate_limit", "retry_after": "7"},
    "429 and a date": {"what": "rate_limit", "retry_after": "Sat, 01 Mar 2025 13:00:09 GMT"},
    "429 and a negative wait": {"what": "rate_limit", "retry_after": "-5"},
    "500": {"what": "status", "status": 500},
    "503": {"what": "status", "status": 503},
    "reset": {"what": "reset"},
    "hang": {"what": "hang"},
    "drip": {"what": "slow_body", "pause": 5.0},
    "half gzip": {"what": "half_gzip"},
    "gzip without trailer": {"what": "no_gzip_trailer"},
    "gzip with a bad checksum": {"what": "bad_crc"},
    "short body": {"what": "short_body"},
    "empty body": {"what": "empty_body"},
    "html with 200": {"what": "html_200"},
}
STAYS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "429 for ever": ({"what": "rate_limit"}, {"rate_limited"}),
    "429 for a day": ({"what": "rate_limit", "retry_after": "86400"}, {"rate_limited"}),
    "418": ({"what": "ban", "retry_after": "259200"}, {"rate_limited"}),
    "503 for ever": ({"what": "status", "status": 503}, {"unavailable", "circuit_open"}),
    "reset for ever": ({"what": "reset"}, {"unavailable", "circuit_open", "truncated"}),
    "hang for ever": ({"what": "hang"}, {"unavailable", "circuit_open"}),
    "half gzip for ever": ({"what": "half_gzip"}, {"truncated", "circuit_open"}),
    "endless body": ({"what": "endless_body"}, {"oversized"}),
    "endless headers": ({"what": "endless_headers"}, {"oversized", "unavailable", "circuit_open", "schema_changed", "truncated"}),
    "bomb": ({"what": "bomb"}, {"oversized"}),
    "key refused": ({"what": "status", "status": 401}, {"bad_credentials", "not_entitled"}),
    "bad json": ({"what": "bad_json"}, {"schema_changed", "truncated", "circuit_open"}),
    "nan": ({"what": "nan"}, {"schema_changed"}),
    "infinity": ({"what": "infinity"}, {"schema_changed"}),
    "1e400": ({"what": "huge_number"}, {"schema_changed"}),
    "repeated keys": ({"what": "duplicate_keys"}, {"schema_changed"}),
    "deep nesting": ({"what": "deep_nesting"}, {"schema_changed"}),
    "a notice with 200": (
        {"what": "notice_200"},
        {"schema_changed", "rejected", "rate_limited", "unavailable", "not_entitled", "circuit_open"},
    ),
    "text for number": ({"what": "string_for_number"}, {"schema_changed"}),
    "another unit of time": ({"what": "ms_for_s"}, {"schema_changed"}),
    "redirect": ({"what": "redirect"}, {"diverted"}),
    "link to another host": ({"what": "other_host_link"}, {"diverted"}),
}
NAMED = ("alpaca", "alphavantage", "polygon", "yahoo")  # whose rows are objects with names


def _spread(kinds: Iterable[str], vendors: Iterable[str] = SERVED) -> list[Any]:
    """Each kind for one vendor, taken in turn; the other pairs stand in the long form."""
    vendors = list(vendors)
    pairs = dict(zip(kinds, cycle(vendors), strict=False))
    return [
        pytest.param(kind, name, id=f"{name}-{kind}", marks=() if pairs[kind] == name else pytest.mark.full)
        for kind in pairs
        for name in vendors
    ]


def world(name: str, folder: Path, patch: pytest.MonkeyPatch, market: Market) -> World:
    return World(folder, patch, market, [name], symbols_of(name), asset_class=SERVED[name])


@pytest.mark.parametrize(("kind", "name"), _spread(PASSES))
def test_what_passes_is_tried_again_and_every_bar_arrives(
    kind: str, name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(name, tmp_path, monkeypatch, calm_market)
    fetched = vendor.fetch(FaultRule(vendor=name, times=2, **PASSES[kind]))
    assert set(fetched.rows["state"]) == {"landed"}
    raw = vendor.publish()
    assert raw.height == raw.select("symbol", "timestamp").n_unique() == 2 * days_of(name)
    assert len(vendor.asked) >= 3, "the fault was met"
    assert len(vendor.asked) <= MANY


@pytest.mark.parametrize(("kind", "name"), _spread(STAYS))
def test_what_stays_is_a_typed_refusal_soon_and_nothing_is_published(
    kind: str, name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, codes = STAYS[kind]
    vendor = world(name, tmp_path, monkeypatch, calm_market)
    fetched = vendor.fetch(FaultRule(vendor=name, times=None, **rule))
    assert _codes(fetched.rows) <= codes
    assert set(fetched.rows["state"]) == {"refused"}
    assert set(fetched.rows["symbol"]) == set(symbols_of(name))
    assert len(vendor.asked) <= MANY
    assert vendor.seconds <= PATIENCE
    assert vendor.publish().height == 0
    audited = vendor.audited()
    assert audited.validated.height == 0
    assert "complete" not in set(audited.coverage["state"])


@pytest.mark.parametrize("name", NAMED)
def test_a_renamed_field_is_stopped_before_anything_is_published(
    name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(name, tmp_path, monkeypatch, calm_market)
    fetched = vendor.fetch(FaultRule(what="renamed_field", vendor=name, times=None))
    assert _codes(fetched.rows) == {"schema_changed"}
    assert vendor.publish().height == 0


def _codes(rows: pl.DataFrame) -> set[str]:
    """The codes of the refusals, out of the reasons that are kept."""
    return set(rows["reason"].str.extract(r"^\[(\w+)\]").drop_nulls())
