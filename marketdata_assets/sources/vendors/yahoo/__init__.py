"""Yahoo Finance: an interface without documents, contract or promise, to compare others with and for nothing else.

Prices and volumes are adjusted for every split up to today, dividends too, so a bar changes after the fact and none is stored as a raw
price; there is no raw series. Off unless switched on. The platform sends its own name as User-Agent and does not pose as a browser:
where Yahoo answers that with `Too Many Requests`, this source does not work.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.yahoo import api, bars

EQUITIES, CRYPTO = "us_equities", "crypto"
_ADJUSTED: dict[str, Any] = {"price_basis": PriceBasis.SPLIT_ADJUSTED, "volume_basis": PriceBasis.SPLIT_ADJUSTED}


def _bars(asset_class: str, prefix: str, **more: Any) -> tuple[Dataset, ...]:
    def dataset(name: str, read: bars.Reader, timeframes: tuple[str, ...], history: timedelta | None, rows: int) -> Dataset:
        where = (f"{prefix}{name}", Data.BARS, asset_class, api.CHART, RAW_BARS, bars.ask, read)
        return Dataset(*where, timeframes=timeframes, history=history, rows=rows, answers_more=True, **more)

    return (
        dataset("daily", bars.read_daily, ("1d",), None, 20_000),
        dataset("hourly", bars.read_intraday, ("1h",), timedelta(days=729), 20_000),
        dataset("minutes", bars.read_intraday, ("5m", "15m", "30m"), timedelta(days=59), 20_000),
        dataset("one_minute", bars.read_intraday, ("1m",), timedelta(days=29), 11_000),
    )


SOURCE = Source(
    api.NAME,
    "Yahoo Finance (unofficial)",
    "https://finance.yahoo.com",
    (api.API,),
    (
        *_bars(EQUITIES, "", **_ADJUSTED),
        Dataset(
            "corporate_actions",
            Data.CORPORATE_ACTIONS,
            EQUITIES,
            api.CHART,
            RAW_CORPORATE_ACTIONS,
            bars.ask_actions,
            bars.read_actions,
            rows=20_000,
            unverified="that dividends are adjusted for later splits",
        ),
        *_bars(CRYPTO, "crypto_", tape="yahoo"),
    ),
    {EQUITIES: Spelling(share_class="-"), CRYPTO: Spelling()},
    (Plan("public", "Without a contract", {"default": api.BUDGET}),),
    licence="Yahoo's terms allow personal use and forbid bulk collection and redistribution; nobody is promised anything.",
    follows_renames=True,
    official=False,
    unverified=(
        "everything: Yahoo documents nothing; recordings of 2025 and what clients do are all there is",
        "how many requests are tolerated: one a second and 2,000 an hour are what users found",
        "that a client which does not pose as a browser is answered",
        "that volumes are adjusted for splits like prices",
        "which exchanges the trades of a share, and which venues the prices of a coin, come from",
    ),
)
