"""How a vendor writes symbols, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from marketdata_assets.core.symbols import require_canonical


@dataclass(frozen=True)
class Spelling:
    """The vendor's spelling of a canonical symbol, and back.

    `share_class` stands where `BRK.B` has its dot, `joint` where `BTC-USD` has its dash; `coins` are the vendor's own tickers of coins
    and currencies by ours (`BTC`: `XBT`). `names` are whole symbols that follow no pattern (`BTC-USD`: `bitcoin`). `lower` writes small
    letters. The way back is that of `Instruments.resolve`: an alias, the symbol itself, or a mechanical form of it.
    """

    share_class: str = "."
    joint: str = "-"
    coins: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    lower: bool = False

    def theirs(self, symbol: str) -> str:
        """The vendor's spelling of a canonical symbol; `SymbolFault` when it is none."""
        require_canonical(symbol)
        if symbol in self.names:
            return self.names[symbol]
        base, dash, quote = symbol.rpartition("-")
        coins = self.joint.join(self.coins.get(part, part) for part in (base, quote))
        text = coins if dash else symbol.replace(".", self.share_class)
        return text.lower() if self.lower else text
