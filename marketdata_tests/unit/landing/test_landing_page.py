"""docs/landing.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from marketdata_assets.sources.landing.document import PARTS, refreshed
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.presets import PRESETS

REFRESH = "run `python -m marketdata_tests.unit.landing.refresh_landing_page`"


def test_the_generated_parts_of_the_page_are_up_to_date(project: Path) -> None:
    page = (project / "docs" / "landing.md").read_text(encoding="utf-8")
    assert [name for name in PARTS if f"<!-- part: {name} -->" not in page] == []
    assert refreshed(page) == page, REFRESH


def test_every_preset_stands_in_the_page(project: Path) -> None:
    page = (project / "docs" / "landing.md").read_text(encoding="utf-8")
    assert [name for name in PRESETS if name != "generic" and f"### `{name}`" not in page] == []


def test_the_examples_of_the_page_are_valid_settings(project: Path) -> None:
    page = (project / "docs" / "landing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    setting = TypeAdapter(str | LandingFormat)
    for name, source in yaml.safe_load(example)["sources"].items():
        chosen = setting.validate_python(source["format"])
        assert chosen in PRESETS if isinstance(chosen, str) else chosen, name
