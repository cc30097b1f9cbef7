"""The answers of one fetch on their way into the inventory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import Fault
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import inventory_path, source_settings
from marketdata_assets.pipeline.payloads import forming_from
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.twins import fingerprints
from marketdata_assets.schemas.audit import FETCHES, LandingState
from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.landing.read import Reading
from marketdata_assets.sources.landing.shape import Series
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question

_UNPARTITIONED = PartitionKey(None, None)
_ENTERED_AT_ONCE = 5_000
_ENTERED_AFTER = 60.0  # seconds; what a killed run was told since it entered last is asked for again
_NO_ROWS = {"first": None, "last": None, "rows": 0, "refused_rows": 0, "fingerprints": ""}


class SymbolAnswer:
    """How much came for one symbol; its length is the number of its rows, refused ones included."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows


class AnswerBook:
    """Keeps what was answered to one source's questions, and enters it in `fetches` every minute, a few thousand rows at most.

    A page is entered whole with all pages of its answer or not at all, so a window counts as answered only when all of it came.
    """

    def __init__(
        self, platform: Platform, source: str, dataset: Dataset, *, total: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.dataset = dataset
        self._platform, self._source = platform, source
        self._config = source_settings(platform, source)
        self._calendar = platform.calendar(self._config.asset_class)
        self._waiting: list[dict[str, Any]] = []
        self._entered: list[pl.DataFrame] = []
        self._done, self._total, self._progress = 0, total, progress
        self._entered_at = clock.monotonic()
        self._lock = Lock()

    def keep(self, question: Question, answers: Sequence[Answer]) -> dict[str, SymbolAnswer]:
        """Reads all pages of an answer and keeps them for entry; how much came, by the vendor's spelling.

        Every row of an answer became known when its last page was there. `SchemaChanged` when a page is not what the reader expects:
        nothing of the answer is kept. Several threads may call it at once.
        """
        known_at = max(answer.record.received_at for answer in answers)
        forming = forming_from(self._calendar, question.length, known_at)
        pages = [page_series(self.dataset, question, answer.data, forming) for answer in answers]
        told: dict[str, list[tuple[int, Series]]] = {spelling: [] for spelling in question.symbols}
        for at, series in enumerate(pages):
            for one in series:
                told[one.vendor_symbol].append((at, one))
        with self._lock:
            return self._kept(question, answers, pages, told, known_at)

    def _kept(
        self,
        question: Question,
        answers: Sequence[Answer],
        pages: Sequence[list[Series]],
        told: dict[str, list[tuple[int, Series]]],
        known_at: datetime,
    ) -> dict[str, SymbolAnswer]:
        names = question.names
        for at, (answer, series) in enumerate(zip(answers, pages, strict=True)):
            reading = Reading(self._config.source().name, series, [])
            self._platform.readings.keep(answer.record.sha256, question.path(at + 1), answer.record.wire_bytes, reading)
        for spelling, parts in told.items():
            marks = fingerprints(pl.concat([one.bars for _, one in parts]), question.length) if parts else ""
            pieces: list[tuple[int, Series | None]] = [*parts] or [(len(answers) - 1, None)]
            for at, piece in pieces:
                row = _counted(piece) if piece is not None else _NO_ROWS
                base = self._row(question, names[spelling], known_at, LandingState.LANDED, "")
                record = answers[at].record
                page = {"path": question.path(at + 1), "payload_sha256": record.sha256, "size": record.wire_bytes}
                self._waiting.append({**base, **page, **row, "fingerprints": marks})
                marks = ""
        self._count(len(question.symbols))
        return {spelling: SymbolAnswer(sum(one.bars.height + one.refused.height for _, one in parts)) for spelling, parts in told.items()}

    def fail(self, question: Question, fault: Fault, at: datetime) -> None:
        """Keeps for entry that the question about one symbol was given up."""
        reason = f"[{fault.code}] {fault.tried}: {fault.found}. {fault.remedy}"
        base = self._row(question, question.names[question.symbol], at, LandingState.REFUSED, reason)
        self._waiting.append({**base, "path": question.path(0), "payload_sha256": "", "size": 0, **_NO_ROWS})
        self._count(1)

    def enter(self) -> None:
        """Appends what is kept to the inventory."""
        self._entered_at = clock.monotonic()
        if not self._waiting:
            return
        new = FETCHES.conform(pl.DataFrame(self._waiting, schema=FETCHES.polars_schema))
        self._waiting = []
        self._entered.append(new)
        self._platform.lake.append(
            inventory_path(self._platform, self._source),
            FETCHES,
            _UNPARTITIONED,
            lambda old: FETCHES.conform(pl.concat([old, new]).unique(FETCHES.key, keep="last", maintain_order=True)),
        )

    def entered(self) -> pl.DataFrame:
        """Every row entered so far (FETCHES)."""
        return FETCHES.conform(pl.concat([FETCHES.empty(), *self._entered]))

    def _row(self, question: Question, symbol: str, known_at: datetime, state: LandingState, reason: str) -> dict[str, Any]:
        window = question.span
        return {
            "known_at": known_at,
            "format": self._config.source().name,
            "state": state,
            "reason": reason,
            "timeframe": question.length.name,
            "symbol": symbol,
            "asked_from": window.start,
            "asked_until": window.end,
        }

    def _count(self, symbols: int) -> None:
        self._done += symbols
        if self._progress:
            self._progress(min(self._done, self._total), self._total)
        if len(self._waiting) >= _ENTERED_AT_ONCE or clock.monotonic() - self._entered_at >= _ENTERED_AFTER:
            self.enter()


def _counted(series: Series) -> dict[str, Any]:
    days = series.bars["timestamp"].dt.date() if series.bars.height else series.refused["filed_under"]
    return {"first": days.min(), "last": days.max(), "rows": series.bars.height, "refused_rows": series.refused.height}
