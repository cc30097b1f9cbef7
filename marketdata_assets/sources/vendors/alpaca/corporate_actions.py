"""Alpaca's corporate actions of every kind in one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.alpaca.api import CORPORATE_ACTIONS
from marketdata_assets.sources.vendors.alpaca.asking import dates, listed

# Our kind, and the vendor's names of what goes into our columns. `new` / `old` is the ratio; `old` may be 1 share by definition.
_SPLIT = ("split", {"vendor_symbol": "symbol", "new": "new_rate", "old": "old_rate"})
_MERGED = {"vendor_symbol": "acquiree_symbol", "new_symbol": "acquirer_symbol"}
_KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "forward_split": _SPLIT,
    "reverse_split": (_SPLIT[0], {**_SPLIT[1], "new_symbol": "new_symbol"}),
    "unit_split": ("other", {"vendor_symbol": "old_symbol", "new_symbol": "new_symbol", "new": "new_rate", "old": "old_rate"}),
    "stock_dividend": ("stock_dividend", {"vendor_symbol": "symbol", "extra": "rate"}),
    "cash_dividend": ("cash_dividend", {"vendor_symbol": "symbol", "amount": "rate"}),
    "spin_off": ("spin_off", {"vendor_symbol": "source_symbol", "new_symbol": "new_symbol", "new": "new_rate", "old": "source_rate"}),
    "cash_merger": ("merger", {**_MERGED, "amount": "rate"}),
    "stock_merger": ("merger", {**_MERGED, "new": "acquirer_rate", "old": "acquiree_rate"}),
    "stock_and_cash_merger": ("merger", {**_MERGED, "new": "acquirer_rate", "old": "acquiree_rate", "amount": "cash_rate"}),
    "redemption": ("other", {"vendor_symbol": "symbol", "amount": "rate"}),
    "name_change": ("rename", {"vendor_symbol": "new_symbol", "old_symbol": "old_symbol", "new_symbol": "new_symbol"}),
    "worthless_removal": ("delisting", {"vendor_symbol": "symbol"}),
    "rights_distribution": ("other", {"vendor_symbol": "source_symbol", "new_symbol": "new_symbol", "new": "rate"}),
    "partial_call": ("other", {"vendor_symbol": "symbol", "amount": "price"}),
    "reorganization": ("other", {"vendor_symbol": "symbol", "amount": "cash_rate"}),
}
_MAY_LACK = {"new_symbol", "amount"}
_DATES = ("ex_date", "record_date", "payable_date", "process_date")


class Event(TypedDict):
    """An event of any kind, its numbers still as the vendor counts them."""

    vendor_symbol: str | None
    kind: str
    vendor_kind: str
    new: NotRequired[float | None]
    old: NotRequired[float | None]
    extra: NotRequired[float | None]
    amount: NotRequired[float | None]
    currency: NotRequired[str | None]
    old_symbol: NotRequired[str | None]
    new_symbol: NotRequired[str | None]
    note: NotRequired[str | None]
    event_id: NotRequired[str | None]
    ex_date: NotRequired[str | None]
    record_date: NotRequired[str | None]
    payable_date: NotRequired[str | None]
    process_date: str


def ask_corporate_actions(question: Question) -> Sequence[Request]:
    """One request for every kind of event that the vendor booked within the window: it filters by `process_date`, not by `ex_date`.

    Both ends are always sent, because each of them means today where it is missing. Without symbols it answers for all.
    """
    return [CORPORATE_ACTIONS.request({"symbols": listed(question) or None, **dates(question.span)})]


def read_corporate_actions(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row an event, in the vendor's order within each kind; a kind that is new to this reader is `other`.

    `ex_date` is the vendor's, or the effective date of events that have none; where it says neither (renames, removals) it is null and
    `process_date` is all there is. The payable date of a forward split may lie before its ex-date and is never taken for it. `ratio`
    is new shares for one old share: of splits new / old, of stock dividends 1 + rate, of mergers and spin-offs what one held brings.
    A rename stands under the new ticker. `SchemaChanged` for an event without the fields of its kind.
    """
    told = document["corporate_actions"] or {}
    rows = read_rows([_event(kind.removesuffix("s"), row) for kind, found in told.items() for row in found or []], Event)
    ratio = pl.coalesce(pl.col("new") / pl.col("old").fill_null(1.0), 1.0 + pl.col("extra"))
    return rows.with_columns(
        ratio.alias("ratio"),
        (pl.col("amount") / pl.col("old").fill_null(1.0)).alias("amount"),
        *(pl.col(name).str.to_date("%Y-%m-%d") for name in _DATES),
    ).drop("new", "old", "extra")


def _event(vendor_kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kind, names = _KINDS.get(vendor_kind, ("other", {}))
    found = {ours: row.get(theirs) if ours in _MAY_LACK else row[theirs] for ours, theirs in names.items()}
    return {
        "vendor_symbol": row.get("symbol"),
        **found,
        "new_symbol": found.get("new_symbol") or None,  # empty where a reverse split keeps the ticker
        "kind": kind,
        "vendor_kind": vendor_kind,
        "currency": row.get("currency"),
        "event_id": row.get("id"),
        "note": _note(row),
        "ex_date": row.get("ex_date") or row.get("effective_date"),
        "record_date": row.get("record_date"),
        "payable_date": row.get("payable_date"),
        "process_date": row["process_date"],
    }


def _note(row: Mapping[str, Any]) -> str | None:
    """What else matters: flags that are set, a dividend's sub type, and what beside the new shares is handed out."""
    said = [name for name in ("special", "foreign") if row.get(name)]
    said += [str(row[name]) for name in ("sub_type", "lottery_type") if row.get(name)]
    if row.get("alternate_symbol"):
        said.append(f"and {row['alternate_rate']} {row['alternate_symbol']}")
    said += [f"{move['new_rate']} {move['symbol']} for {move['source_rate']}" for move in row.get("stock_movements") or []]
    return ", ".join(said) or None
