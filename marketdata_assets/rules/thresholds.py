"""From where on something is wrong: every number a rule compares with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Thresholds(BaseModel):
    """The figures of the quality rules; each has a default that the documents explain, unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jump_fraction: float = Field(0.5, gt=0, description="a close further than this fraction from the previous one is a jump")
    jump_sessions: int = Field(
        5, ge=1, le=5, description="bars more sessions apart than this are not compared: the gap is reported instead"
    )
    spike_fraction: float = Field(0.3, gt=0, description="a close further than this fraction from both neighbours is a bad tick")
    spike_return: float = Field(0.03, gt=0, description="the bar after a bad tick is back within this fraction of the bar before it")
    off_scale_factor: float = Field(
        10.0, ge=2, description="a lone close this many times larger or smaller than its neighbours is off scale"
    )
    stale_bars: int = Field(2, ge=2, description="so many identical bars in a row are a stale repeat when high and low differ")
    stale_flat_bars: int = Field(3, ge=2, description="so many identical bars in a row are a stale repeat when high equals low")
    frozen_bars: int = Field(3, ge=2, description="so many identical bars in a row, high above low, are a frozen feed and refused")
    gap_minutes: int = Field(
        10, ge=1, description="bars of one session that start so many minutes apart, with none between, are a gap; intraday"
    )
    freshness_sessions: int = Field(3, ge=1, description="a symbol whose newest bar is more closed sessions old than this is late")
    shift_bars: int = Field(20, ge=5, description="a daily series needs so many bars before its days are judged as a whole")
    shift_share: float = Field(
        0.98, gt=0.5, le=1, description="a daily series is shifted when moving it makes this share of its days sessions"
    )
    shift_sessions: int = Field(5, ge=2, le=5, description="so many sessions in a row displaced by an hour are a shift, intraday")
    identical_bars: int = Field(20, ge=3, description="so many equal closes under two symbols of one source are one series sold twice")
    basis_ratio: float = Field(1.2, gt=1, description="split ratios nearer to 1 than this (or its inverse) are no evidence of a basis")
    basis_bars: int = Field(20, ge=5, description="a constant factor between two sources counts from so many bars on")
    coverage_block: float | None = Field(
        None, gt=0, le=1, description="publish nothing when a smaller share of the expected symbol sessions came; off when null"
    )
