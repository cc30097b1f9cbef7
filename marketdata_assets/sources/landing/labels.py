"""Which end of a bar a stamp names, held against the hours in which the vendor's market trades."""

from __future__ import annotations

from datetime import time

import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sources.landing.format import Stamp
from marketdata_assets.sources.landing.stamps import Stamps


def label_starts(path: str, stamps: Stamps, stamp: Stamp, timeframe: str) -> pl.Series:
    """Instants at which the bars began. `PayloadFault` when the stamps prove that they name the other end.

    No bar starts when trading ends, and none ends when trading starts: stamps at that hour, with none at the opposite one, are proof.
    """
    if stamp.hours is not None:
        opens, closes = (time.fromisoformat(hour) for hour in stamp.hours)
        clock = stamps.local.dt.time()
        at_open, at_close = int((clock == opens).sum()), int((clock == closes).sum())
        against, speaking = (at_open, at_close) if stamp.label == "end" else (at_close, at_open)
        if against and not speaking:
            other = "start" if stamp.label == "end" else "end"
            raise PayloadFault(
                f"reading {path} with stamps at the {stamp.label} of bars",
                f"{against} stamps at {(opens if stamp.label == 'end' else closes):%H:%M} and none at "
                f"{(closes if stamp.label == 'end' else opens):%H:%M} prove that they name the {other}",
                f"set `stamp: {{label: {other}}}` in the source's `format:` in marketdata.yaml",
                path=path,
            )
    return stamps.instants - TIMEFRAMES[timeframe].duration if stamp.label == "end" else stamps.instants
