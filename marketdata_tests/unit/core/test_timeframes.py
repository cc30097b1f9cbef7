"""Bar lengths."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.core.timeframes import TIMEFRAMES, timeframe


@pytest.mark.parametrize("name", TIMEFRAMES)
def test_a_timeframe_answers_to_its_name(name: str) -> None:
    assert timeframe(name).name == str(timeframe(name)) == name


@pytest.mark.parametrize("name", TIMEFRAMES)
def test_the_name_states_the_duration(name: str) -> None:
    unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[name[-1]]
    assert timeframe(name).duration == int(name[:-1]) * unit


def test_daily_bars_lie_in_years_and_shorter_ones_in_months() -> None:
    assert {t.period for t in TIMEFRAMES.values() if t.intraday} == {PeriodKind.MONTH}
    assert timeframe("1d").period is PeriodKind.YEAR
    assert not timeframe("1d").intraday


def test_every_intraday_length_divides_the_day() -> None:
    assert all(timedelta(days=1) % t.duration == timedelta(0) for t in TIMEFRAMES.values())


@pytest.mark.parametrize("name", ["", "1D", "1M", "60m", "2h", "1d ", "day"])
def test_an_unknown_length_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        timeframe(name)
    assert "1d" in caught.value.remedy
    assert "1m" in caught.value.remedy
