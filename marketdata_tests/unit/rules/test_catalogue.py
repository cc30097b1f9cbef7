from __future__ import annotations

from pathlib import Path

from marketdata_assets.rules.catalogue import rules_page
from marketdata_assets.rules.registry import RULES
from marketdata_assets.rules.rule import Action, Stage
from marketdata_assets.rules.thresholds import Thresholds


def test_the_page_of_rules_is_current(project: Path) -> None:
    page = (project / "docs" / "rules.md").read_text()
    assert page == rules_page(), "run: python -m marketdata_assets.rules.catalogue > docs/rules.md"


def test_every_rule_is_told_apart_explained_and_names_thresholds_that_exist() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.remedy
        assert set(rule.thresholds) <= set(Thresholds.model_fields)
        ways = (rule.bad is not None, rule.find is not None, rule.verify is not None)
        assert sum(ways) == 1, f"{rule.name} has one way of finding its cases"
        assert (rule.reason is not None) == (rule.stage in (Stage.ROW, Stage.NEIGHBOURS))
        assert rule.weight == 0 or rule.action is Action.FLAG or rule.repairable


def test_every_threshold_belongs_to_a_rule_and_has_a_meaning() -> None:
    used = {name for rule in RULES for name in rule.thresholds}
    assert used == set(Thresholds.model_fields)
    assert all(field.description for field in Thresholds.model_fields.values())
