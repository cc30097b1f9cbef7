"""Which pairs Kraken lists, and what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.kraken.api import ASSET_PAIRS, TICKER
from marketdata_assets.sources.vendors.kraken.pairs import asked_name
from marketdata_assets.sources.vendors.kraken.rows import Pair, Tick

# Lists of the ticker: the price first, then amounts; of those that come twice the first is since midnight UTC, the second of 24 hours.
_PLACES = {
    "last_price": ("c", 0),
    "last_size": ("c", 1),
    "bid_price": ("b", 0),
    "bid_size": ("b", 2),
    "ask_price": ("a", 0),
    "ask_size": ("a", 2),
    "high": ("h", 0),
    "low": ("l", 0),
    "volume": ("v", 0),
}


def ask_pairs(question: Question) -> Sequence[Request]:
    """The pairs that are asked for, otherwise all."""
    return [ASSET_PAIRS.request({"pair": ",".join(question.symbols) or None})]


def read_pairs(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A pair a row under the name that requests take; its key in answers and its name in streams are identifiers.

    Coin and currency are those of the stream's name, XBT among them, or the ledger's where a pair has none. Steps are powers of ten where
    answers from before 2022 leave them out, `active` is null there.
    """
    rows = read_rows([{**pair, "key": key} for key, pair in document["result"].items()], Pair)
    parts = pl.col("wsname").str.split_exact("/", 1).struct
    names = pl.concat_str(pl.lit("key="), "key", pl.lit(",wsname=") + pl.col("wsname"), ignore_nulls=True)
    steps = [f"1e-{places}" for places in rows["pair_decimals"]]
    lots = [f"1e-{places}" for places in rows["lot_decimals"]]
    return rows.select(
        pl.col("altname").alias("vendor_symbol"),
        pl.col("aclass_base").alias("kind"),
        pl.coalesce(parts.field("field_1"), "quote").alias("currency"),
        pl.coalesce(parts.field("field_0"), "base").alias("base"),
        (pl.col("status") == "online").alias("active"),
        pl.coalesce("tick_size", pl.Series(steps, dtype=pl.String)).cast(pl.Float64).alias("tick_size"),
        pl.Series(lots, dtype=pl.String).cast(pl.Float64).alias("lot_size"),
        names.alias("identifiers"),
        "line",
    )


def ask_ticker(question: Question) -> Sequence[Request]:
    """The state of the pairs."""
    return [TICKER.request({"pair": ",".join(question.symbols)})]


def read_ticker(document: Any, question: Question) -> pl.DataFrame:
    """A row a pair; open, high, low and volume are of the day since midnight UTC. Kraken does not tell when it stood."""
    flat = [
        {"key": key, "open": told["o"], **{name: told[place][at] for name, (place, at) in _PLACES.items()}}
        for key, told in document["result"].items()
    ]
    rows = read_rows(flat, Tick)
    names = pl.Series([asked_name(key, question) for key in rows["key"]], dtype=pl.String)
    return rows.select(names.alias("vendor_symbol"), pl.col("open", *_PLACES).cast(pl.Float64), "line")
