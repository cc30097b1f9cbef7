"""Canonical symbols and their currency-safe spelling."""

from __future__ import annotations

import re

from marketdata_assets.core.faults import SymbolFault

SYMBOL_PATTERN = r"[A-Z0-9][A-Z0-9.-]{0,31}"
_CANONICAL = re.compile(SYMBOL_PATTERN)


def is_canonical(text: str) -> bool:
    """Whether `text` is a canonical symbol: capitals, digits, dot and hyphen, 1 to 32 characters, no path separator."""
    return _CANONICAL.fullmatch(text) is not None and ".." not in text and not text.endswith(".")


def require_canonical(text: str) -> str:
    """`text` itself when canonical; otherwise `SymbolFault`. A `/`, a NUL or `..` never gets past here into a path."""
    if not is_canonical(text):
        raise SymbolFault(
            "reading a symbol",
            f"{text[:64]!r} is not canonical",
            "use capitals, digits, '.' and '-', e.g. AAPL, BRK.B or BTC-USDT",
        )
    return text
