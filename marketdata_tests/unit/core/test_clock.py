"""The clock."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from marketdata_assets.core.clock import frozen, now

PACKAGE = Path(__file__).resolve().parents[3] / "marketdata_assets"
READERS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"), ("time", "time_ns")}


def test_now_is_utc_and_moves_on() -> None:
    first = now()
    assert first.tzinfo is UTC
    assert first <= now()


def test_a_frozen_clock_stands_still_and_thaws() -> None:
    at = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=-5)))
    with frozen(at):
        assert now() == at
        assert now().utcoffset() == timedelta(0)
        with frozen(at + timedelta(days=1)):
            assert now() == at + timedelta(days=1)
        assert now() == at
    assert now() > at + timedelta(days=1)


def test_the_clock_thaws_when_the_block_fails() -> None:
    at = datetime(2024, 2, 29, tzinfo=UTC)
    with pytest.raises(KeyError), frozen(at):
        raise KeyError
    assert now() != at


def test_one_threads_frozen_clock_is_its_own() -> None:
    with frozen(datetime(2000, 1, 1, tzinfo=UTC)), ThreadPoolExecutor(1) as pool:
        assert pool.submit(now).result().year > 2000


def test_nothing_else_in_the_package_reads_the_clock() -> None:
    guilty = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / "core" / "clock.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in READERS
    ]
    assert guilty == []
