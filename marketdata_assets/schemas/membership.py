"""Who belonged to an index and when: spells of membership, and what each source says about every change."""

from __future__ import annotations

from enum import StrEnum

import polars as pl

from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

_SYMBOL = f"^{SYMBOL_PATTERN}$"


class Change(StrEnum):
    """What happened to a member."""

    ENTERS = "enters"
    LEAVES = "leaves"


class Verdict(StrEnum):
    """How what one source says about a change stands to what the index's spells say."""

    CHOSEN = "chosen"
    AGREES = "agrees"
    DIFFERS = "differs"
    SILENT = "silent"
    REVERTED = "reverted"


class IndexMembership(TableModel):
    """One unbroken spell of membership, from the open of one session to the open of another."""

    index: pl.String = column("the index, in capitals: SP500")
    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    effective_from: pl.Date = column("session at whose open it became a member")
    effective_to: pl.Date = column("session at whose open it was no member any more; null while it is one", nullable=True)
    announced_on: pl.Date = column("when the entry was announced, where the source says", nullable=True)
    spelling: pl.String = column("the source's own spelling at the entry")
    source: pl.String = column("source that the entry was taken from")
    known_at: UtcMicroseconds = column("when the entry was first stated by that source", unit="UTC")
    end_source: pl.String = column("source that the end was taken from", nullable=True)
    end_known_at: UtcMicroseconds = column("when the end was first stated; null while it is a member", unit="UTC", nullable=True)
    payload_sha256: pl.String = column("hash of the archived payload that states the entry")
    line: pl.Int64 = column("data row within the payload, from 1")


class IndexEvidence(TableModel):
    """What one source says about one change of an index."""

    index: pl.String = column("the index, in capitals: SP500")
    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    change: pl.String = column("enters or leaves", isin=[c.value for c in Change])
    effective_on: pl.Date = column("session of the change in the spells; the source's own where the spells have none")
    source: pl.String = column("source that is heard")
    says_on: pl.Date = column("session from which this source has the change; null where it has none", nullable=True)
    lag_days: pl.Int32 = column("calendar days by which it is later than the spells", unit="days", nullable=True)
    verdict: pl.String = column(
        "chosen (the spells follow it), agrees, differs (nobody else has the change), silent (it covers the day and lacks the change) "
        "or reverted (taken back the next day, so no change)",
        isin=[v.value for v in Verdict],
    )


INDEX_MEMBERSHIP = Table(
    "index_membership",
    "Spells of index membership, reconciled between sources",
    "index x symbol x spell",
    IndexMembership,
    ("index", "symbol", "effective_from"),
    ("index", "symbol", "effective_from"),
    "effective_from",
)
INDEX_EVIDENCE = Table(
    "index_evidence",
    "What every source says about every change of an index, as of the build",
    "change x source",
    IndexEvidence,
    ("index", "symbol", "change", "effective_on", "source", "verdict"),
    ("index", "effective_on", "symbol", "change", "source", "verdict"),
    "effective_on",
)
