"""Every rule finds the defect planted for it, exactly as often as it was planted, and says nothing of clean bars."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.rules.audit import audit
from marketdata_assets.rules.registry import BY_NAME, RULES
from marketdata_assets.rules.report import FINDINGS_SCHEMA, summary
from marketdata_assets.rules.rule import Action, Stage
from marketdata_assets.schemas.audit import QUARANTINE
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_tests.support.planted_defects import PLANTED, clean_daily, clean_minutes

JUDGED = [rule for rule in RULES if rule.stage is not Stage.FRAME]


def test_every_rule_has_a_planted_defect() -> None:
    assert set(PLANTED) == {rule.name for rule in JUDGED}


@pytest.mark.parametrize("clean", [clean_daily, clean_minutes])
def test_clean_bars_pass_every_rule_untouched(clean) -> None:
    planted = clean()
    verdict = audit(planted.frame, planted.context)
    assert verdict.findings.to_dicts() == []
    assert verdict.quarantine.height == 0
    assert verdict.kept.drop("flags", "penalty").equals(planted.frame)
    assert set(verdict.unjudged) <= {"freshness"}
    verdict.require_publishable()


@pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.name)
def test_the_planted_defect_is_found_as_often_as_it_was_planted(rule) -> None:
    planted = PLANTED[rule.name]()
    verdict = audit(planted.frame, planted.context)
    found = verdict.findings.filter(pl.col("rule") == rule.name)
    assert found["n"].sum() == planted.n
    assert set(found["severity"]) == {rule.severity.value}
    assert all(case["reason"] for sample in found["sample"] for case in json.loads(sample))


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.action is Action.QUARANTINE], ids=lambda rule: rule.name)
def test_what_a_refusing_rule_reports_is_what_lies_in_quarantine(rule) -> None:
    planted = PLANTED[rule.name]()
    verdict = audit(planted.frame, planted.context)
    assert verdict.quarantine.filter(pl.col("rule") == rule.name).height == planted.n
    assert set(verdict.quarantine["rule"]) <= set(BY_NAME)


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.action is Action.FLAG], ids=lambda rule: rule.name)
def test_what_a_flagging_rule_reports_is_flagged_and_costs_its_points(rule) -> None:
    planted = PLANTED[rule.name]()
    flagged = audit(planted.frame, planted.context).kept.filter(pl.col("flags").list.contains(rule.name))
    assert flagged.height == planted.n
    assert (flagged["penalty"] >= rule.weight).all()
    assert rule.weight > 0


@pytest.mark.parametrize("rule", [r for r in JUDGED if r.action is Action.BLOCK], ids=lambda rule: rule.name)
def test_a_blocking_rule_stops_the_publish_with_evidence_and_remedy(rule) -> None:
    planted = PLANTED[rule.name]()
    verdict = audit(planted.frame, planted.context)
    with pytest.raises(AuditFault) as fault:
        verdict.require_publishable()
    assert rule.name in fault.value.found
    assert fault.value.remedy == rule.remedy


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_every_judged_row_is_kept_or_quarantined_and_the_tables_obey_their_models(name) -> None:
    planted = PLANTED[name]()
    verdict = audit(planted.frame, planted.context)
    refused = verdict.quarantine.select("symbol", "source", "payload_sha256", "line").unique()
    assert verdict.kept.height + refused.height == planted.frame.height
    QUARANTINE.validate(verdict.quarantine)
    NORMALIZED_BARS.validate(verdict.kept.drop("flags", "penalty"))
    assert verdict.findings.schema == FINDINGS_SCHEMA


@pytest.mark.parametrize("name", sorted(set(PLANTED) - {"coverage_symbols", "coverage_below_threshold", "freshness"}))
def test_defects_of_neighbours_are_reported_where_those_are_judged_and_not_here(name) -> None:
    planted = PLANTED[name]()
    after = planted.frame["session"].max() + timedelta(days=1)
    context = replace(planted.context, neighbours=planted.frame, window=(after, after + timedelta(days=1)))
    assert audit(planted.frame.clear(), context).findings.to_dicts() == []


def test_a_frame_with_other_columns_is_refused_before_any_rule_looks_at_it() -> None:
    planted = clean_daily()
    for wrong in (
        planted.frame.drop("volume"),
        planted.frame.with_columns(pl.col("close").cast(pl.String)),
        planted.frame.with_columns(mood=pl.lit("fine")),
    ):
        with pytest.raises(AuditFault, match="schema"):
            audit(wrong, planted.context)


def test_the_summary_has_a_line_for_every_rule_found_something_or_not() -> None:
    planted = PLANTED["zero_volume"]()
    lines = summary(audit(planted.frame, planted.context).findings)
    assert lines["rule"].to_list() == [rule.name for rule in RULES]
    assert lines.filter(pl.col("n") > 0).select("rule", "n", "series").rows() == [("zero_volume", 1, 1)]


def test_a_rule_that_lacks_what_it_needs_says_so_instead_of_passing() -> None:
    planted = PLANTED["zero_volume"]()
    unjudged = audit(planted.frame, planted.context).unjudged
    assert unjudged["freshness"] == "not judged without symbols, as_of"
    assert unjudged["coverage_symbols"] == "not judged without symbols"


def test_an_empty_frame_is_no_defect() -> None:
    planted = clean_daily()
    verdict = audit(planted.frame.clear(), planted.context)
    assert (verdict.kept.height, verdict.quarantine.height) == (0, 0)
