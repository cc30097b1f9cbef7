from __future__ import annotations

from typing import Any

import pytest

from marketdata_assets.sources.select import as_text, rows_at, select

DOCUMENT = {"error": {"status": {"error_code": 10012}}, "rows": [[1, 2], [3, 4]], "Meta Data": {"2. Symbol": "IBM"}, "none": None}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("error.status.error_code", 10012),
        ("rows.0.1", 2),
        ("rows.-1.0", 3),
        ("rows.7", None),
        ("rows.x", None),
        ("error.code", None),
        ("none.deeper", None),
        ("", DOCUMENT),
        (lambda document: len(document["rows"]), 2),
    ],
)
def test_a_selector_finds_what_it_names_or_nothing(selector: Any, found: Any) -> None:
    assert select(DOCUMENT, selector) == found


def test_rows_that_are_null_or_left_out_are_no_rows() -> None:
    assert rows_at({"bars": None}, "bars") == rows_at({}, "bars") == rows_at({"bars": {}}, "bars") == []
    assert rows_at([[1]], "") == [[1]]


def test_messages_become_one_line() -> None:
    assert [as_text(v) for v in (None, [], {}, " a\n b ", ["x", "y"], -1121)] == ["", "", "", "a b", "x; y", "-1121"]
