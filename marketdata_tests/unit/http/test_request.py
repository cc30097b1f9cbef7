from __future__ import annotations

import pytest

from marketdata_assets.core.faults import ConfigFault, SymbolFault
from marketdata_assets.sources.api import Api, Endpoint
from marketdata_assets.sources.errors import Diverted
from marketdata_assets.sources.request import same_origin, with_query, without_query

BASE = "https://data.vendor.test/api"
BARS = Endpoint("bars", "/v2/stocks/{symbol}/bars", {"adjustment": "raw", "limit": 10_000})


def test_an_address_is_path_and_parameters_percent_encoded() -> None:
    request = BARS.request({"start": "2024-01-01T00:00:00Z", "asof": None, "extended": False, "syms": "A,B"}, symbol="BTC/USD")
    assert request.url(BASE) == (
        "https://data.vendor.test/api/v2/stocks/BTC%2FUSD/bars?adjustment=raw&limit=10000&start=2024-01-01T00:00:00Z&extended=false&syms=A,B"
    )


def test_a_later_value_replaces_a_fixed_one_and_the_first_request_stays_as_it_was() -> None:
    first = BARS.request({"limit": 5}, symbol="AAPL")
    second = first.having(page_token="a=b&c").changed({"timestamp.gte": 7})
    assert "limit=5&page_token=a%3Db%26c&timestamp.gte=7" in second.url(BASE)
    assert "page_token" not in first.url(BASE)


@pytest.mark.parametrize("symbol", ["", ".", "..", "a\0b", "a\r\nHost: evil", "\x7f"])
def test_a_symbol_that_would_walk_the_path_is_refused(symbol: str) -> None:
    with pytest.raises(SymbolFault):
        BARS.request(symbol=symbol).url(BASE)


@pytest.mark.parametrize("symbol", ["../../admin", "/abs", "%2e%2e", "a?b=c", "a#b", "emoji🙂", "{limit}", "x" * 10_000])
def test_a_strange_symbol_stays_one_step_of_the_path(symbol: str) -> None:
    address = BARS.request(symbol=symbol).url(BASE)
    assert address.startswith(BASE + "/v2/stocks/")
    assert address.partition("?")[0].count("/") == BASE.count("/") + 4
    assert address.isascii()


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://data.vendor.test/v2/next?cursor=x%3D", "/v2/next?cursor=x%3D"),
        ("https://data.vendor.test:443/v2/next", "/v2/next"),
        ("HTTPS://DATA.VENDOR.TEST/v2/next", "/v2/next"),
        ("https://api.renamed.test:443/v2/next?cursor=y", "/v2/next?cursor=y"),
        ("/v2/next?cursor=z", "/v2/next?cursor=z"),
        ("?cursor=z", "/api/bars?cursor=z"),
        ("next?cursor=z", "/api/next?cursor=z"),
    ],
)
def test_a_link_that_stays_with_the_vendor_gives_path_and_query(link: str, path: str) -> None:
    assert same_origin(link, BASE, ("api.renamed.test",), "https://data.vendor.test/api/bars?page=1") == path


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/v2/next",
        "http://data.vendor.test/v2/next",
        "http://data.vendor.test:443/v2/next",
        "https://data.vendor.test:8443/v2/next",
        "https://data.vendor.test@evil.test/",
        "https://user:pass@data.vendor.test/",
        "https://data.vendor.test.evil.test/",
        "//evil.test/v2",
        "file:///etc/passwd",
        "ftp://data.vendor.test/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "https://data.vendor.test\\@evil.test/",
        "https://data.vendor.test /",
        "https://data.vendor.test/\r\nX: y",
        "https://[broken/",
        "https://data.vendor.test:99999/",
        "javascript:alert(1)",
    ],
)
def test_a_link_that_leads_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(Diverted):
        same_origin(link, BASE, ("api.renamed.test",))


def test_query_parameters_come_and_go_without_touching_the_others() -> None:
    url = "https://v.test/q?cursor=a%3D%3D&apikey=old&x=%2f"
    assert without_query(url, {"apikey"}) == "https://v.test/q?cursor=a%3D%3D&x=%2f"
    assert without_query("https://v.test/q?apikey=old", {"apikey"}) == "https://v.test/q"
    assert without_query(url, ()) == url
    assert with_query("https://v.test/q", {"apikey": "k/1"}) == "https://v.test/q?apikey=k%2F1"
    assert with_query(url, {}) == url


@pytest.mark.parametrize(
    "base", ["http://data.vendor.test", "https://v.test/?a=b", "https://u:p@v.test", "ftp://v.test", "v.test", "https://"]
)
def test_a_base_address_that_would_betray_keys_is_refused(base: str) -> None:
    with pytest.raises(ConfigFault):
        Api("toy", base, (BARS,))


def test_a_description_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ConfigFault, match="share a name"):
        Api("toy", BASE, (BARS, BARS))
    with pytest.raises(ConfigFault, match="no budget is called slow"):
        Api("toy", BASE, (Endpoint("bars", "/bars", budget="slow"),))
    with pytest.raises(ConfigFault, match="no endpoint is called 'tardes'"):
        Api("toy", BASE, (BARS,)).endpoint("tardes")
    assert Api("toy", BASE, (BARS,)).at("http://127.0.0.1:8080").base_url == "http://127.0.0.1:8080"
