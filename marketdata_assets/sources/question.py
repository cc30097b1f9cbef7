"""What a vendor is asked: which data of which symbols over which window, written so that its payloads can be read again years later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote, urlencode

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import Timeframe, timeframe

_NOTHING = "-"


class Data(StrEnum):
    """A kind of data that vendors sell, one table each."""

    BARS = "bars"
    TRADES = "trades"
    QUOTES = "quotes"
    ORDER_BOOKS = "order_books"
    SNAPSHOTS = "snapshots"
    CORPORATE_ACTIONS = "corporate_actions"
    LISTINGS = "listings"
    MARKET_CALENDAR = "market_calendar"
    OPTION_CONTRACTS = "option_contracts"
    OPTION_QUOTES = "option_quotes"
    FACTS = "facts"
    FILINGS = "filings"
    PROFILES = "profiles"
    NEWS = "news"
    MARKET_CHARTS = "market_charts"


@dataclass(frozen=True)
class Question:
    """One thing asked of a vendor: `data` of `symbols` (its own spellings) over a half-open UTC window, at a bar length.

    `dataset` names which of the source's datasets answers. `canonical` are our names of the same symbols, in the same order; where
    it is empty they are spelled alike. `options` are the source's own (a feed, say), as text. A question without symbols asks for
    everything there is; one without a window for what stands now.
    """

    dataset: str
    symbols: tuple[str, ...] = ()
    window: Window | None = None
    timeframe: Timeframe | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    canonical: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Our name of each symbol by the vendor's spelling."""
        return dict(zip(self.symbols, self.canonical or self.symbols, strict=True))

    @property
    def span(self) -> Window:
        """The window; `PayloadFault` where the question has none."""
        if self.window is None:
            raise PayloadFault(f"asking for {self.dataset}", "no window is given", "give a start and an end")
        return self.window

    @property
    def length(self) -> Timeframe:
        """The bar length; `PayloadFault` where the question has none."""
        if self.timeframe is None:
            raise PayloadFault(f"asking for {self.dataset}", "no bar length is given", "give a timeframe")
        return self.timeframe

    @property
    def symbol(self) -> str:
        """The only symbol asked for; `PayloadFault` when there are none or several."""
        if len(self.symbols) != 1:
            raise PayloadFault(f"asking for {self.dataset}", f"{len(self.symbols)} symbols are given", "ask for one at a time")
        return self.symbols[0]

    def naming(self, names: Mapping[str, str]) -> Question:
        """The same question about these symbols: our names by the vendor's spellings."""
        return replace(self, symbols=tuple(names), canonical=tuple(names.values()))

    def about(self, symbols: tuple[str, ...], window: Window | None) -> Question:
        """The same question about some of its symbols and another window."""
        names = self.names
        return replace(self, symbols=symbols, canonical=tuple(names[s] for s in symbols), window=window)

    def path(self, page: int) -> str:
        """The question and the number of a page of its answer as one text: the payload's path in the inventory.

        `bars/1d/2024-01-01T00:00:00Z..2025-01-01T00:00:00Z/feed=iex/AAPL,BRK.B:BRK-B/1`; `-` stands for what is not given.
        """
        span = _NOTHING if self.window is None else f"{_text(self.window.start)}..{_text(self.window.end)}"
        names = ",".join(_quoted(ours) if ours == theirs else f"{_quoted(ours)}:{_quoted(theirs)}" for theirs, ours in self.names.items())
        options = urlencode(sorted(self.options.items()), quote_via=quote, safe="")
        length = self.timeframe.name if self.timeframe else _NOTHING
        return "/".join((self.dataset, length, span, options or _NOTHING, names or _NOTHING, str(page)))


def question_at(path: str) -> tuple[Question, int]:
    """The question and page number that `Question.path` wrote; `PayloadFault` for any other text."""
    try:
        dataset, length, span, options, names, page = path.split("/")
        pairs = [part.split(":") for part in names.split(",")] if names != _NOTHING else []
        start, _, end = span.partition("..")
        question = Question(
            dataset,
            tuple(unquote(pair[-1]) for pair in pairs),
            None if span == _NOTHING else Window(datetime.fromisoformat(start), datetime.fromisoformat(end)),
            None if length == _NOTHING else timeframe(length),
            dict(parse_qsl(options, strict_parsing=True)) if options != _NOTHING else {},
            tuple(unquote(pair[0]) for pair in pairs),
        )
        return question, int(page)
    except ValueError:
        raise PayloadFault(
            "reading what a payload answers", f"{path[:80]!r} is no question", "rebuild the inventory from a backup", path=path
        ) from None


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _quoted(symbol: str) -> str:
    return quote(symbol, safe="")
