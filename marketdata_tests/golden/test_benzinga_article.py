"""A Benzinga article recorded where another vendor passes it on: the same words in another shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.benzinga import SOURCE

pytestmark = pytest.mark.realdata
AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Question("news", ("GOOGL",), Window(datetime(2021, 4, 1, tzinfo=UTC), datetime(2021, 5, 1, tzinfo=UTC)))


def test_a_recorded_article_is_refused_as_passed_on_and_read_in_the_direct_shape(shared: Path) -> None:
    passed_on = json.loads((shared / "fixtures/benzinga/news_via_alpaca__item.json").read_bytes())
    with pytest.raises(SchemaChanged):
        page_rows(SOURCE.dataset("news"), ASKED, [passed_on], AT, "0" * 64)
    created, updated = (format_datetime(datetime.fromisoformat(passed_on[name])) for name in ("created_at", "updated_at"))
    direct = {
        **{name: passed_on[name] for name in ("id", "author", "url")},
        "title": passed_on["headline"],
        "teaser": passed_on["summary"],
        "created": created,
        "updated": updated,
        "stocks": [{"name": symbol} for symbol in passed_on["symbols"]],
    }
    (row,) = page_rows(SOURCE.dataset("news"), ASKED, [direct], AT, "0" * 64).to_dicts()
    assert (row["article_id"], row["headline"], row["author"]) == ("20472678", "CEO John Krafcik Leaves Waymo", "Bibhu Pattnaik")
    assert row["published_at"] == row["updated_at"] == datetime(2021, 4, 3, 15, 35, 21, tzinfo=UTC)
    assert (row["vendor_symbol"], row["symbols"]) == ("GOOGL", "GOOG,GOOGL,TSLA")
    assert row["url"] == passed_on["url"]
