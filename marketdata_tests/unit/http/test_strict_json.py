from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_assets.sources.strict_json import MAX_DEPTH, SMALL, NotStrictJson, loads

PADDING = [{"pad": "x" * 40, "n": n} for n in range(SMALL // 40)]

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=40,
)


@given(documents, st.sampled_from([None, (",", ":"), (", ", ": "), (" ,", " : ")]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_the_standard_allows_reads_as_it_was_written(document: Any, separators: tuple[str, str] | None, large: bool) -> None:
    whole = {"padding": PADDING, "document": document} if large else document
    assert loads(json.dumps(whole, separators=separators).encode()) == whole


@given(st.text(min_size=1, max_size=8), st.text(max_size=8), st.booleans(), st.sampled_from([":", " :", ": ", "\n:\t"]))
@settings(max_examples=80, deadline=None)
def test_a_repeated_key_is_refused_however_it_is_spelt_and_spaced(key: str, other: str, large: bool, colon: str) -> None:
    """Parsers keep the last one silently: a second `close` would replace the first."""
    pair = f'{{{json.dumps(key)}{colon}1,{json.dumps(other + "_")}{colon}":",{json.dumps(key, ensure_ascii=False)}{colon}2}}'
    text = f'{{"padding":{json.dumps(PADDING)},"rows":[{pair}]}}' if large else pair
    with pytest.raises(NotStrictJson, match="twice"):
        loads(text.encode("utf-8", "surrogatepass"))


def test_texts_that_look_like_keys_do_not_hide_a_repeated_one() -> None:
    """As many texts that begin with a colon as keys whose colon stands apart: counting alone would see nothing."""
    padding = json.dumps(PADDING, separators=(",", ":"))
    text = f'[{padding},{{"a" :1,"a" :2,"b" :[":",":"]}}]'
    with pytest.raises(NotStrictJson, match="twice"):
        loads(text.encode())


def test_a_text_that_looks_like_a_second_key_is_no_second_key() -> None:
    tricky = {"padding": PADDING, "a": '":', "b": '{"a":1,"a":2}', "c": ":::", "d": '"', "e": "[[[[{{{{"}
    assert loads(json.dumps(tricky, separators=(",", ":")).encode()) == tricky


@pytest.mark.parametrize(
    "text",
    b"[NaN]|[Infinity]|[-Infinity]|[1e400]|[-1e400]|[1,]|{}{}|{} trailing|'a'|[01]||  |<html>|Too Many Requests".split(b"|"),
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(NotStrictJson):
        loads(text)


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf{}", b'["\xff"]', b'["\\ud800"]'], ids=["byte order mark", "not utf-8", "lone surrogate"])
def test_what_is_no_text_is_refused(text: bytes) -> None:
    with pytest.raises(NotStrictJson):
        loads(text)


def test_nesting_ends_at_the_cap() -> None:
    fits, deeper = ("[" * d + "]" * d for d in (MAX_DEPTH, MAX_DEPTH + 1))
    loads(fits.encode())
    for text in (deeper, "[" * 100_000 + "]" * 100_000, '{"a":' * 900 + "1" + "}" * 900):
        with pytest.raises(NotStrictJson):
            loads(text.encode())


def test_a_document_that_breaks_off_is_told_from_one_that_is_wrong() -> None:
    for text, cut in ((b'{"bars":[{"c":1', True), (b'{"bars":[{"c":1]}', False)):
        with pytest.raises(NotStrictJson) as caught:
            loads(text)
        assert caught.value.cut is cut


def test_nanoseconds_and_unsigned_ids_stay_exact() -> None:
    assert loads(b"[1762820035982277754,18446744073709551615]") == [1762820035982277754, 18446744073709551615]
