"""Lines and fields are found as a careful reader of one line at a time would find them."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import LimitFault
from marketdata_assets.sources.landing import lines as lines_module
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.landing.lines import index_lines

FIELDS = st.text(alphabet='ab1.-, "\r', max_size=6)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=5).map(",".join), max_size=12)


def _expected(line: str) -> tuple[int, bool]:
    """Fields and whether a quote stays open, character by character."""
    fields, inside = 1, False
    for character in line:
        if character == '"':
            inside = not inside
        elif character == "," and not inside:
            fields += 1
    return fields, inside


@given(LINES, st.booleans(), st.integers(0, 3))
def test_every_line_has_its_span_its_fields_and_its_open_quote(texts: list[str], ended: bool, before: int) -> None:
    head = "x" * before
    body = "\n".join(texts) + ("\n" if ended and texts else "")
    data = (head + body).encode()
    found = index_lines("f.csv", data, before, ",", Limits())
    due = body.split("\n")
    due = due[:-1] if due[-1] == "" else due
    assert [data[a:b].decode() for a, b in zip(found.starts, found.ends, strict=True)] == [t.removesuffix("\r") for t in due]
    assert [(int(n), bool(q)) for n, q in zip(found.fields, found.open_quote, strict=True)] == [_expected(t) for t in due]
    assert found.blank.tolist() == [t.removesuffix("\r") == "" for t in due]


@given(
    st.lists(st.lists(st.sampled_from(["a", "1.5", '"x, y"', '"q""q"', ""]), min_size=2, max_size=5).map(",".join), min_size=1, max_size=12)
)
def test_whole_quoted_fields_are_counted_as_the_csv_module_counts_them(texts: list[str]) -> None:
    found = index_lines("f.csv", "\n".join(texts).encode(), 0, ",", Limits())
    assert found.fields.tolist() == [len(row) for row in csv.reader(texts)]


@given(LINES)
def test_cutting_the_text_into_blocks_changes_nothing(texts: list[str]) -> None:
    data = "\n".join(texts).encode()
    whole = index_lines("f.csv", data, 0, ",", Limits())
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(lines_module, "_BLOCK", 5)
        cut = index_lines("f.csv", data, 0, ",", Limits())
    for one, other in zip(whole, cut, strict=True):
        assert one.tolist() == other.tolist()


def test_a_line_beyond_the_limit_refuses_the_file() -> None:
    with pytest.raises(LimitFault, match="a line of 101 bytes"):
        index_lines("f.csv", b"short\n" + b"x" * 101, 0, ",", Limits(max_line=100))
