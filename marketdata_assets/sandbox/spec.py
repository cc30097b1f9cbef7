"""What to simulate: the seed, the span, how many symbols, and when the files are received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from marketdata_assets.core.faults import ConfigFault

SHORTEST = timedelta(days=365)


@dataclass(frozen=True)
class Spec:
    """The description that a simulated market follows from, to the byte.

    Trading days are `[start, end)`, at least a year of them. A cast of fourteen companies plays every event and defect;
    `extra_equities` adds quiet ones, `SIM001` and on. In the month of the last half day, and `minute_months` less one before it, four
    companies have minute bars (LEAN files); `hourly` adds their whole history in hours. Crypto starts at `crypto_start` with daily
    bars; hourly ones cover the last `crypto_hourly_months`, minutes the last `crypto_minute_days`. `defects` false plants nothing.
    """

    seed: int = 20240229
    start: date = date(2023, 1, 3)
    end: date = date(2025, 7, 1)
    extra_equities: int = 0
    minute_months: int = 1
    hourly: bool = False
    crypto_start: date = date(2024, 1, 1)
    crypto_hourly_months: int = 6
    crypto_minute_days: int = 0
    defects: bool = True

    def __post_init__(self) -> None:
        if self.end - self.start < SHORTEST:
            raise ConfigFault("simulating a market", f"[{self.start}, {self.end}) is short of a year", "give start and end a year apart")
        if not self.start <= self.crypto_start < self.end - timedelta(days=60):
            raise ConfigFault(
                "simulating a market",
                f"crypto starts on {self.crypto_start}, outside [{self.start}, {self.end} less 60 days)",
                "move crypto_start",
            )
        if not 0 <= self.minute_months <= 12:
            raise ConfigFault("simulating a market", f"{self.minute_months} months of minutes", "ask for 0 to 12")
        if not 0 <= self.extra_equities <= 999:
            raise ConfigFault("simulating a market", f"{self.extra_equities} extra equities", "ask for 0 to 999")

    @property
    def history_received(self) -> datetime:
        """When the first delivery arrives: on a weekday ten days or so before `end`, at 21:30 UTC.

        New York has closed by then, winter and summer; the crypto hour and day are still forming.
        """
        day = self.end - timedelta(days=10)
        return datetime.combine(day - timedelta(days=max(0, day.weekday() - 4)), time(21, 30), tzinfo=UTC)

    @property
    def update_received(self) -> datetime:
        """When the second delivery arrives, with the last days and the late correction: 13:00 UTC on the day `end`."""
        return datetime.combine(self.end, time(13), tzinfo=UTC)
