"""One answer of a vendor with the question it answers and the rows it holds, told by code that shares nothing with the vendor's reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.landing.shape import BARS
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.strict_json import loads
from marketdata_tests.conformance.sources.containers import Container

NEVER = datetime(2099, 1, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHA = "0" * 64
Told = dict[str, object]
Cells = Callable[[str, Any, "Recorded"], Sequence[Told]]


@dataclass(frozen=True)
class Wire:
    """How one kind of answer is written: where its rows stand, and what each says in the columns of our table.

    A text in `cells` stands for a number as the vendor wrote it. A row that says nothing (an empty minute) gives no cells, one that says
    several things gives several.
    """

    container: Container
    cells: Cells


@dataclass(frozen=True)
class Recorded:
    """An answer under the folder of fixtures, `vendor/file`: symbols as the vendor spells them, the span as `start..end`."""

    fixture: str
    dataset: str
    wire: Wire
    symbols: str = ""
    span: str = ""
    timeframe: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    canonical: str = ""
    vendor: str = ""
    body: bytes | None = None  # instead of a file
    empty: bool = False  # it holds no row
    whole: bool = False  # the answer is one object that is there or not: it is never empty
    unpack: Callable[[bytes], bytes] | None = None  # from the file to the answer
    edit: tuple[str, str] = ("", "")  # a text in the file and what is read in its place

    @property
    def source(self) -> str:
        return self.vendor or self.fixture.partition("/")[0]

    @property
    def window(self) -> Window | None:
        start, _, end = self.span.partition("..")
        return Window(_instant(start), _instant(end)) if self.span else None


@dataclass(frozen=True)
class Case:
    """A recorded answer, ready to be read by the vendor's dataset."""

    recorded: Recorded
    source: Source
    dataset: Dataset
    question: Question
    body: bytes

    @property
    def told(self) -> list[Told]:
        wire = self.recorded.wire
        return [cells for key, row in wire.container.rows(self.body) for cells in wire.cells(key, row, self.recorded)]

    @property
    def count(self) -> int:
        return len(self.recorded.wire.container.rows(self.body))

    @property
    def is_as_served(self) -> bool:
        """Whether the file has the form in which the vendor is asked to answer."""
        return (self.dataset.endpoint.form == "csv") == self.recorded.fixture.endswith(".csv")

    def keeping(self, places: Sequence[int]) -> bytes:
        """The answer with these of its rows, in this order."""
        return self.recorded.wire.container.keep(self.body, places)

    def document(self, body: bytes | None = None) -> Any:
        """What the reader is given for an answer."""
        data = self.body if body is None else body
        return data if self.dataset.endpoint.form != "json" or self.recorded.fixture.endswith(".csv") else loads(data)

    def read(self, body: bytes | None = None, *, question: Question | None = None, forming_from: datetime = NEVER) -> pl.DataFrame:
        """The rows of an answer as every table gets them: of bars the kept ones, symbol by symbol."""
        return rows_of(self.dataset, question or self.question, self.document(body), forming_from)


def rows_of(dataset: Dataset, question: Question, document: Any, forming_from: datetime = NEVER) -> pl.DataFrame:
    if dataset.data is not Data.BARS or question.window is None:
        return page_rows(dataset, question, document, RECEIVED, SHA)
    series = page_series(dataset, question, document, forming_from)
    return pl.concat([s.bars for s in series]) if series else pl.DataFrame(schema=BARS)


def case_of(recorded: Recorded, fixtures: Path) -> Case:
    """The case of a recorded answer; `ConfigFault` when its vendor has no such dataset."""
    source = vendor(recorded.source)
    dataset = source.dataset(recorded.dataset)
    question = Question(
        dataset.name,
        tuple(recorded.symbols.split(",")) if recorded.symbols else (),
        recorded.window,
        timeframe(recorded.timeframe) if recorded.timeframe else None,
        source.chosen(recorded.options),
        tuple(recorded.canonical.split(",")) if recorded.canonical else (),
    )
    return Case(recorded, source, dataset, question, _body(recorded, fixtures))


def _body(recorded: Recorded, fixtures: Path) -> bytes:
    if recorded.body is not None:
        return recorded.body
    found, instead = (text.encode() for text in recorded.edit)
    data = (fixtures / recorded.fixture).read_bytes()
    data = recorded.unpack(data) if recorded.unpack else data
    assert found in data, f"{recorded.fixture} does not hold {recorded.edit[0]!r}"
    return data.replace(found, instead) if found else data


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
