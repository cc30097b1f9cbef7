"""Kraken's names of pairs: `XBTUSD` is asked for, `XXBTZUSD` is answered."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.question import Question

_LEDGER = ("", "X", "Z")


def asked_name(key: str, question: Question) -> str:
    """The spelling of the question that a key of the answer stands for; the key itself where it was not asked for.

    A key is the alternative name of its pair with the ledger's letter before each side of it, or without: X before a coin, Z before a
    currency. This held for all 304 pairs that Kraken listed in April 2021, and for none of them under the name of another.
    """
    return next((name for name in question.symbols if _same(key, name)), key)


def one_answered(document: Any, question: Question) -> tuple[str, Any]:
    """The pair and what is told of it, in an answer about one pair; the pair that was asked for and None where it names none."""
    result = {key: told for key, told in document["result"].items() if key != "last"}
    if len(result) > 1:
        raise ValueError(f"one pair was asked for, these came: {', '.join(result)[:120]}")
    return next(((asked_name(key, question), told) for key, told in result.items()), (question.symbol, None))


def one_pair(document: Any, question: Question) -> tuple[str, list[Any]]:
    """The pair and its rows in an answer about one pair; the pair that was asked for and no rows where it names none."""
    name, rows = one_answered(document, question)
    if rows is not None and not isinstance(rows, list):
        raise TypeError(f"a list of rows was expected, not {type(rows).__name__}")
    return name, rows or []


def _same(key: str, name: str) -> bool:
    plain = name.replace("/", "")
    if key in (name, plain):
        return True
    if not 0 < len(key) - len(plain) <= 2:
        return False
    cuts = range(1, len(plain))
    return any(key == first + plain[:cut] + second + plain[cut:] for first in _LEDGER for second in _LEDGER for cut in cuts)
