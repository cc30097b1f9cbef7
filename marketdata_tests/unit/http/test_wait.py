from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata_assets.sources.wait import reset_wait, retry_after, whole_number

NOW = datetime(2025, 11, 21, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        ("Fri, 21 Nov 2025 10:00:45 GMT", 45.0),
        ("Friday, 21-Nov-25 10:00:45 GMT", 45.0),
        ("Fri Nov 21 10:00:45 2025", 45.0),
        ("99999999999", 99999999999.0),
    ],
)
def test_a_wait_is_read_in_every_form_http_has(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "header", [None, "", "-5", "0", "soon", "nan", "inf", "-inf", "Fri, 21 Nov 2025 09:59:00 GMT", "Fri, 21 Nov 99999 00:00:00 GMT"]
)
def test_a_wait_that_makes_no_sense_is_no_wait(header: str | None) -> None:
    assert retry_after(header, NOW) is None


def test_a_reset_is_read_in_the_unit_the_vendor_is_known_to_use() -> None:
    at = int(NOW.timestamp()) + 20
    assert reset_wait(str(at), "epoch_s", NOW) == pytest.approx(20)
    assert reset_wait(str(at * 1000), "epoch_ms", NOW) == pytest.approx(20)
    assert reset_wait("20", "seconds", NOW) == 20
    assert reset_wait(str(at - 40), "epoch_s", NOW) is None
    assert reset_wait("later", "seconds", NOW) is None


def test_a_count_is_a_whole_number_or_nothing() -> None:
    assert [whole_number(v) for v in ("7", "7.9", "-1", "many", None, "nan")] == [7, 7, None, None, None, None]
