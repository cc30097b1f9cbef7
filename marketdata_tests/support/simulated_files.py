"""The simulated market with every feed as files: five landing folders, as a user of files alone would configure them."""

from __future__ import annotations

from pathlib import Path

from marketdata_assets.settings import SIMULATED_CONFIG, Settings, SourceSettings, load_settings

_SOURCES = {
    "tiingo": ("us_equities", "tiingo_csv", ("1d",), 10),
    "alphavantage": ("us_equities", "alphavantage_daily_csv", ("1d",), 20),
    "lean": ("us_equities", None, ("1m",), 10),
    "binance_vision": ("crypto", "binance_vision_klines", ("1d", "1h"), 10),
    "kraken": ("crypto", "kraken_ohlcvt_csv", ("1d", "1h"), 20),
}


def files_settings(root: Path) -> Settings:
    """The simulated market's settings with a landing folder `root`/landing/<feed> for each feed and the lake in `root`."""
    sources = {
        name: SourceSettings(
            asset_class=asset_class,  # type: ignore[arg-type]
            landing=root / "landing" / name,
            format=layout,
            timeframes=timeframes,
            priority=priority,
            tape="simulated",
        )
        for name, (asset_class, layout, timeframes, priority) in _SOURCES.items()
    }
    return load_settings(SIMULATED_CONFIG, {}).model_copy(update={"lake": str(root / "lake"), "sources": sources})
