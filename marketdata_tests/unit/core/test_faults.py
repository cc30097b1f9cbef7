"""Refusals."""

from __future__ import annotations

import pickle

import orjson
import pytest

from marketdata_assets.core import faults
from marketdata_assets.core.faults import ConflictFault, Fault, LimitFault, PayloadFault, StorageFault

KINDS = [kind for kind in vars(faults).values() if isinstance(kind, type) and issubclass(kind, Fault)]


def test_a_fault_says_what_was_tried_found_and_what_to_do() -> None:
    fault = PayloadFault("reading prices.csv", "a JSON error body", "ask again", source="tiingo", symbol=None, line=7)
    assert str(fault) == "[payload] reading prices.csv: a JSON error body. ask again. (source=tiingo, line=7)"


def test_context_that_is_not_there_is_not_mentioned() -> None:
    assert str(Fault("a", "b", "c", symbol=None)) == "[fault] a: b. c."


def test_a_fault_becomes_json() -> None:
    shown = orjson.loads(orjson.dumps(StorageFault("a", "b", "c", path="x").as_dict()))
    assert shown == {"code": "storage", "tried": "a", "found": "b", "remedy": "c", "retryable": True, "context": {"path": "x"}}


def test_every_kind_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(code and code == code.lower() for code in codes)


def test_only_faults_of_the_moment_are_retryable() -> None:
    assert {kind for kind in KINDS if kind.retryable} == {StorageFault, ConflictFault}


def test_a_limit_is_a_payload_fault_to_whoever_catches_one() -> None:
    with pytest.raises(PayloadFault):
        raise LimitFault("a", "b", "c")


def test_a_fault_survives_the_way_between_processes() -> None:
    assert pickle.loads(pickle.dumps(PayloadFault("a", "b", "c"))).found == "b"
    assert dict(pickle.loads(pickle.dumps(PayloadFault("a", "b", "c", line=3))).context) == {"line": "3"}
