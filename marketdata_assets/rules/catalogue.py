"""docs/rules.md, written from the rules themselves: `python -m marketdata_assets.rules.catalogue > docs/rules.md`."""

from __future__ import annotations

from marketdata_assets.rules.audit import REPAIRED
from marketdata_assets.rules.context import NEIGHBOUR_DAYS
from marketdata_assets.rules.registry import BY_NAME, RULES
from marketdata_assets.rules.rule import Action, Rule, Stage
from marketdata_assets.rules.thresholds import Thresholds

_DONE = {
    Action.QUARANTINE: "the row is kept out of validated bars and stands in quarantine with rule, reason and the row as it came",
    Action.FLAG: "the row is published with the rule's name in `quality_flags` and the rule's points off `quality_score`",
    Action.REPORT: "nothing happens to the data; the asset check says it",
    Action.BLOCK: "nothing of the frame is published, the run fails with the evidence and the previous version stays",
}
_LOOKS_AT = {
    Stage.FRAME: "the columns and types of the frame",
    Stage.ROW: "one row by itself",
    Stage.NEIGHBOURS: "a row and the sound ones before and after it in its series",
    Stage.SERIES: "all bars of a symbol from a source, or the same bars of several sources",
    Stage.PARTITION: "everything that passed, against what was expected",
}


def rules_page() -> str:
    """The page that documents every rule and every threshold, as Markdown."""
    parts = [
        _INTRODUCTION,
        *(_section(stage) for stage in Stage),
        _thresholds(),
    ]
    return "\n".join(parts)


_INTRODUCTION = f"""# Data-quality rules

Written from `marketdata_assets/rules` by `python -m marketdata_assets.rules.catalogue`; a test keeps it current.

A rule is a value with one expression (or one search over a series), used twice: what it finds is refused or flagged, and the same
rows are counted in the asset check, so the two cannot disagree. Raw and normalized bars keep everything that came.

| action | what happens |
|---|---|
{chr(10).join(f"| {action} | {words} |" for action, words in _DONE.items())}

An ERROR fails the asset check, a WARN passes it with a warning. A series is one symbol from one source. Rules that compare bars
consult the neighbours across a partition's borders: {NEIGHBOUR_DAYS.days} days either way, the whole series of daily bars; neighbours are
judged in their own partition only.

With `auto_fix: true` a row that only `high_below_body` or `low_above_body` refuses is published with high and low stretched over its four
prices, the flag `{REPAIRED}` and {BY_NAME["high_below_body"].weight:g} points off. Nothing else is ever repaired.
"""


def _section(stage: Stage) -> str:
    rows = "\n".join(_line(rule) for rule in RULES if rule.stage is stage)
    head = f"## Stage {stage}: {_LOOKS_AT[stage]}\n\n| rule | what is wrong | action | severity | points | thresholds | what to do |\n"
    return f"{head}|---|---|---|---|---|---|---|\n{rows}\n"


def _line(rule: Rule) -> str:
    points = f"{rule.weight:g}" if rule.action is Action.FLAG else ""
    thresholds = ", ".join(f"`{name}`" for name in rule.thresholds)
    return f"| `{rule.name}` | {rule.title} | {rule.action} | {rule.severity} | {points} | {thresholds} | {rule.remedy} |"


def _thresholds() -> str:
    """Every threshold with its default, as `rules: thresholds:` of marketdata.yaml takes it."""
    fields = Thresholds.model_fields.items()
    rows = "\n".join(f"| `{name}` | {'off' if f.default is None else f.default} | {f.description} |" for name, f in fields)
    return f"## Thresholds\n\nUnder `rules: thresholds:` in marketdata.yaml.\n\n| name | default | meaning |\n|---|---|---|\n{rows}\n"


if __name__ == "__main__":
    print(rules_page(), end="")
