"""What pages show: counts of a publication, a few rows as a table, a line as a picture, faults as evidence."""

from __future__ import annotations

import base64
from datetime import date, timedelta

import polars as pl
import pytest
from dagster import Failure, RetryRequested

from marketdata_assets.core.faults import AuditFault, ConflictFault
from marketdata_assets.defs.facts import Publication, first_and_last
from marketdata_assets.defs.plots import line_plot, preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published

A23, A24, B24 = PartitionKey("2023", "A"), PartitionKey("2024", "A"), PartitionKey("2024", "B")


def file(key: PartitionKey, rows: int, *, changed: bool) -> Published:
    return Published(key, f"t/{key.period}/{key.symbol}.parquet", "ab" * 32, rows, 1000, changed)


def test_a_publication_counts_new_restated_unchanged_and_empty_partitions() -> None:
    published = [file(A23, 5, changed=True), file(A24, 7, changed=True)]
    facts = Publication([A23, A24, B24], {A23}, published, [date(2023, 1, 3), date(2024, 5, 1)], 0.5).facts()
    assert facts["run partitions restated"] == facts["run partitions new"] == facts["run partitions no rows"] == 1
    assert (facts["run rows"], facts["run symbols"], facts["run bytes"]) == (12, 1, 2000)
    assert facts["run span"] == "2023-01-03 to 2024-05-01"


def test_a_partition_that_was_passed_over_is_unchanged() -> None:
    assert Publication([A23], {A23}, [], [], 0.1).by_partition()["2023|A"]["state"] == "unchanged"


def test_batches_are_told_as_one_publication() -> None:
    whole = Publication.together(
        [
            Publication([A23], set(), [file(A23, 5, changed=True)], [], 1.0),
            Publication([B24], {B24}, [file(B24, 2, changed=False)], [], 2.0),
        ]
    )
    assert {key: facts["state"] for key, facts in whole.by_partition().items()} == {"2023|A": "new", "2024|B": "unchanged"}
    assert whole.facts()["run seconds"] == 3.0


def test_first_and_last_day_of_no_rows_are_none() -> None:
    assert first_and_last(pl.DataFrame(schema={"session": pl.Date}), "session") == []


def test_a_preview_shows_the_last_rows_without_hashes_and_empty_columns() -> None:
    frame = pl.DataFrame({"symbol": ["A", "B", "C"], "close": [1.0, 2.5, 0.1], "vwap": [None] * 3, "payload_sha256": ["x"] * 3})
    assert preview(frame, 2).value == "| symbol | close |\n|---|---|\n| B | 2.5 |\n| C | 0.1 |"


def test_a_preview_survives_bars_and_line_breaks_in_a_text() -> None:
    assert preview(pl.DataFrame({"reason": ["a|b\nc"]})).value.splitlines()[2] == "| a\\|b c |"


def test_a_preview_of_nothing_says_so() -> None:
    assert preview(pl.DataFrame({"symbol": []})).value == "no rows"


def test_a_line_is_a_picture_within_a_few_kilobytes() -> None:
    days = [date(2000, 1, 1) + timedelta(days=n) for n in range(9000)]
    shown = str(line_plot(pl.DataFrame({"day": days, "close": [float(n % 700) for n in range(9000)]}), "close of <A&B>").value)
    svg = base64.b64decode(shown.split("base64,")[1].rstrip(")")).decode()
    assert svg.startswith("<svg ")
    assert "close of &lt;A&amp;B&gt;, 2000-01-01 to 2024-08-21" in svg
    assert len(shown) < 6000


def test_a_fault_fails_the_step_with_its_evidence() -> None:
    with pytest.raises(Failure) as caught, told():
        raise AuditFault("auditing A 2024", "too little came", "land the rest", rule="coverage")
    assert caught.value.description == "[audit] auditing A 2024: too little came. land the rest. (rule=coverage)"
    assert caught.value.metadata["evidence"].value == {"rule": "coverage"}
    assert not caught.value.allow_retries


def test_a_fault_that_may_pass_asks_for_another_try() -> None:
    with pytest.raises(RetryRequested), told():
        raise ConflictFault("publishing", "somebody else did", "try again")
