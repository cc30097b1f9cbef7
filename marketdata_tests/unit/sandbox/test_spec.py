"""What may be simulated."""

from __future__ import annotations

from datetime import date

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sandbox.spec import Spec


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": date(2024, 8, 1)},
        {"end": date(2023, 6, 1)},
        {"crypto_start": date(2022, 1, 1)},
        {"crypto_start": date(2025, 6, 1)},
        {"extra_equities": -1},
        {"extra_equities": 1_000},
        {"minute_months": 13},
    ],
)
def test_what_the_story_has_no_room_for_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigFault, match="simulating a market"):
        Spec(**wrong)  # type: ignore[arg-type]


def test_deliveries_arrive_in_order_after_new_york_has_closed() -> None:
    spec = Spec()
    assert spec.history_received < spec.update_received
    assert spec.history_received.hour == 21
