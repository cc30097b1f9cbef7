"""The suite itself can fail: readers that cheat in small ways are each caught by the check that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_tests.conformance.sources import case, test_answers, test_budgets, test_errors, test_pages, test_terms, test_windows
from marketdata_tests.conformance.sources.case import Recorded
from marketdata_tests.conformance.sources.recorded import RECORDED
from marketdata_tests.conformance.sources.told_errors import ToldError, errors_of

BARS = next(r for r in RECORDED if r.fixture.endswith("stocks_bars__multi_symbol_1day.json"))
MINUTES = next(r for r in RECORDED if r.fixture.endswith("stocks_bars__AMZN_15min.json"))
PAGE = next(r for r in RECORDED if r.fixture.endswith("stocks_bars__META_asof_rename_page1.json"))
Change = Callable[[pl.DataFrame], pl.DataFrame]


def _reading(change: Change, *, trimmed: bool = False) -> Callable[[Dataset], Dataset]:
    def changed(dataset: Dataset) -> Dataset:
        def read(document: Any, question: Question) -> pl.DataFrame:
            frame = change(dataset.read(document, question))
            return frame.filter(pl.col("timestamp").is_between(question.span.start, question.span.end, closed="left")) if trimmed else frame

        return replace(dataset, read=read)

    return changed


def _single(price: pl.DataFrame) -> pl.DataFrame:
    return price.with_columns(pl.col("high").cast(pl.Float32).cast(pl.Float64))


def _refusing_nothing(frame: pl.DataFrame) -> pl.DataFrame:
    if not frame.height:
        raise ValueError("no rows")
    return frame


CHEATS: dict[str, tuple[Recorded, Callable[[Dataset], Dataset], Callable[[Recorded, Path], None]]] = {
    "a row is lost": (BARS, _reading(lambda f: f.head(max(0, f.height - 1))), test_answers.test_s01_a_recorded_answer_is_read_whole),
    "lines count from nothing": (
        BARS,
        _reading(lambda f: f.with_columns(pl.col("line") - 1)),
        test_answers.test_s01_the_lines_of_an_answer_are_counted_from_one,
    ),
    "rows outside are trimmed in silence": (
        BARS,
        _reading(lambda f: f, trimmed=True),
        test_windows.test_s02_bars_outside_the_window_are_refused_unless_they_are_the_vendors_habit,
    ),
    "only the first page is read": (
        PAGE,
        lambda dataset: replace(dataset, endpoint=replace(dataset.endpoint, paging=replace(dataset.endpoint.paging, token="nowhere"))),
        test_pages.test_s03_a_cursor_as_the_vendor_wrote_it_is_followed,
    ),
    "a day is a day late": (
        BARS,
        _reading(lambda f: f.with_columns(pl.col("timestamp").dt.offset_by("1d"))),
        test_answers.test_s01_a_recorded_answer_is_read_whole,
    ),
    "a day is on a weekend": (
        PAGE,
        _reading(lambda f: f.with_columns(pl.col("timestamp").dt.offset_by("3d"))),
        test_answers.test_s05_daily_bars_of_stocks_stand_on_sessions_of_the_exchange,
    ),
    "a quarter of an hour is off": (
        MINUTES,
        _reading(lambda f: f.with_columns(pl.col("timestamp").dt.offset_by("7m"))),
        test_answers.test_s05_bars_lie_on_the_grid_of_their_length,
    ),
    "milliseconds are read as seconds": (
        MINUTES,
        _reading(lambda f: f.with_columns(pl.col("timestamp").dt.offset_by("-600mo"))),
        test_answers.test_s05_every_instant_is_utc_in_microseconds,
    ),
    "nothing is an error": (BARS, _reading(_refusing_nothing), test_windows.test_s07_an_answer_whose_rows_are_taken_out_is_empty),
    "the order means something": (
        BARS,
        _reading(lambda f: f.with_columns(pl.col("open").cum_sum())),
        test_windows.test_s12_the_order_of_the_rows_of_a_page_means_nothing,
    ),
    "prices go through single precision": (BARS, _reading(_single), test_answers.test_s13_every_number_is_the_double_nearest_to_its_text),
}


def _with(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Source], Source]) -> None:
    changed = change(vendor(name))
    for module in (case, test_terms, test_errors, test_budgets):
        monkeypatch.setattr(module, "vendor", lambda asked: changed if asked == name else vendor(asked))


def _changing(dataset: str, change: Callable[[Dataset], Dataset]) -> Callable[[Source], Source]:
    def changed(source: Source) -> Source:
        datasets = tuple(change(d) if d.name == dataset else d for d in source.datasets)
        endpoints = {d.endpoint.name: d.endpoint for d in datasets if d.name == dataset}
        apis = tuple(replace(api, endpoints=tuple(endpoints.get(e.name, e) for e in api.endpoints)) for api in source.apis)
        return replace(source, datasets=datasets, apis=apis)

    return changed


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:Series.values")
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_reader_that_cheats_is_caught(cheat: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, change, check = CHEATS[cheat]
    check(recorded, shared)
    _with(monkeypatch, recorded.source, _changing(recorded.dataset, change))
    with pytest.raises((AssertionError, SchemaChanged)):
        check(recorded, shared)


def test_a_vendor_that_asks_for_adjusted_prices_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def adjusted(dataset: Dataset) -> Dataset:
        return replace(dataset, ask=lambda question: [request.having(adjustment="all") for request in dataset.ask(question)])

    _with(monkeypatch, "alpaca", _changing("bars", adjusted))
    with pytest.raises(AssertionError):
        test_terms.test_s10_raw_prices_are_asked_for_or_the_basis_says_that_there_are_none("alpaca")


def test_crypto_that_claims_to_be_adjusted_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, "binance", _changing("bars", lambda dataset: replace(dataset, price_basis=PriceBasis.SPLIT_ADJUSTED)))
    with pytest.raises(AssertionError):
        test_terms.test_s10_the_basis_is_one_of_ours_and_crypto_is_raw("binance")


def test_two_instruments_under_one_name_are_caught(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    from marketdata_assets.reference import load_instruments

    instruments = load_instruments(project / "data" / "reference" / "instruments.csv")
    same = Spelling(joint="", names={"BTC-USDT": "COIN", "ETH-USDT": "COIN"})
    _with(monkeypatch, "binance", lambda source: replace(source, spellings={"crypto": same}))
    with pytest.raises(Exception, match=r"COIN|two instruments"):
        test_terms.test_s11_every_instrument_comes_back_under_its_own_name("binance", instruments)


def test_an_error_table_that_forgets_a_line_is_caught(monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    (limit,) = (error for error in errors_of("kraken") if error.fixture.endswith("errors.json") and error.nth == 0)
    inline = ToldError("kraken", 200, limit.faults, {"error": ["EGeneral:Too many requests"]})
    test_errors.test_s08_a_documented_error_is_the_right_fault(inline, shared)
    _with(monkeypatch, "kraken", lambda source: replace(source, apis=tuple(replace(api, errors=()) for api in source.apis)))
    with pytest.raises(AssertionError):
        test_errors.test_s08_a_documented_error_is_the_right_fault(inline, shared)


def test_a_budget_beyond_what_the_vendor_documents_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(source: Source) -> Source:
        plans = tuple(
            replace(
                plan,
                budgets={k: replace(b, quotas=tuple(replace(q, limit=q.limit * 2) for q in b.quotas)) for k, b in plan.budgets.items()},
            )
            for plan in source.plans
        )
        return replace(source, plans=plans)

    _with(monkeypatch, "polygon", generous)
    with pytest.raises(AssertionError):
        test_budgets.test_s14_what_is_declared_stays_within_what_the_vendor_documents("polygon")
