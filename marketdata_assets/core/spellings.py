"""Vendors' mechanical spellings of a symbol: the ones that follow from a pattern and need no alias."""

from __future__ import annotations

import re

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.symbols import is_canonical

# Longest first, so that `BTCBUSD` is BTC in BUSD and not BTCB in USD.
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "TRY", "BRL", "KRW", "DAI")
COIN_QUOTES = ("BTC", "ETH", "BNB")
_CLASS_SHARE = re.compile(r"([A-Z0-9]{1,8})[-/_. ]([A-Z]{1,2})")
_PAIR = re.compile(r"([A-Z0-9]{1,16})[-/_. :]([A-Z0-9]{2,8})")
# Kraken's ledger names: X before a coin, Z before a currency, and its own tickers for bitcoin and dogecoin.
_LEDGER = re.compile(r"X([A-Z]{3})(?:Z(USD|EUR|GBP|JPY|CAD)|X(XBT|ETH))")
_KRAKEN_COINS = {"XBT": "BTC", "XDG": "DOGE"}


def guess_canonical(spelling: str, asset_class: str) -> str:
    """The canonical symbol that a vendor's spelling stands for by its pattern alone.

    `us_equities`: `BRK-B`, `BRK/B`, `brk.b` -> `BRK.B`. `crypto`: `BTCUSDT`, `BTC_USDT`, `btc/usdt`, `XBT/USD`, `XXBTZUSD` ->
    `BTC-USDT`, `BTC-USD`, by the longest known quote. Any other class: the text as it stands. Letters are
    raised only when all of them are small: in `BACpL` the case means something. `SymbolFault` when no canonical text results;
    whether such an instrument exists is for `Instruments.resolve` to say.
    """
    text = spelling.strip()
    text = text.upper() if text == text.lower() else text
    if asset_class == "crypto":
        text = _pair(text)
    elif asset_class == "us_equities" and (match := _CLASS_SHARE.fullmatch(text)):
        text = f"{match[1]}.{match[2]}"
    if not is_canonical(text):
        raise SymbolFault(
            f"guessing the {asset_class} symbol behind a vendor's spelling",
            f"{spelling[:64]!r} follows no known pattern",
            "give an instrument this spelling as an alias in data/reference/instruments.csv",
        )
    return text


def _pair(text: str) -> str:
    if match := _LEDGER.fullmatch(text):
        return f"{_coin(match[1])}-{_coin(match[2] or match[3])}"
    if match := _PAIR.fullmatch(text):
        return f"{_coin(match[1])}-{_coin(match[2])}"
    for coin in _KRAKEN_COINS:
        # XBTUSD is bitcoin in dollars; by the longest quote alone it would be a coin XB in TUSD.
        if text.removeprefix(coin) in (*QUOTES, *COIN_QUOTES) and text.startswith(coin):
            return f"{_coin(coin)}-{text.removeprefix(coin)}"
    for quote in (*QUOTES, *COIN_QUOTES, *_KRAKEN_COINS):
        if text.endswith(quote) and text != quote:
            return f"{_coin(text.removesuffix(quote))}-{_coin(quote)}"
    return text


def _coin(name: str) -> str:
    return _KRAKEN_COINS.get(name, name)
