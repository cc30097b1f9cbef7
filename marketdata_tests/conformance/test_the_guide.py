"""CONTRIBUTING.md, "Add a source", taken at its word: its files are written, held to the numbered suite, and asked over the network."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from marketdata_assets.core import clock
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources import vendors
from marketdata_assets.sources.catalogue import sources_page
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_tests.conformance.sources import (
    recorded,
    test_answers,
    test_budgets,
    test_errors,
    test_pages,
    test_secrets,
    test_terms,
    test_windows,
)
from marketdata_tests.conformance.sources.case import Recorded, Told, Wire
from marketdata_tests.conformance.sources.containers import ListAt
from marketdata_tests.conformance.sources.instants import session, since_1970
from marketdata_tests.conformance.sources.told_errors import ToldError
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback, Reply
from marketdata_tests.support.platforms import opened, write_config

NAME = "acme"
ROOM = "marketdata_assets/sources/vendors/"
SUITE = "marketdata_tests/conformance/sources/recorded.py"


@pytest.fixture(scope="module")
def guide() -> dict[str, str]:
    """The code blocks of the section by the file that they name first, and the answer and the settings by their language."""
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    section = page.split("## Add a source", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```(\w+)\n(?:# (\S+\.py)\n)?(.*?)```", section, re.DOTALL)
    return {path or language: text for language, path, text in blocks}


@pytest.fixture
def acme(guide: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Acme among the vendors while a test lasts, and what the guide says of it to the suite."""
    for path, text in guide.items():
        if path.startswith(ROOM):
            file = tmp_path / path.removeprefix(ROOM)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    answer = tmp_path / "fixtures" / NAME / "candles.json"
    answer.parent.mkdir(parents=True)
    answer.write_text(guide["json"])
    monkeypatch.setattr(vendors, "__path__", [*vendors.__path__, str(tmp_path)])
    vendor.cache_clear()
    said: dict[str, Any] = {"Any": Any, "Recorded": Recorded, "Told": Told, "Wire": Wire, "ListAt": ListAt, "session": session}
    said |= {"since_1970": since_1970, "ToldError": ToldError}
    said |= {"RateLimited": RateLimited, "NotFound": NotFound, "BadCredentials": BadCredentials}
    exec(compile(guide[SUITE], SUITE, "exec"), said)
    for name in ("ASKS_FOR_RAW", "DOCUMENTED_LIMITS"):
        for key, value in said[name].items():
            monkeypatch.setitem(getattr(recorded, name), key, value)
    yield said
    vendor.cache_clear()
    for module in [m for m in sys.modules if m.startswith(f"{vendors.__name__}.{NAME}")]:
        del sys.modules[module]


def test_the_guide_writes_a_vendor_of_four_files_that_pass_the_linter(guide: dict[str, str], project: Path) -> None:
    files = [path for path in guide if path.startswith(ROOM)]
    assert [Path(path).name for path in files] == ["api.py", "rows.py", "bars.py", "__init__.py"]
    for path in files:
        # the linter sorts a module that is not there among the strangers
        as_if = ["--no-cache", "--stdin-filename", str(project / path), "-"]
        for order in (["check", "--ignore", "I001"], ["format", "--check"]):
            line = [sys.executable, "-m", "ruff", *order, *as_if]
            ran = subprocess.run(line, input=guide[path], capture_output=True, text=True, cwd=project, check=False)
            assert ran.returncode == 0, f"{path}: {ran.stdout}"


@pytest.mark.filterwarnings("ignore:Series.values")
def test_the_guides_vendor_passes_the_numbered_suite(acme: dict[str, Any], tmp_path: Path, project: Path) -> None:
    (answer,) = acme["RECORDED"]
    for check in (
        test_answers.test_s01_a_recorded_answer_is_read_whole,
        test_answers.test_s01_the_lines_of_an_answer_are_counted_from_one,
        test_windows.test_s02_a_row_at_the_start_of_the_window_stays_and_one_at_its_end_goes,
        test_windows.test_s02_bars_outside_the_window_are_refused_unless_they_are_the_vendors_habit,
        test_pages.test_s03_what_comes_over_http_is_what_the_file_holds,
        test_pages.test_s03_pages_make_up_the_whole_answer,
        test_pages.test_s04_a_cursor_that_does_not_move_is_an_error_soon,
        test_answers.test_s05_every_instant_is_utc_in_microseconds,
        test_answers.test_s05_bars_lie_on_the_grid_of_their_length,
        test_answers.test_s05_daily_bars_of_stocks_stand_on_sessions_of_the_exchange,
        test_windows.test_s06_the_bar_still_forming_is_absent,
        test_windows.test_s07_an_answer_whose_rows_are_taken_out_is_empty,
        test_windows.test_s07_over_http_an_empty_answer_is_empty_as_well,
        test_windows.test_s12_the_order_of_the_rows_of_a_page_means_nothing,
        test_windows.test_s12_the_same_answer_gives_the_same_rows_in_the_same_order,
        test_answers.test_s13_every_number_is_the_double_nearest_to_its_text,
    ):
        check(answer, tmp_path)
    for error in acme["ERRORS"]:
        test_errors.test_s08_a_documented_error_is_the_right_fault(error, tmp_path)
    for told in (
        test_terms.test_s10_raw_prices_are_asked_for_or_the_basis_says_that_there_are_none,
        test_terms.test_s10_the_basis_is_one_of_ours_and_crypto_is_raw,
        test_terms.test_s11_every_dataset_has_a_spelling_for_its_asset_class,
        test_budgets.test_s14_no_window_of_a_budget_is_ever_overdrawn,
        test_budgets.test_s14_what_is_declared_stays_within_what_the_vendor_documents,
        test_terms.test_s15_licence_documentation_and_plans_are_declared,
        test_terms.test_s15_what_a_dataset_can_do_is_declared,
        test_terms.test_s15_every_plan_is_complete,
        test_terms.test_s15_the_page_tells_every_dataset_plan_option_and_doubt,
        test_secrets.test_s09_every_needed_credential_is_sent_as_a_template_and_none_stands_in_the_code,
    ):
        told(NAME)


@pytest.mark.parametrize("kind", test_secrets.ANSWERS)
def test_the_guides_vendor_keeps_its_key(
    kind: str, acme: dict[str, Any], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    test_secrets.test_s09_no_key_of_a_vendor_leaves_a_trace(NAME, kind, caplog, capfd)


def test_the_guides_vendor_stands_in_the_page_of_sources(acme: dict[str, Any]) -> None:
    assert NAME in vendor_names()
    assert "## Acme Data\n" in sources_page()


def test_the_guides_vendor_is_fetched_and_published(
    acme: dict[str, Any], guide: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "canary-0123456789")
    source = yaml.safe_load(guide["yaml"])["sources"][NAME]
    (tmp_path / "instruments.csv").write_text(
        "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\nBRK.B,us_equities,XNYS,USD,,2024-03-04,2024-03-06,\n"
    )
    key = PartitionKey("2024", "BRK.B")
    with in_thread(Loopback()) as server:
        server.on("/v1/candles", Reply(guide["json"].encode()))
        write_config(tmp_path, "us_equities", {NAME: {**source, "base_url": server.url}}, start=datetime(2024, 1, 1, tzinfo=UTC).date())
        platform = opened(tmp_path, discovered=False)
        with clock.frozen(datetime(2024, 3, 9, tzinfo=UTC)):
            fetch(platform, NAME, "1d", [key])
            publish_raw(platform, NAME, "1d", [key], arrived(platform, NAME, "1d", [key]))
        (asked,) = server.asked
    assert asked.query["symbol"] == "BRK-B"
    assert asked.headers["X-Api-Key"] == "canary-0123456789"
    bars = platform.lake.scan(platform.path(RAW_BARS, "us_equities", "1d", NAME), RAW_BARS).collect()
    assert bars.select("symbol", "timestamp", "close", "volume").rows() == [
        ("BRK.B", datetime(2024, 3, 4, tzinfo=UTC), 407.75, 3_120_500.0),
        ("BRK.B", datetime(2024, 3, 5, tzinfo=UTC), 406.05, 2_876_100.0),
    ]
