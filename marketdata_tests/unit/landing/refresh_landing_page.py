"""Writes the generated parts of docs/landing.md anew: `python -m marketdata_tests.unit.landing.refresh_landing_page`."""

from __future__ import annotations

from marketdata_assets.sources.landing.document import refreshed
from marketdata_tests.conftest import PROJECT

PAGE = PROJECT / "docs" / "landing.md"

if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
