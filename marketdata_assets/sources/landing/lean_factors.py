"""LEAN factor files: the splits and dividends that turn a security's prices of a day into those of the newest one."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.sources.landing.evidence import evidence

_ROW = re.compile(r"(\d{8}),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)")
FOLDER, FORMAT = "factor_files", "lean_factor_file"
_ROUNDING = 1e-6
"""Factors are written with seven digits: a quotient nearer to 1 than this is none."""


def is_factor_file(path: str) -> bool:
    """Whether a landed file is one by where it lies, as in LEAN's data folder: `factor_files/aapl.csv`, at any depth."""
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] == FOLDER and name.endswith(".csv")


def read_factor_file(path: str, data: bytes, sessions: pl.DataFrame) -> pl.DataFrame:
    """Splits and cash dividends of one security, as RAW_CORPORATE_ACTIONS without receipt: `known_at` and `payload_sha256` are null.

    A row of the file (date, price factor, split factor, close) applies to prices on and before its date, so an event lies between two
    rows, with the ex-date on the first of `sessions` (session) after the earlier one. The ratio of a split is the later split factor
    over the earlier, a dividend the close times what the earlier price factor lacks of the later; both carry the file's rounding. The
    file's name is the security (`twx.1.csv`: the first holder of TWX). An event after the last session is left out. `PayloadFault` for
    anything else than such rows with ascending dates and factors above zero. The format is documented with LEAN's data folder.
    """
    rows = _rows(path, data)
    later = rows.select(pl.all().shift(-1).name.suffix("_after"))
    pairs = pl.concat([rows, later], how="horizontal").filter(pl.col("shares_after").is_not_null())
    days = sessions.select(ex_date="session").unique().sort("ex_date")
    placed = pairs.join_asof(days, left_on="day", right_on="ex_date", strategy="forward", allow_exact_matches=False).drop_nulls("ex_date")
    none = pl.lit(None, pl.Float64)
    split = placed.with_columns(kind=pl.lit("split"), ratio=pl.col("shares_after") / pl.col("shares"), amount=none)
    lack = 1 - pl.col("paid") / pl.col("paid_after")
    cash = placed.with_columns(kind=pl.lit("cash_dividend"), ratio=none, amount=pl.col("close") * lack).filter(lack > _ROUNDING)
    told = pl.concat([split.filter((pl.col("ratio") - 1).abs() > _ROUNDING), cash])
    ticker = path.rsplit("/", 1)[-1].removesuffix(".csv")
    return RAW_CORPORATE_ACTIONS.conform(
        told.with_columns(symbol=pl.lit(ticker.upper()), vendor_symbol=pl.lit(ticker), vendor_kind=pl.lit("factor file"))
    )


def _rows(path: str, data: bytes) -> pl.DataFrame:
    found: list[tuple[int, date, float, float, float]] = []
    for number, text in enumerate(data.decode("ascii", "replace").splitlines(), start=1):
        if not text.strip():
            continue
        match = _ROW.fullmatch(text.strip())
        row = match and (number, date.fromisoformat(match[1]), float(match[2]), float(match[3]), float(match[4]))
        if not row or row[2] <= 0 or row[3] <= 0 or (found and row[1] <= found[-1][1]):
            raise PayloadFault(
                f"reading {path} as a LEAN factor file",
                f"line {number} is no later date with two factors above zero and a close: {evidence(text.encode())!r}",
                "land the file that LEAN's data folder holds under factor_files",
                path=path,
                line=number,
            )
        found.append(row)
    schema = {"line": pl.Int64, "day": pl.Date, "paid": pl.Float64, "shares": pl.Float64, "close": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")
