"""Refusals: one structured error that says what was tried, what was found and what to do."""

from __future__ import annotations

from collections.abc import Mapping


class Fault(Exception):
    """A refusal that a person or a scheduler can act on.

    `tried`, `found` and `remedy` are sentences without a final stop. `context` names what was in hand (source, asset,
    partition, symbol, payload_sha256, path, line); secrets never belong there. `retryable` says whether the same call may
    succeed later without anybody changing anything.
    """

    code = "fault"
    retryable = False

    def __init__(self, tried: str, found: str, remedy: str, **context: object) -> None:
        self.tried = tried
        self.found = found
        self.remedy = remedy
        self.context: Mapping[str, str] = {k: str(v) for k, v in context.items() if v is not None}
        super().__init__(tried, found, remedy)

    def __str__(self) -> str:
        where = ", ".join(f"{k}={v}" for k, v in self.context.items())
        return f"[{self.code}] {self.tried}: {self.found}. {self.remedy}." + (f" ({where})" if where else "")

    def as_dict(self) -> dict[str, object]:
        """The same refusal as JSON-ready values, for `--json` output and event metadata."""
        return {
            "code": self.code,
            "tried": self.tried,
            "found": self.found,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "context": dict(self.context),
        }


class ConfigFault(Fault):
    """marketdata.yaml, the environment or a reference file holds a mistake."""

    code = "config"


class SymbolFault(Fault):
    """A text is not a canonical symbol, or no instrument answers to it."""

    code = "symbol"


class PartitionFault(Fault):
    """A partition key is malformed or lies outside what the table has."""

    code = "partition"


class CalendarFault(Fault):
    """A question about sessions reaches beyond what the calendar knows."""

    code = "calendar"


class PayloadFault(Fault):
    """A vendor's file or answer as a whole cannot be read as what it claims to be."""

    code = "payload"


class LimitFault(PayloadFault):
    """A payload exceeds a size, ratio or nesting limit and was cut off unread."""

    code = "limit"


class SchemaFault(Fault):
    """A frame does not have the columns, types or keys of its table."""

    code = "schema"


class AuditFault(Fault):
    """A frame failed a blocking rule as a whole; the previous version stays published."""

    code = "audit"


class CorruptFault(Fault):
    """Stored bytes differ from what was published, so no number of them is served."""

    code = "corrupt"


class ConflictFault(Fault):
    """Somebody else published the partition in between."""

    code = "conflict"
    retryable = True


class StorageFault(Fault):
    """The disk or the object store refused or failed."""

    code = "storage"
    retryable = True


class QueryFault(Fault):
    """A question to the lake cannot be answered as asked."""

    code = "query"


class BudgetFault(Fault):
    """A month's requests or money for a source do not suffice; nothing was asked."""

    code = "budget"
