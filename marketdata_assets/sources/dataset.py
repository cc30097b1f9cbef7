"""One kind of data that a vendor serves, as a value: how to ask for it, how to read the answer, and what is promised about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.table import Table
from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.request import Request

Ask = Callable[[Question], Sequence[Request]]
Read = Callable[[Any, Question], pl.DataFrame]
Verify = Callable[[Sequence[Answer]], None]


@dataclass(frozen=True)
class Dataset:
    """What a vendor has of one kind of data in one asset class.

    `ask` gives the requests that answer a question, their pages not counted: several where the vendor caps what one may span. `read`
    turns the document of one page (strict JSON, or bytes) into rows of `table`: columns of the table in any order, of which
    those that may be null can be missing, `vendor_symbol` as the vendor (or else the question) states it, and `line` from 1.
    Both are pure, so that an archived payload can be read again. What does not fit is an exception of any kind that
    `sources.errors.reading` knows, or a `SchemaChanged`.

    `verify`, where there is one, is given all pages of an answer before anything of it is kept, and raises when they contradict each
    other: a checksum beside a file, say.

    `name` is unique within the source; the first dataset of a kind of data is the one taken when nobody says otherwise.
    """

    name: str
    data: Data
    asset_class: str
    endpoint: Endpoint
    table: Table
    ask: Ask
    read: Read
    timeframes: tuple[str, ...] = ()
    symbols: int = 1  # that one request may name; 0: it names none and answers for all
    rows: int = 1000  # that one page holds at most, over all its symbols
    history: timedelta | None = None  # how far back it reaches from now; None: as far as the vendor has it
    delay: timedelta = timedelta(0)  # how long after its end a bar can be asked for
    dated: bool = True  # whether a question needs a window
    plans: tuple[str, ...] = ()  # that include it; empty: all
    answers_more: bool = False  # rows outside the window are this vendor's habit: left out without a word
    price_basis: PriceBasis = PriceBasis.RAW
    volume_basis: PriceBasis = PriceBasis.RAW
    tape: str | Callable[[Mapping[str, str]], str] = "consolidated"  # where the trades were seen; may depend on the options
    latest: bool = False  # asks for what stands now rather than for a span
    unverified: str = ""  # what no document states, in words
    verify: Verify | None = None

    def tape_of(self, options: Mapping[str, str]) -> str:
        """Where the trades were seen under these options."""
        return self.tape(options) if callable(self.tape) else self.tape

    def serves(self, plan: str) -> bool:
        """Whether a plan includes it."""
        return not self.plans or plan in self.plans
