"""Vendors' mechanical spellings of a symbol: the ones that follow from a pattern and need no alias."""

from __future__ import annotations

import re

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.symbols import is_canonical

QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "TRY", "BRL", "KRW", "DAI")
COIN_QUOTES = ("BTC", "ETH", "BNB")
# Where a pair without a joint can be parted in two ways (BNB in USD, or BN in BUSD), a coin everybody knows decides.
COINS = (
    "AAVE ADA ALGO APT ARB ATOM AVAX BAT BCH BNB BTC CRO DAI DOGE DOT EOS ETC ETH FIL FTM GRT HBAR ICP INJ LDO LINK LTC MATIC MKR NEAR OP "
    "PEPE POL SHIB SNX SOL SUI TON TRX UNI USDC USDT XLM XMR XRP XTZ ZEC"
)
_KNOWN = frozenset(COINS.split())
_CLASS_SHARE = re.compile(r"([A-Z0-9]{1,8})[-/_. ]([A-Z]{1,2})")
_PAIR = re.compile(r"([A-Z0-9]{1,16})[-/_. :]([A-Z0-9]{2,8})")
# Kraken's ledger names: X before a coin, Z before a currency, and its own tickers for bitcoin and dogecoin.
_LEDGER = re.compile(r"X([A-Z]{3})(?:Z(USD|EUR|GBP|JPY|CAD)|X(XBT|ETH))")
_KRAKEN_COINS = {"XBT": "BTC", "XDG": "DOGE"}


def guess_canonical(spelling: str, asset_class: str) -> str:
    """The canonical symbol that a vendor's spelling most likely stands for by its pattern alone: the first of `guesses`.

    `SymbolFault` when no canonical text results; whether such an instrument exists is for `Instruments.resolve` to say.
    """
    found = guesses(spelling, asset_class)
    if not found:
        raise SymbolFault(
            f"guessing the {asset_class} symbol behind a vendor's spelling",
            f"{spelling[:64]!r} follows no known pattern",
            "give an instrument this spelling as an alias in data/reference/instruments.csv",
        )
    return found[0]


def guesses(spelling: str, asset_class: str) -> list[str]:
    """Every canonical symbol that a vendor's spelling may stand for by its pattern alone, the likeliest first.

    `us_equities`: `BRK-B`, `BRK/B`, `brk.b` -> `BRK.B`. `crypto`: `BTCUSDT`, `BTC_USDT`, `btc/usdt`, `XBT/USD`, `XXBTZUSD` ->
    `BTC-USDT`, `BTC-USD`; without a joint, `SHIBUSD` is `SHIB-USD` before `SHI-BUSD`. Any other class: the text as it stands.
    Letters are raised only when all of them are small: in `BACpL` the case means something.
    """
    text = spelling.strip()
    text = text.upper() if text == text.lower() else text
    found = [text]
    if asset_class == "crypto":
        found = _pairs(text)
    elif asset_class == "us_equities" and (match := _CLASS_SHARE.fullmatch(text)):
        found = [f"{match[1]}.{match[2]}"]
    return [symbol for symbol in found if is_canonical(symbol)]


def _pairs(text: str) -> list[str]:
    if match := _LEDGER.fullmatch(text):
        return [f"{_coin(match[1])}-{_coin(match[2] or match[3])}"]
    if match := _PAIR.fullmatch(text):
        return [f"{_coin(match[1])}-{_coin(match[2])}"]
    ends = [quote for quote in (*QUOTES, *COIN_QUOTES, *_KRAKEN_COINS) if text.endswith(quote) and text != quote]
    parted = [(_coin(text.removesuffix(quote)), _coin(quote)) for quote in ends]
    return [f"{base}-{quote}" for base, quote in sorted(parted, key=_doubt)] or [text]


def _doubt(pair: tuple[str, str]) -> tuple[bool, bool, int]:
    """Known coins first, then tickers of three letters and more, then the longest quote."""
    base, quote = pair
    return base not in _KNOWN, len(base) < 3, -len(quote)


def _coin(name: str) -> str:
    return _KRAKEN_COINS.get(name, name)
