"""Canonical symbols."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.symbols import is_canonical, require_canonical


@pytest.mark.parametrize("text", ["AAPL", "BRK.B", "BTC-USDT", "A", "000001", "1E5", "NA", "NAN", "NULL", "TRUE", "INF", "A" * 32])
def test_tickers_are_canonical_whatever_else_they_spell(text: str) -> None:
    assert require_canonical(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aapl",
        "../../x",
        "/abs",
        "A\0B",
        "%2e%2e",
        "BTC/USD",
        "A..B",
        "A.",
        ".A",
        "-A",
        "A B",
        "A\n",
        "🚀",
        "Å",
        "A" * 33,
        "x" * 10_240,
        "A\\B",
    ],
)
def test_what_could_leave_a_folder_is_no_symbol(text: str) -> None:
    assert not is_canonical(text)
    with pytest.raises(SymbolFault) as caught:
        require_canonical(text)
    assert len(str(caught.value)) < 400


@given(st.text(st.sampled_from("ABZ019.-/\\ %a\0\n~"), max_size=40))
@example("CON")
def test_a_canonical_symbol_is_one_path_component_that_stays_put(text: str) -> None:
    if is_canonical(text):
        path = PurePosixPath("root") / f"{text}.parquet"
        assert path.parts == ("root", f"{text}.parquet")
        assert text == text.strip().upper()
