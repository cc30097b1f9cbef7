"""How CoinGecko names coins: by an id of its own, which follows no pattern."""

from __future__ import annotations

# Well-known coins, ours to theirs. `avalanche-2` is no mistake; the ids of other coins are given as aliases in the instruments file.
_IDS = {
    "AAVE": "aave",
    "ADA": "cardano",
    "ALGO": "algorand",
    "APT": "aptos",
    "ARB": "arbitrum",
    "ATOM": "cosmos",
    "AVAX": "avalanche-2",
    "BCH": "bitcoin-cash",
    "BNB": "binancecoin",
    "BTC": "bitcoin",
    "DAI": "dai",
    "DOGE": "dogecoin",
    "DOT": "polkadot",
    "ETC": "ethereum-classic",
    "ETH": "ethereum",
    "FIL": "filecoin",
    "HBAR": "hedera-hashgraph",
    "ICP": "internet-computer",
    "LINK": "chainlink",
    "LTC": "litecoin",
    "NEAR": "near",
    "OP": "optimism",
    "SHIB": "shiba-inu",
    "SOL": "solana",
    "SUI": "sui",
    "TON": "the-open-network",
    "TRX": "tron",
    "UNI": "uniswap",
    "USDC": "usd-coin",
    "USDT": "tether",
    "XLM": "stellar",
    "XMR": "monero",
    "XRP": "ripple",
    "ZEC": "zcash",
}
DOLLAR_PAIRS = {f"{coin}-USD": coin_id for coin, coin_id in _IDS.items()}
"""CoinGecko's id of a coin by our name of its price in US dollars, the only currency in which bars are asked for."""
