"""S10, S11, S15: adjustment is said, symbols come back as they went, and everything a user must know of a vendor is declared."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import TIMEFRAMES, timeframe
from marketdata_assets.reference import load_instruments
from marketdata_assets.sources.catalogue import sources_page
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_assets.sources.source import Source
from marketdata_tests.conformance.sources.recorded import ASKS_FOR_RAW, RAW_BY_NATURE

every_vendor = pytest.mark.parametrize("name", vendor_names())
EQUITIES = "us_equities"
PERIOD = Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
BERKSHIRE = ("BRK.B", "BRK-B", "BRK/B", "BRK B", "brk.b", "brk-b")


@pytest.fixture(scope="module")
def instruments(project: Path) -> Instruments:
    return load_instruments(project / "data" / "reference" / "instruments.csv")


def bars_of_stocks(source: Source) -> list[Dataset]:
    return [d for d in source.datasets if d.data is Data.BARS and d.asset_class == EQUITIES]


@every_vendor
def test_s10_raw_prices_are_asked_for_or_the_basis_says_that_there_are_none(name: str) -> None:
    source = vendor(name)
    for dataset in bars_of_stocks(source):
        if dataset.price_basis is not PriceBasis.RAW:
            continue
        if dataset.latest:
            continue
        for length in dataset.timeframes:
            question = Question(dataset.name, ("AAPL",), PERIOD, timeframe(length), source.chosen({}))
            for request in dataset.ask(question):
                url = request.url("https://vendor")
                wanted = next((text for path, text in ASKS_FOR_RAW.items() if path in url), None)
                assert wanted or any(path in url for path in RAW_BY_NATURE), f"{url}: nothing here says how it asks for raw prices"
                assert wanted is None or wanted in url


@every_vendor
def test_s10_the_basis_is_one_of_ours_and_crypto_is_raw(name: str) -> None:
    for dataset in vendor(name).datasets:
        assert isinstance(dataset.price_basis, PriceBasis)
        assert isinstance(dataset.volume_basis, PriceBasis)
        if dataset.asset_class == "crypto":
            assert dataset.price_basis is PriceBasis.RAW


@every_vendor
def test_s11_every_instrument_comes_back_under_its_own_name(name: str, instruments: Instruments) -> None:
    source = vendor(name)
    for asset_class, spelling in source.spellings.items():
        theirs = {symbol: spelling.theirs(symbol) for symbol in instruments.symbols(asset_class)}
        back = {symbol: instruments.resolve(name, text, asset_class) for symbol, text in theirs.items()}
        assert {symbol: found for symbol, found in back.items() if found != symbol} == {}
        assert len(set(theirs.values())) == len(theirs), "two instruments under one name"


@every_vendor
def test_s11_a_share_class_is_known_in_every_spelling(name: str, instruments: Instruments) -> None:
    if EQUITIES in vendor(name).spellings:
        assert {instruments.resolve(name, text, EQUITIES) for text in BERKSHIRE} == {"BRK.B"}


@every_vendor
def test_s11_every_dataset_has_a_spelling_for_its_asset_class(name: str) -> None:
    source = vendor(name)
    assert set(source.asset_classes) <= set(source.spellings)


@every_vendor
def test_s15_licence_documentation_and_plans_are_declared(name: str) -> None:
    source = vendor(name)
    assert source.name == name
    assert len(source.title) > 2
    assert source.docs.startswith("https://")
    assert len(source.licence) > 20
    assert len({plan.name for plan in source.plans}) == len(source.plans) >= 1
    assert all(plan.title and plan.monthly_fee >= 0 and plan.request_cost >= 0 for plan in source.plans)
    assert all(option.meaning for option in source.options.values())
    assert all(credential.meaning for credential in source.credentials)
    assert all(option.default in option.choices for option in source.options.values() if option.choices)
    assert all(len(text) > 10 for text in source.unverified)


@every_vendor
def test_s15_what_a_dataset_can_do_is_declared(name: str) -> None:
    source = vendor(name)
    for dataset in source.datasets:
        assert set(dataset.timeframes) <= set(TIMEFRAMES)
        assert bool(dataset.timeframes) == (dataset.data is Data.BARS), dataset.name
        assert dataset.rows >= 1
        assert dataset.symbols >= 0
        assert dataset.delay.total_seconds() >= 0
        assert dataset.history is None or dataset.history.total_seconds() > 0
        assert dataset.tape_of(source.chosen({}))
        assert set(dataset.plans) <= {plan.name for plan in source.plans}


@every_vendor
def test_s15_every_plan_is_complete(name: str) -> None:
    source = vendor(name)
    for plan in source.plans:
        budgets = {budget for api in source.apis_for(plan.name) for budget in api.budgets}
        assert set(plan.budgets) <= budgets
        assert set(source.chosen({}, plan.name)) == set(source.options)


def test_s15_the_page_of_sources_is_current(project: Path) -> None:
    page = (project / "docs" / "sources.md").read_text()
    assert page == sources_page(), "run: python -m marketdata_assets.sources.catalogue > docs/sources.md"


@every_vendor
def test_s15_the_page_tells_every_dataset_plan_option_and_doubt(name: str) -> None:
    source, page = vendor(name), sources_page()
    section = page.split(f"## {source.title}\n", 1)[1].split("\n## ", 1)[0]
    for told in (source.docs, source.licence, *source.unverified, *(c.variable for c in source.credentials), *source.options):
        assert told in section
    for dataset in source.datasets:
        assert f"| `{dataset.name}` |" in section
        assert dataset.unverified in section
    for plan in source.plans:
        assert f"| `{plan.name}` |" in section
