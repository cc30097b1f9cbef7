"""Presets of crypto venues' files."""

from __future__ import annotations

from marketdata_assets.sources.landing.format import LandingFormat, NotABar, Stamp

_KLINE = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
_CANDLE = ("date", "open", "high", "low", "close", "volume")
_OHLCV = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}

BINANCE_VISION = LandingFormat(
    name="binance_vision_klines",
    example="BTCUSDT-1h-2024-01.zip",
    title="Binance klines of data.binance.vision",
    trap="stamps in ms, since 2025 in us; minutes without a trade are flat rows of volume 0, outages have no rows; "
    "a .CHECKSUM beside the zip is verified",
    asset_class="crypto",
    header=None,
    names=_KLINE,
    headers=(",".join(_KLINE),),
    columns={"timestamp": "open_time", **_OHLCV, "trade_count": "count"},
    files=(r"(?:^|/)(?P<symbol>[^/-]+)-(?P<interval>\d+(?:s|m|h|d|w|mo|M))(?:-[^/]*)?$",),
    stamp=Stamp(formats=(), unit="auto"),
    tape="binance",
    other_files=(
        NotABar(rule="not_bars", pattern=r"-(?:aggTrades|trades)-\d{4}-", reason="single trades, not bars"),
        NotABar(rule="not_bars", pattern=r"-(?:bookTicker|bookDepth|metrics|fundingRate)-\d{4}-", reason="quotes or statistics, not bars"),
    ),
)
BINANCE_REST = LandingFormat(
    name="binance_rest_csv",
    example="BTCUSDT_1m_20230301_20230321.csv",
    title="Binance klines fetched over REST and saved with their first six columns",
    trap="BTCUSDT_1m_20230301_20230321.csv: symbol and interval come from the name",
    asset_class="crypto",
    headers=("open_time,open,high,low,close,volume",),
    columns={"timestamp": "open_time", **_OHLCV},
    files=(r"(?:^|/)(?P<symbol>[^/_]+)_(?P<interval>\d+[mhd])(?:_[^/]*)?$",),
    stamp=Stamp(formats=("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z")),
    tape="binance",
)
KRAKEN = LandingFormat(
    name="kraken_ohlcvt_csv",
    example="XBTUSD_1440.csv",
    title="Kraken downloadable OHLCVT",
    trap="no header; minutes without a trade have no row; `XBTUSD_1440.csv` states symbol and minutes",
    asset_class="crypto",
    header=False,
    names=("time", "open", "high", "low", "close", "volume", "trades"),
    columns={"timestamp": "time", **_OHLCV, "trade_count": "trades"},
    files=(r"(?:^|/)(?P<symbol>[A-Za-z0-9.]+)_(?P<interval>\d+)$",),
    stamp=Stamp(formats=(), unit="s"),
    tape="kraken",
)
# freqtrade keeps candles under its exchange id; any other folder says nothing about where trades were seen.
_EXCHANGES = "binance|binanceus|bingx|bitget|bitmart|bybit|coinbase|cryptocom|gate|gateio|htx|huobi|hyperliquid|kraken|kucoin|mexc|okx"
_FREQTRADE_FILES = (
    rf"(?:(?:^|/)(?P<tape>{_EXCHANGES})/)?(?P<symbol>[A-Z0-9]+_[A-Z0-9]+(?:_[A-Z0-9]+)?)-(?P<interval>\d+[smhdwM])(?=$|[_-])[^/]*$",
)
_FREQTRADE_OTHERS = (
    NotABar(
        rule="not_bars", pattern=r"-(?:mark|index|funding_rate|premiumIndex)$", reason="mark, index or funding rates, not traded prices"
    ),
)
FREQTRADE_FEATHER = LandingFormat(
    name="freqtrade_feather",
    example="binance/BTC_USDT-5m.feather",
    title="freqtrade candles, feather",
    trap="the exchange is the folder's name, where there is one",
    asset_class="crypto",
    kind="feather",
    headers=(",".join(_CANDLE),),
    columns={"timestamp": "date", **_OHLCV},
    files=_FREQTRADE_FILES,
    stamp=Stamp(formats=(), unit="ms"),
    other_files=_FREQTRADE_OTHERS,
)
FREQTRADE_JSON = LandingFormat(
    name="freqtrade_json",
    example="binance/BTC_USDT-5m.json",
    title="freqtrade candles, json",
    trap="a list of [ms, open, high, low, close, volume]; a download interrupted and resumed repeats the candle that was open",
    asset_class="crypto",
    kind="json",
    header=False,
    names=_CANDLE,
    columns={"timestamp": "date", **_OHLCV},
    files=_FREQTRADE_FILES,
    stamp=Stamp(formats=(), unit="ms"),
    other_files=_FREQTRADE_OTHERS,
)
CRYPTO = (BINANCE_VISION, BINANCE_REST, KRAKEN, FREQTRADE_FEATHER, FREQTRADE_JSON)
