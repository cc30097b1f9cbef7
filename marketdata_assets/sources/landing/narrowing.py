"""Which of several formats that fit a file it is in, by path, bar spacing and number style."""

from __future__ import annotations

import re

import polars as pl

from marketdata_assets.sources.landing.delimited import read_delimited
from marketdata_assets.sources.landing.format import PRICES, LandingFormat
from marketdata_assets.sources.landing.limits import LIMITS
from marketdata_assets.sources.landing.names import facts
from marketdata_assets.sources.landing.numbers import read_numbers
from marketdata_assets.sources.landing.spacing import NAMED, spacing
from marketdata_assets.sources.landing.stamps import read_stamps


def narrowed(fitting: list[LandingFormat], paths: list[str], head: bytes) -> list[LandingFormat]:
    """The formats left when the words of the path, the spacing of the first bars and fractions in prices have spoken, in this order.

    All of them when those are silent: what is still ambiguous is for the user to say.
    """
    words = set(re.split(r"[/_.-]", "/".join(paths).lower()))
    spoken = {preset.name: len(words & set(preset.folders)) for preset in fitting}
    best = max(spoken.values())
    fitting = [preset for preset in fitting if spoken[preset.name] == best]
    if len(fitting) > 1:
        fitting = [preset for preset in fitting if _spaced_right(preset, paths, head)] or fitting
    if len(fitting) > 1 and _has_fractions(fitting[0], paths, head):
        # A price written times 10,000 has no fraction left, so a fraction anywhere speaks for unscaled prices.
        fitting = [preset for preset in fitting if preset.price_divisor == 1] or fitting
    return fitting


def _spaced_right(preset: LandingFormat, paths: list[str], head: bytes) -> bool:
    if preset.timeframe is None:
        return True
    cells = read_delimited(paths[0], head, preset, LIMITS).cells["timestamp"]
    stamps = read_stamps(cells, preset.stamp, daily=preset.timeframe == "1d", day=facts(preset, paths).date)
    found = spacing(pl.Series([""]).new_from_index(0, len(cells)), stamps.instants)
    return found is None or NAMED.get(found.common) == preset.timeframe


def _has_fractions(preset: LandingFormat, paths: list[str], head: bytes) -> bool:
    cells = read_delimited(paths[0], head, preset, LIMITS).cells
    prices = read_numbers(cells, preset.model_copy(update={"price_divisor": 1.0})).select(PRICES)
    return bool(prices.select(pl.any_horizontal((pl.all() % 1 != 0).any())).item())
