"""The eleven sectors of the Global Industry Classification Standard, by name, as instruments.csv writes them."""

from __future__ import annotations

SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)
