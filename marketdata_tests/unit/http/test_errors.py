from __future__ import annotations

import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.errors import NotFound, SchemaChanged, reading
from marketdata_assets.sources.usage import Usage


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    close: float


@pytest.mark.parametrize(
    ("row", "complaint"),
    [({"close": "1.5"}, "close: Input should be a valid number"), ({"Close": 1.5}, "close: Field required"), ({}, "Field required")],
)
def test_a_row_that_its_model_does_not_know_is_a_changed_schema(row: dict[str, object], complaint: str) -> None:
    with pytest.raises(SchemaChanged, match=complaint) as caught, reading("bars", source="toy"):
        Row.model_validate(row)
    assert caught.value.context == {"source": "toy"}
    assert isinstance(caught.value, PayloadFault)
    assert caught.value.__suppress_context__, "one fault, not a chain of tracebacks"


def test_a_column_that_is_missing_or_of_another_type_is_a_changed_schema() -> None:
    for broken in (lambda: pl.DataFrame({"c": ["x"]}).select(pl.col("close")), lambda: pl.DataFrame({"c": ["x"]}).cast({"c": pl.Float64})):
        with pytest.raises(SchemaChanged), reading("bars"):
            broken()


def test_an_instant_that_no_calendar_holds_is_a_changed_schema() -> None:
    far = pl.Series([1_700_000_000_000]).cast(pl.Int64) * 1_000_000
    with pytest.raises(SchemaChanged, match="out of range"), reading("bars"):
        _ = far.cast(pl.Datetime("us"))[0]


def test_what_is_a_fault_already_stays_what_it_is_and_a_bug_stays_a_bug() -> None:
    with pytest.raises(NotFound), reading("bars"):
        raise NotFound("asking toy", "no such symbol")
    with pytest.raises(ZeroDivisionError), reading("bars"):
        _ = 1 / 0


def test_usage_is_counted_by_endpoint() -> None:
    usage = Usage()
    for endpoint, cost in (("bars", 2), ("trades", 25), ("bars", 2)):
        usage.sent(endpoint, cost)
    usage.received("bars", 1_000)
    assert {name: (t.requests, t.cost, t.wire_bytes) for name, t in usage.by_endpoint().items()} == {
        "bars": (2, 4, 1_000),
        "trades": (1, 25, 0),
    }
