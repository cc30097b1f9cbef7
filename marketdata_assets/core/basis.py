"""What a price or a volume was multiplied by before it reached us."""

from __future__ import annotations

from enum import StrEnum


class PriceBasis(StrEnum):
    """The convention a vendor's series follows; prices and volumes each have one.

    Only `RAW` (as traded) is ever stored as a fact of a validated bar; the others serve for comparison.
    """

    RAW = "raw"
    SPLIT_ADJUSTED = "split_adjusted"
    SPLIT_DIVIDEND_ADJUSTED = "split_dividend_adjusted"
