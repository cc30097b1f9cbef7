"""A small chain of option contracts on every company with splits: two expiries, five strikes around the last price, calls and puts."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.who import everybody

_FRIDAY = 4
_VOLATILITY = 0.25


class Contract(NamedTuple):
    """One contract; `symbol` is written as the clearing house does, `O` in front at some vendors."""

    symbol: str
    underlying: str
    kind: str
    strike: float
    expiry: date


class Priced(NamedTuple):
    """What a contract is worth at an instant, by a textbook's formula with one volatility for all."""

    bid: float
    ask: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float
    volatility: float


def contracts(book: Book, vendor: str) -> list[Contract]:
    """The chain of every listed company by symbol, expiry, kind and strike: those of the third Fridays of this month and of two later."""
    found = []
    for who in everybody(book.market):
        price = last_price(book, vendor, who.symbol)
        if price is None or not who.active(book.today):
            continue
        step = 10.0 ** math.floor(math.log10(price)) / 2
        middle = round(price / step) * step
        root = who.symbol.replace(".", "")[:6]
        for expiry in expiries(book.today):
            for kind in ("call", "put"):
                for places in (-2, -1, 0, 1, 2):
                    strike = round(middle + places * step, 3)
                    text = f"{root}{expiry:%y%m%d}{kind[0].upper()}{round(strike * 1000):08d}"
                    found.append(Contract(text, who.symbol, kind, strike, expiry))
    return sorted(found, key=lambda one: one.symbol)


def expiries(today: date) -> list[date]:
    """The next two third Fridays."""
    found: list[date] = []
    month = today.replace(day=1)
    while len(found) < 2:
        third = month + timedelta(days=(_FRIDAY - month.weekday()) % 7 + 14)
        found += [third] if third >= today else []
        month = (month + timedelta(days=32)).replace(day=1)
    return found


def last_price(book: Book, vendor: str, symbol: str) -> float | None:
    """The last close above zero."""
    bars = book.all_bars(vendor, symbol, "1d")
    closes = bars.filter(bars["close"] > 0)["close"]
    return float(closes[-1]) if len(closes) else None


def priced(contract: Contract, price: float, today: date) -> Priced:
    """The contract at the price of its share."""
    years = max((contract.expiry - today).days, 1) / 365
    spread = _VOLATILITY * math.sqrt(years)
    d1 = math.log(price / contract.strike) / spread + spread / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    call = price * _below(d1) - contract.strike * _below(d1 - spread)
    sign = 1 if contract.kind == "call" else -1
    value = call if sign == 1 else call - price + contract.strike
    delta = _below(d1) if sign == 1 else _below(d1) - 1
    return Priced(
        bid=max(round(value - 0.05, 2), 0.0),
        ask=round(value + 0.05, 2),
        delta=round(delta, 6),
        gamma=round(density / (price * spread), 6),
        theta=round(-price * density * _VOLATILITY / (2 * math.sqrt(years)) / 365, 6),
        vega=round(price * density * math.sqrt(years) / 100, 6),
        rho=round(sign * contract.strike * years * _below(sign * (d1 - spread)) / 100, 6),
        volatility=_VOLATILITY,
    )


def _below(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2
