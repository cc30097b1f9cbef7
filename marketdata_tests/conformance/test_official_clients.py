"""The vendors' own clients read the sandbox as they read the vendor, and find the numbers that the simulated market has.

Each is pointed at loopback by what it offers, or here by changing a constant or the address of its session. A client that is not
installed is skipped: ccxt and yfinance are no dependencies of the project.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import polars as pl
import pytest
import requests
from requests.adapters import HTTPAdapter

from marketdata_assets.sandbox.market import simulate
from marketdata_assets.sandbox.wire.server import WireServer, serving

PRICES = ["open", "high", "low", "close"]
START, END = datetime(2025, 3, 3, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[WireServer]:
    with serving(simulate(), limits=False) as server:
        yield server


def client(module: str) -> Any:
    """The module of a vendor's client; its test is skipped without it."""
    return pytest.importorskip(module, reason=f"the client {module} is not installed")


class Loopback(HTTPAdapter):
    """Sends what a session asks of any host to one address without TLS."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        host, _, path = (request.url or "").partition("//")[2].partition("/")
        request.headers.pop("Host", None)
        request.url = f"{self._url}/{path}"
        assert host
        return super().send(request, *args, **kwargs)


def bars(
    sandbox: WireServer, vendor: str, symbol: str, timeframe: str, start: datetime = START, end: datetime = END
) -> list[tuple[Any, ...]]:
    """Instant, open, high, low, close and volume as the book has them."""
    found = sandbox.book.bars(vendor, symbol, timeframe, start, end)
    assert found.height > 0
    return found.select("timestamp", *PRICES, "volume").rows()


def close(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> bool:
    """The same instants in the same order, and the same numbers to nine digits."""
    assert [row[0] for row in found] == [row[0] for row in expected]
    return all(row[1:] == pytest.approx(other[1:], rel=1e-9) for row, other in zip(found, expected, strict=True))


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def of_ms(value: float) -> datetime:
    return datetime.fromtimestamp(value / 1000, tz=UTC)


def test_alpaca_py_reads_bars_of_several_symbols_over_pages(sandbox: WireServer) -> None:
    client("alpaca")
    data, asked, frames = (import_module(f"alpaca.data.{name}") for name in ("historical", "requests", "timeframe"))
    alpaca = data.StockHistoricalDataClient("key", "secret", url_override=sandbox.urls["alpaca"])
    request = asked.StockBarsRequest(
        symbol_or_symbols=["ALDERA", "CORDEL.B"], timeframe=frames.TimeFrame.Day, start=START, end=END, adjustment="raw", feed="sip"
    )
    found = alpaca.get_stock_bars(request)
    for symbol in ("ALDERA", "CORDEL.B"):
        read = [(bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in found[symbol]]
        expected = bars(sandbox, "alpaca", symbol, "1d")
        # Alpaca stamps a day with midnight in New York, the book with midnight UTC of the date.
        assert [row[0].astimezone(UTC).date() for row in read] == [row[0].date() for row in expected]
        assert [row[1:] for row in read] == [row[1:] for row in expected]


def test_alpaca_py_reads_trades_quotes_and_pairs(sandbox: WireServer) -> None:
    client("alpaca")
    data, asked, frames = (import_module(f"alpaca.data.{name}") for name in ("historical", "requests", "timeframe"))
    shares = data.StockHistoricalDataClient("key", "secret", url_override=sandbox.urls["alpaca"])
    span = {"start": START + timedelta(hours=15), "end": START + timedelta(hours=17)}
    trades = shares.get_stock_trades(asked.StockTradesRequest(symbol_or_symbols="ALDERA", feed="sip", **span))["ALDERA"]
    told = sandbox.book.trades("alpaca", "ALDERA", *span.values())
    assert told.height > 0
    assert [(row.timestamp, row.price, row.size) for row in trades] == told.select("timestamp", "price", "quantity").rows()
    quotes = shares.get_stock_quotes(asked.StockQuotesRequest(symbol_or_symbols="ALDERA", feed="sip", **span))["ALDERA"]
    stood = sandbox.book.quotes("alpaca", "ALDERA", *span.values())
    assert [(row.timestamp, row.bid_price, row.ask_price) for row in quotes] == stood.select("timestamp", "bid_price", "ask_price").rows()

    coins = data.CryptoHistoricalDataClient(url_override=sandbox.urls["alpaca"])
    last = END - timedelta(hours=1)  # Alpaca's ends are inclusive
    request = asked.CryptoBarsRequest(symbol_or_symbols="SIMA/USDT", timeframe=frames.TimeFrame.Hour, start=START, end=last)
    read = [(row.timestamp, row.open, row.high, row.low, row.close, row.volume) for row in coins.get_crypto_bars(request)["SIMA/USDT"]]
    assert read == bars(sandbox, "alpaca", "SIMA-USDT", "1h")


def test_alpaca_py_reads_assets_the_calendar_and_corporate_actions(sandbox: WireServer) -> None:
    client("alpaca")
    trading, asked = (import_module(f"alpaca.trading.{name}") for name in ("client", "requests"))
    desk = trading.TradingClient("key", "secret", url_override=sandbox.urls["alpaca"])
    listed = {asset.symbol: asset for asset in desk.get_all_assets(asked.GetAssetsRequest(asset_class="us_equity"))}
    assert set(sandbox.book.symbols("us_equities")) <= set(listed)
    assert listed["FERNOX"].status == "inactive"
    days = desk.get_calendar(asked.GetCalendarRequest(start=START.date(), end=END.date() - timedelta(days=1)))
    assert [day.date for day in days] == sandbox.book.sessions(START.date(), END.date())["session"].to_list()

    actions, ask = (import_module(f"alpaca.data.{name}") for name in ("historical.corporate_actions", "requests"))
    desk = actions.CorporateActionsClient("key", "secret", url_override=sandbox.urls["alpaca"])
    request = ask.CorporateActionsRequest(
        symbols=["ALDERA", "GALVEN"], start=START.replace(year=2023).date(), end=datetime(2025, 6, 30).date()
    )
    found = desk.get_corporate_actions(request).data["forward_splits"]
    known = sandbox.book.actions().filter(pl.col("symbol").is_in(["ALDERA", "GALVEN"]), kind="split")
    assert {(row.symbol, row.ex_date, row.new_rate / row.old_rate) for row in found} == set(
        known.select("symbol", "ex_date", "value").rows()
    )


def test_the_massive_client_reads_aggregates_trades_and_splits(sandbox: WireServer) -> None:
    polygon = client("massive").RESTClient("key", base=sandbox.urls["polygon"])
    read = list(polygon.list_aggs("ALDERA", 1, "day", "2025-03-03", "2025-03-31", adjusted=False))
    expected = bars(sandbox, "polygon", "ALDERA", "1d")
    assert [of_ms(bar.timestamp).date() for bar in read] == [row[0].date() for row in expected]
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in read] == [row[1:] for row in expected]

    traded = sandbox.book.trades("polygon", "ALDERA", START + timedelta(hours=14), START + timedelta(hours=18))
    told = list(
        polygon.list_trades(
            "ALDERA", timestamp_gte="2025-03-03T14:00:00Z", timestamp_lt="2025-03-03T18:00:00Z", limit=5, sort="timestamp", order="asc"
        )
    )
    assert [trade.price for trade in told] == traded["price"].to_list()
    assert [trade.size for trade in told] == traded["quantity"].to_list()

    actions = sandbox.book.actions().filter(symbol="ALDERA", kind="split")
    splits = list(polygon.list_splits("ALDERA"))
    assert [split.execution_date for split in splits] == [f"{day}" for day in actions["ex_date"]]
    assert [split.split_to / split.split_from for split in splits] == actions["value"].to_list()

    paid = sandbox.book.actions().filter(symbol="HELIOX", kind="dividend")
    dividends = sorted((row.ex_dividend_date, row.cash_amount) for row in polygon.list_dividends("HELIOX", limit=3))
    assert dividends == [(f"{day}", cash) for day, cash in paid.select("ex_date", "value").iter_rows()]
    assert {row.ticker for row in polygon.list_tickers(market="stocks", active=True, limit=3)} <= set(sandbox.book.symbols("us_equities"))
    stood = sandbox.book.quotes("polygon", "ALDERA", START + timedelta(hours=14), START + timedelta(hours=18))
    quotes = list(polygon.list_quotes("ALDERA", "2025-03-03", limit=1000, sort="timestamp", order="asc"))
    assert [(row.bid_price, row.ask_price) for row in quotes[: stood.height]] == stood.select("bid_price", "ask_price").rows()


def test_the_alpha_vantage_client_reads_the_whole_daily_series(sandbox: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    base = client("alpha_vantage.alphavantage").AlphaVantage
    monkeypatch.setattr(base, "_ALPHA_VANTAGE_API_URL", f"{sandbox.urls['alphavantage']}/query?")
    series = import_module("alpha_vantage.timeseries").TimeSeries("key")
    found, meta = series.get_daily("ALDERA", outputsize="full")
    assert meta["2. Symbol"] == "ALDERA"
    expected = sandbox.book.bars("alphavantage", "ALDERA", "1d")
    read = {
        day: tuple(float(row[name]) for name in ("1. open", "2. high", "3. low", "4. close", "5. volume")) for day, row in found.items()
    }
    assert read == {f"{at:%Y-%m-%d}": tuple(row) for at, *row in expected.select("timestamp", *PRICES, "volume").iter_rows()}


def test_sec_edgar_api_reads_submissions_and_facts(sandbox: WireServer) -> None:
    edgar = client("sec_edgar_api").EdgarClient("Test test@example.com")
    edgar._session.mount("https://", Loopback(sandbox.urls["sec"]))
    listed = requests.get(
        f"{sandbox.urls['sec']}/files/company_tickers.json", headers={"User-Agent": "Test test@example.com"}, timeout=30
    ).json()
    cik = next(row["cik_str"] for row in listed.values() if row["ticker"] == "ALDERA")
    assert "ALDERA" in edgar.get_submissions(str(cik))["tickers"]
    facts = edgar.get_company_facts(str(cik))
    assert facts["cik"] == cik
    assert facts["facts"]


def test_python_binance_pages_through_candles_and_trades(sandbox: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    spot = client("binance.client").Client
    monkeypatch.setattr(spot, "API_URL", f"{sandbox.urls['binance']}/api")
    binance = spot()
    rows = binance.get_historical_klines("SIMAUSDT", "1h", ms(datetime(2025, 1, 1, tzinfo=UTC)), ms(END) - 1)
    read = [(of_ms(row[0]), *map(float, row[1:6])) for row in rows]
    assert read == bars(sandbox, "binance", "SIMA-USDT", "1h", datetime(2025, 1, 1, tzinfo=UTC))

    trades = [row for row in binance.aggregate_trade_iter("SIMAUSDT", start_str=ms(END) - 600_000_000) if row["T"] < ms(END)]
    told = sandbox.book.trades("binance", "SIMA-USDT", END - timedelta(days=7) + timedelta(milliseconds=4_800_000), END)
    assert [float(row["p"]) for row in trades] == told["price"].to_list()
    assert [row["a"] for row in trades] == list(range(trades[0]["a"], trades[0]["a"] + len(trades)))

    listed = binance.get_exchange_info()["symbols"]
    assert [row["symbol"] for row in listed] == ["SIMAUSDT", "SIMBUSDT", "SIMCUSDT"]
    assert (
        float(binance.get_order_book(symbol="SIMAUSDT", limit=5)["bids"][0][0]) == sandbox.book.depth("binance", "SIMA-USDT", 1)["price"][0]
    )


def test_python_binance_reads_the_error_code(sandbox: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    spot = client("binance.client").Client
    monkeypatch.setattr(spot, "API_URL", f"{sandbox.urls['binance']}/api")
    with pytest.raises(import_module("binance.exceptions").BinanceAPIException) as raised:
        spot().get_klines(symbol="NOPE", interval="1h")
    assert (raised.value.code, raised.value.message, raised.value.status_code) == (-1121, "Invalid symbol.", 400)


def test_python_kraken_sdk_reads_candles_trades_and_pairs(sandbox: WireServer) -> None:
    kraken = client("kraken.spot").Market(url=sandbox.urls["kraken"])
    rows = kraken.get_ohlc("SIMA/USDT", interval=1440)["SIMAUSDT"]
    read = [(datetime.fromtimestamp(row[0], tz=UTC), *map(float, row[1:5]), float(row[6])) for row in rows]
    assert close(read, bars(sandbox, "kraken", "SIMA-USDT", "1d", datetime(2024, 1, 1, tzinfo=UTC), sandbox.book.at))

    told = sandbox.book.trades("kraken", "SIMA-USDT", START, limit=1000)
    trades = kraken.get_recent_trades("SIMA/USDT", since=ms(START) * 1_000_000)
    assert [float(row[0]) for row in trades["SIMAUSDT"]] == told["price"].to_list()
    assert sorted(kraken.get_asset_pairs()) == ["SIMAUSDT", "SIMBUSDT", "SIMCUSDT"]


def test_python_kraken_sdk_finds_the_error_within_status_200(sandbox: WireServer) -> None:
    kraken = client("kraken.spot").Market(url=sandbox.urls["kraken"])
    unknown = import_module("kraken.exceptions").KrakenUnknownAssetError
    with pytest.raises(unknown, match="EQuery:Unknown asset pair"):
        kraken.get_ohlc("NOPE")


def test_python_kraken_sdk_follows_the_stream_of_trades(sandbox: WireServer) -> None:
    spot = client("kraken.spot")

    async def follow(url: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        enough = asyncio.Event()

        async def hear(message: dict[str, Any]) -> None:
            told.extend(message["data"] if message.get("channel") == "trade" else ())
            if len(told) >= 5:
                enough.set()

        feed = spot.SpotWSClient(callback=hear, ws_url=url)
        await feed.start()
        try:
            await feed.subscribe(params={"channel": "trade", "symbol": ["SIMA/USDT"]})
            await asyncio.wait_for(enough.wait(), 60)
        finally:
            await feed.close()
        return told[:5]

    with serving(sandbox.book.market, ["kraken"], limits=False, speed=6000.0) as fast:
        told = asyncio.run(follow(fast.urls["kraken"].replace("http:", "ws:")))
    known = sandbox.book.trades("kraken", "SIMA-USDT", datetime(2025, 6, 30, tzinfo=UTC))
    prices = dict(known.select("timestamp", "price").iter_rows())
    stamps = [datetime.fromisoformat(row["timestamp"]) for row in told]
    assert [row["price"] for row in told] == [prices[at] for at in stamps]
    assert [row["trade_id"] for row in told] == list(range(told[0]["trade_id"], told[0]["trade_id"] + 5))


def test_coinbase_advanced_py_reads_candles_trades_and_products(sandbox: WireServer) -> None:
    coinbase = client("coinbase.rest").RESTClient()
    coinbase.session.mount("https://", Loopback(sandbox.urls["coinbase"]))
    start, end = datetime(2025, 3, 3, tzinfo=UTC), datetime(2025, 3, 13, tzinfo=UTC)
    asked = {"start": str(int(start.timestamp())), "end": str(int(end.timestamp()) - 1), "granularity": "ONE_HOUR"}
    found = coinbase.get_public_candles("SIMA-USDT", **asked)["candles"]
    read = [
        (datetime.fromtimestamp(int(row["start"]), tz=UTC), *(float(row[name]) for name in (*PRICES, "volume"))) for row in reversed(found)
    ]
    assert read == bars(sandbox, "coinbase", "SIMA-USDT", "1h", start, end)

    told = sandbox.book.trades("coinbase", "SIMA-USDT", limit=20, newest_first=True)
    trades = coinbase.get_public_market_trades("SIMA-USDT", limit=20)["trades"]
    assert [float(row["price"]) for row in trades] == told["price"].to_list()
    assert [row["product_id"] for row in coinbase.get_public_products()["products"]] == ["SIMA-USDT", "SIMB-USDT", "SIMC-USDT"]


def test_pycoingecko_reads_candles_stamped_with_their_end(sandbox: WireServer) -> None:
    gecko = client("pycoingecko").CoinGeckoAPI()
    gecko.api_base_url = f"{sandbox.urls['coingecko']}/api/v3/"
    found = gecko.get_coin_ohlc_by_id("sima", vs_currency="usd", days="7")
    end = datetime(2025, 7, 1, tzinfo=UTC)
    expected = bars(sandbox, "coingecko", "SIMA-USDT", "4h", end - timedelta(days=7), end)
    assert [(of_ms(row[0]) - timedelta(hours=4), *row[1:]) for row in found] == [row[:5] for row in expected]

    days = gecko.get_coin_market_chart_range_by_id("sima", "usd", "2025-03-01", "2025-06-30")["prices"]
    closes = sandbox.book.bars("coingecko", "SIMA-USDT", "1d", datetime(2025, 2, 28, tzinfo=UTC), datetime(2025, 6, 30, tzinfo=UTC))
    assert [(of_ms(at) - timedelta(days=1), price) for at, price in days] == closes.select("timestamp", "close").rows()
    assert [row["id"] for row in gecko.get_coins_list()] == ["sima", "simb", "simc"]


def _ccxt(sandbox: WireServer, exchange: str, vendor: str, path: str = "") -> Any:
    made = getattr(client("ccxt"), exchange)({"enableRateLimit": False})
    made.urls["api"] = dict.fromkeys(made.urls["api"], sandbox.urls[vendor] + path)
    if exchange == "binance":
        made.options["fetchMarkets"] = {"types": ["spot"]}
    return made


@pytest.mark.parametrize(
    ("exchange", "vendor", "path"), [("binance", "binance", "/api/v3"), ("kraken", "kraken", ""), ("coinbaseexchange", "coinbase", "")]
)
def test_ccxt_reads_hours_trades_and_the_book(sandbox: WireServer, exchange: str, vendor: str, path: str) -> None:
    venue = _ccxt(sandbox, exchange, vendor, path)
    since = datetime(2025, 6, 27, tzinfo=UTC)
    rows = venue.fetch_ohlcv("SIMA/USDT", "1h", ms(since), 48)
    read = [(of_ms(row[0]), *row[1:]) for row in rows][:48]
    assert close(read, bars(sandbox, vendor, "SIMA-USDT", "1h", since, since + timedelta(hours=48)))
    told = sandbox.book.trades(vendor, "SIMA-USDT", limit=10, newest_first=True).reverse()
    trades = venue.fetch_trades("SIMA/USDT", limit=10)[-10:]
    assert [trade["price"] for trade in trades] == told["price"].to_list()
    assert [trade["side"] for trade in trades] == told["side"].to_list()
    depth = sandbox.book.depth(vendor, "SIMA-USDT", 1)
    book = venue.fetch_order_book("SIMA/USDT", limit=5 if vendor != "coinbase" else None)
    assert [book["bids"][0][0], book["asks"][0][0]] == depth["price"].to_list()


def test_yfinance_reads_the_chart(sandbox: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    yfinance = client("yfinance")
    for name in ("const", "base", "scrapers.history", "data"):
        module = import_module(f"yfinance.{name}")
        for constant in ("_BASE_URL_", "_QUERY1_URL_"):
            if hasattr(module, constant):
                monkeypatch.setattr(module, constant, sandbox.urls["yahoo"])
    found = yfinance.Ticker("ALDERA").history(start="2025-03-03", end="2025-04-01", auto_adjust=False)
    expected = bars(sandbox, "yahoo", "ALDERA", "1d")
    assert [at.date() for at in found.index] == [row[0].date() for row in expected]
    assert pl.Series(found["Close"].to_list()).to_list() == pytest.approx([row[4] for row in expected])
