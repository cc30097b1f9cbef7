"""Every figure of the split detector and of the arbiter, with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

FORWARD_RATIOS: Mapping[float, float] = MappingProxyType(
    {
        2.0: 0.65,
        3 / 2: 0.12,
        3.0: 0.05,
        4.0: 0.03,
        4 / 3: 0.03,
        5.0: 0.02,
        5 / 4: 0.01,
        7.0: 0.01,
        8.0: 0.005,
        10.0: 0.01,
        15.0: 0.003,
        20.0: 0.01,
        25.0: 0.002,
        50.0: 0.002,
    }
)
"""Ratio (new shares / old shares) of a split, and its share among all splits: most are 2 for 1, 3 for 2 comes next, the rest is rare."""

REVERSE_RATIOS: Mapping[float, float] = MappingProxyType(
    {
        1 / 2: 0.01,
        1 / 3: 0.01,
        1 / 4: 0.007,
        1 / 5: 0.01,
        1 / 7: 0.003,
        1 / 8: 0.005,
        1 / 10: 0.02,
        1 / 15: 0.005,
        1 / 20: 0.01,
        1 / 25: 0.005,
        1 / 50: 0.003,
        2 / 3: 0.001,
        3 / 4: 0.0005,
        4 / 5: 0.0005,
    }
)
"""The same for reverse splits."""


class SplitParameters(BaseModel):
    """How likely each explanation of a jump is beforehand, how it scatters, and from what confidence on the platform acts.

    Rates are per symbol and session. Scales are natural logarithms unless they say otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_gap: float = Field(0.14, gt=0, description="an open nearer to the previous close than this is no candidate")
    reach: float = Field(0.12, gt=0, description="a ratio further than this from the overnight one is not considered")
    market_symbols: int = Field(10, ge=1, description="the market's move is the median over the symbols of a session, from so many on")
    history: int = Field(60, ge=20, description="bars before the day from which a symbol's usual moves are measured")
    least_history: int = Field(10, ge=3, description="fewer bars before the day, and nothing is said about it")
    volume_bars: int = Field(20, ge=5, description="bars before the day whose median is the usual volume")
    level_bars: int = Field(5, ge=3, description="bars before the day whose median close is the old level")
    window: int = Field(5, ge=3, description="bars after the day that must be there until a verdict without a report is final")

    split_rate: float = Field(2e-4, gt=0, description="splits: one in twenty years and symbol")
    distribution_rate: float = Field(5e-5, gt=0, description="spin-offs and special dividends that show in the price")
    combined_share: float = Field(0.15, ge=0, lt=1, description="share of reverse splits that come with a distribution on the same day")
    tick_rate: float = Field(1e-4, gt=0, description="bars whose price is wrong by a factor")
    distribution_size: float = Field(0.35, gt=0, description="mean size of a distribution")
    tick_size: float = Field(1.5, gt=0, description="mean size of an error by a factor, either way")

    print_noise: float = Field(0.003, gt=0, description="a first price is off by so much, however calm the symbol")
    half_tick: float = Field(0.005, ge=0, description="prices are rounded to this, either way, currency")
    premium_share: float = Field(0.4, ge=0, lt=1, description="share of forward splits whose ex-date begins with a rise of its own")
    premium: float = Field(0.02, gt=0, description="mean size of that rise")
    turnover_spread: float = Field(0.35, gt=0, description="of a volume around the usual one, beside the symbol's own scatter")
    miscounted: float = Field(0.5, ge=0, lt=1, description="share of ex-dates whose volume the vendor counts as if before the split")
    news_turnover: float = Field(2.0, description="news that moves a price so far multiplies the day's volume by e to this")
    distribution_turnover: float = Field(0.7, description="the same of a distribution's ex-date")
    news_range: float = Field(3.0, gt=1, description="after news the day moves on by so many times the usual")
    level_spread: float = Field(3.0, gt=0, description="of the level over the window, in usual daily moves")
    calm: float = Field(0.012, gt=0, description="daily move assumed at least where levels are compared")
    cheap: float = Field(25.0, gt=0, description="few companies split a share cheaper than this or merge shares dearer than it, currency")
    cheap_power: float = Field(3.0, gt=0, description="how sharply: odds fall with this power of the price")

    report_rate: float = Field(0.9, gt=0, lt=1, description="share of reports that are true, before looking at the price")
    detect_at: float = Field(0.5, gt=0, lt=1, description="confidence from which a jump without a report is reported as a split")
    apply_at: float = Field(0.99, gt=0, le=1, description="confidence from which it is applied without a report; below, it is proposed")
    confirm_at: float = Field(0.5, gt=0, lt=1, description="confidence from which the price confirms a reported split")
    same_ratio: float = Field(1e-3, gt=0, description="reported ratios nearer to each other than this, relative, are the same")
    late_sessions: int = Field(10, ge=1, description="a report so many sessions after the jump is the same split, late")
    blind_gap: int = Field(250, ge=1, description="so many missing sessions may hide a split whatever the price did")
    gap_jump: float = Field(0.18, gt=0, description="a jump of this size across missing sessions may hide a split")


DEFAULTS = SplitParameters()
