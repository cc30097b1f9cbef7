"""Asset checks: planted defects are found by the rule that is meant to, with counts and samples, in runs and as a scrub."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckSeverity

from marketdata_assets.core import clock
from marketdata_assets.defs.checks import JUDGED
from marketdata_assets.pipeline import bars as pipeline_bars
from marketdata_assets.schemas.audit import QUARANTINE
from marketdata_tests.graph.world import QUIET, RECEIVED, SYMBOLS, World, checks, clean_files, closes, make_world, sessions
from marketdata_tests.support.tiingo import tiingo_csv


def defective(symbol: str) -> bytes:
    """Two years with a negative price, a high below the low, and three sessions missing, all in 2024."""
    days = closes(base=400.0)
    for gone in sessions(date(2024, 5, 6), date(2024, 5, 9)):
        del days[gone]
    text = tiingo_csv(symbol, days | {date(2024, 3, 4): -7.0}).decode()
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if f",{date(2024, 6, 3)} " in line)
    cells = lines[at].split(",")
    cells[3], cells[4] = cells[4], cells[3]
    return "\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :], ""]).encode()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, Any]]:
    """A world with one defective symbol of three, and the check results of the run that made it."""
    world = make_world(tmp_path_factory.mktemp("checks"), clean_files() | {"BBB.csv": defective("BBB")})
    return world, checks(world.run("2023|AAA", "2024|CCC"))


def test_every_rule_reports_on_every_run(found: tuple[World, dict[str, Any]]) -> None:
    _, results = found
    assert {rule.name for rule in JUDGED} <= set(results)


def test_a_planted_defect_fails_its_rule_with_counts_by_partition_and_a_sample(found: tuple[World, dict[str, Any]]) -> None:
    _, results = found
    negative = results["price_not_positive"]
    assert not negative.passed
    assert negative.severity is AssetCheckSeverity.ERROR
    assert negative.metadata["found"].value == 1
    assert negative.metadata["by partition"].value == {"2024|BBB": 1}
    assert "2024-03-04" in negative.metadata["samples"].value
    assert "BBB" in negative.metadata["samples"].value


def test_a_gap_is_a_warning_that_counts_its_sessions(found: tuple[World, dict[str, Any]]) -> None:
    _, results = found
    gap = results["missing_sessions"]
    assert (gap.passed, gap.severity) == (False, AssetCheckSeverity.WARN)
    assert gap.metadata["found"].value == 3
    assert "2024-05-06..2024-05-08" in gap.metadata["samples"].value


def test_rules_that_found_nothing_pass(found: tuple[World, dict[str, Any]]) -> None:
    _, results = found
    assert results["volume_negative"].passed
    assert results["volume_negative"].description == "nothing found in 6 partitions"


def test_bad_rows_are_in_quarantine_and_coverage_adds_up(found: tuple[World, dict[str, Any]]) -> None:
    world, results = found
    refused = world.platform.opened.lake.scan("us_equities/quarantine_1d", QUARANTINE).collect()
    assert set(refused["symbol"]) == {"BBB"}
    assert {date(2024, 3, 4), date(2024, 6, 3)} == set(refused["filed_under"])
    total = results["coverage_adds_up"]
    assert total.passed
    told = {name: total.metadata[name].value for name in ("expected", "received", "quarantined", "missing")}
    assert told == {"expected": 3 * 502, "received": 3 * 502 - 5, "quarantined": 2, "missing": 3}


def test_the_checks_of_a_run_do_not_audit_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)))
    audits: list[int] = []
    honest = pipeline_bars.audit
    monkeypatch.setattr(pipeline_bars, "audit", lambda rows, context: audits.append(rows.height) or honest(rows, context))
    world.run("2024|AAA")
    assert audits == [252]


def test_checks_alone_judge_everything_that_is_stored(found: tuple[World, dict[str, Any]]) -> None:
    world, results = found
    scrub = world.rebuilt()
    job = scrub.definitions.resolve_implicit_global_asset_job_def()
    rule = next(check for check in job.asset_layer.asset_graph.asset_check_keys if check.name == "price_not_positive")
    alone = job.get_subset(asset_selection=set(), asset_check_selection={rule})
    with clock.frozen(RECEIVED):
        again = checks(alone.execute_in_process(instance=world.instance, run_config=QUIET))
    assert again["price_not_positive"].metadata["by partition"].value == {"2024|BBB": 1}
    assert again["price_not_positive"].metadata["partitions judged"].value == len(SYMBOLS) * 2
    assert again["price_not_positive"].description == results["price_not_positive"].description


def test_old_bars_are_late_and_new_ones_are_not(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA", "BBB")))
    assert checks(world.run("2024|AAA", "2024|BBB"))["freshness"].passed
    late = checks(world.run("2023|AAA", at=RECEIVED.replace(month=2)))["freshness"]
    assert (late.passed, late.description) == (False, "2 symbols are late")
    assert "newest bar 2024-12-31" in late.metadata["late"].value


def test_a_refused_file_is_told_by_the_check_of_its_inventory(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)))
    page = world.land("oops.csv", b"<html>404</html>")
    told = checks(world.run("2024|AAA"))["landing_files_readable"]
    assert not told.passed
    assert "oops.csv" in told.metadata["refused"].value
    page.unlink()
    assert checks(world.run("2024|AAA"))["landing_files_readable"].passed


def test_findings_of_no_symbol_are_counted_under_their_period(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)) | {"BBB.csv": defective("BBB")})
    absent = checks(world.run("2024|AAA", "2024|BBB"))["coverage_symbols"]
    assert absent.metadata["by partition"].value == {"2024": 5}


def test_a_clean_run_of_one_partition_does_not_hide_what_stands_in_others(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)) | {"BBB.csv": defective("BBB")})
    world.run("2023|AAA", "2024|BBB")
    alone = checks(world.run("2024|AAA"))["price_not_positive"]
    assert not alone.passed
    assert alone.description == "nothing found in 1 partition; 1 found earlier in 1 partition not judged now, e.g. 2024|BBB"
    assert (alone.metadata["found"].value, alone.metadata["standing elsewhere"].value) == (0, 1)
    assert alone.metadata["by partition"].value == {"2024|BBB": 1}


def test_what_stands_elsewhere_is_cleared_by_judging_it_again(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)) | {"BBB.csv": defective("BBB")})
    world.run("2024|AAA", "2024|BBB")
    world.land("BBB.csv", tiingo_csv("BBB", closes(base=400.0)))
    corrected = checks(world.run("2024|BBB", at=RECEIVED + timedelta(days=1)))
    assert corrected["price_not_positive"].passed
    period = corrected["missing_sessions"], corrected["coverage_symbols"]
    assert [check.passed for check in period] == [True, False]
    assert checks(world.run("2024|AAA", "2024|BBB", at=RECEIVED + timedelta(days=1)))["coverage_symbols"].passed
