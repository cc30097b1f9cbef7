"""What a spelling's pattern says by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.instruments import Instrument, Instruments
from marketdata_assets.core.spellings import COINS, QUOTES, guess_canonical, guesses
from marketdata_assets.core.symbols import is_canonical


@pytest.mark.parametrize("coin", COINS.split())
def test_every_known_coin_in_dollars_is_told_from_the_stablecoins_that_end_alike(coin: str) -> None:
    for quote in ("USD", "USDT", "BUSD", "TUSD", "EUR", "BTC"):
        if coin != quote:
            assert guess_canonical(coin + quote, "crypto") == f"{coin}-{quote}"


@given(st.sampled_from(COINS.split()), st.sampled_from(QUOTES), st.sampled_from(["-", "/", "_", ""]), st.booleans())
def test_any_joint_and_either_case_give_the_same_pair(coin: str, quote: str, joint: str, small: bool) -> None:
    if coin != quote:
        spelling = f"{coin}{joint}{quote}"
        assert guess_canonical(spelling.lower() if small else spelling, "crypto") == f"{coin}-{quote}"


def test_of_two_readings_the_one_that_is_an_instrument_counts() -> None:
    """An unknown coin NEX in TUSD, or NEXT in USD: only the instruments file can tell."""
    assert guesses("NEXTUSD", "crypto") == ["NEX-TUSD", "NEXT-USD"]
    book = Instruments([Instrument("NEXT-USD", "crypto", "CRYPTO", "USD")])
    assert book.resolve("kraken", "NEXTUSD", "crypto") == "NEXT-USD"


@pytest.mark.parametrize(
    ("spelling", "asset_class"), [("", "crypto"), ("Bitcoin", "crypto"), ("BACpL", "us_equities"), ("../x", "us_equities")]
)
def test_what_follows_no_pattern_is_refused(spelling: str, asset_class: str) -> None:
    with pytest.raises(SymbolFault, match="alias"):
        guess_canonical(spelling, asset_class)


@pytest.mark.parametrize("ticker", ["AAPL", "NA", "000001", "1E5", "TRUE", "BRK.B", "USD", "T"])
def test_a_plain_ticker_is_its_own_guess(ticker: str) -> None:
    assert guess_canonical(ticker, "us_equities") == ticker


@given(st.text(max_size=40), st.sampled_from(["us_equities", "crypto", "bonds"]))
def test_a_guess_is_always_canonical(text: str, asset_class: str) -> None:
    assert all(is_canonical(symbol) for symbol in guesses(text, asset_class))
