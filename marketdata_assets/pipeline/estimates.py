"""How many requests an answer will take, before anything is asked. Pure: the vendor's own `ask`, and the rows a page holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import ceil

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.gather import Batch
from marketdata_assets.sources.question import Question


def requests_for(dataset: Dataset, question: Question, bars: int) -> int:
    """Requests, pages included, that one question takes when each of its symbols has `bars` rows in its window.

    Retries, redirects and rows beyond regular hours are not foreseen.
    """
    asked, rows = len(dataset.ask(question)), bars * max(1, len(question.symbols))
    return max(asked, ceil(rows / dataset.rows)) if asked else 0


def requests_for_batches(dataset: Dataset, base: Question, batches: Iterable[Batch], bars: Callable[[Window], int]) -> int:
    """Requests that the batches take together; `bars` tells how many rows a symbol has in a window."""
    return sum(requests_for(dataset, base.naming({s: s for s in b.symbols}).about(b.symbols, b.window), bars(b.window)) for b in batches)


def share_of_requests(dataset: Dataset, question: Question, bars: int) -> Fraction:
    """What one symbol's window adds to the requests of a large fetch, in which as many symbols share a request as a page has room for."""
    together = max(1, min(dataset.symbols or dataset.rows, dataset.rows // max(1, bars)))
    return Fraction(requests_for(dataset, question, bars), together)
