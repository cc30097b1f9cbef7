"""A plan of what goes wrong on the wire: rules in order, each for some requests of some vendors, read from YAML or written in Python."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.yaml_marks import line_of, parse_yaml

Instead = Literal["rate_limit", "ban", "status", "html_200", "notice_200", "redirect"]
OnTheSocket = Literal[
    "reset", "hang", "endless_headers", "endless_body", "slow_body", "short_body", "empty_body",
    "half_gzip", "no_gzip_trailer", "bad_crc", "bomb",
]  # fmt: skip
InTheDocument = Literal[
    "bad_json", "nan", "infinity", "huge_number", "duplicate_keys", "deep_nesting", "renamed_field", "string_for_number", "ms_for_s",
    "wrong_symbol", "loop_cursor", "repeat_page", "other_host_link",
]  # fmt: skip
InTheBars = Literal[
    "adjusted", "restate", "x100", "high_below_low", "out_of_window", "negative_price", "zero_price", "negative_volume", "stale",
    "empty", "cut_rows", "unordered", "repeated_rows", "conflicting_rows",
]  # fmt: skip
OnTheStream = Literal["drop", "silence", "bad_frame", "login_refused", "flood"]
Kind = Literal[Instead, OnTheSocket, InTheDocument, InTheBars, OnTheStream]
KINDS: tuple[str, ...] = get_args(Kind)
ON_THE_SOCKET = frozenset(get_args(OnTheSocket))
IN_THE_BARS = frozenset(get_args(InTheBars))


class FaultRule(BaseModel):
    """One thing that goes wrong.

    Of the requests to `vendor` whose path with query matches `path` (shell patterns), the first `after` are spared, the next `times`
    (None: all) are hit. `symbols` narrows it to requests that name one of them in the vendor's spelling.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Kind
    vendor: str = "*"
    path: str = "*"
    symbols: tuple[str, ...] = ()
    after: int = Field(0, ge=0)
    times: int | None = Field(1, ge=1)
    status: int = Field(503, ge=400, le=599, description="of the kind `status`")
    retry_after: str | None = Field(None, description="the header of rate_limit, ban and status: seconds or a date; none when absent")
    pause: float = Field(0.2, ge=0, description="seconds between the bytes of slow_body")
    frames: int = Field(10, ge=0, description="data frames that a WebSocket sends before drop, silence and bad_frame")
    size: int = Field(64 << 20, ge=1, description="bytes that a bomb grows to")
    to: str = Field("http://other.invalid/", description="where redirect and other_host_link lead")

    def meets(self, vendor: str, asked: str) -> bool:
        """Whether the rule is about a request to this vendor for `asked`, the path with its query."""
        named = not self.symbols or any(symbol in asked for symbol in self.symbols)
        return named and fnmatchcase(vendor, self.vendor) and fnmatchcase(asked, self.path)


class FaultPlan(BaseModel):
    """Rules in order; a request is hit by the first whose turn it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    faults: tuple[FaultRule, ...] = ()

    @classmethod
    def of(cls, *rules: FaultRule) -> FaultPlan:
        """The plan of these rules."""
        return cls(faults=rules)

    @classmethod
    def load(cls, path: Path) -> FaultPlan:
        """The plan in a YAML file: a list `faults` of rules. `ConfigFault` with the line of a mistake."""
        try:
            values, lines = parse_yaml(path.read_text(encoding="utf-8"), path.name)
        except OSError as error:
            raise ConfigFault("reading the fault plan", f"{path}: {error.strerror}", "name a file that is there") from None
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ConfigFault(
                f"reading {path.name} line {line_of(first['loc'], lines)}",
                f"{where}: {first['msg']}",
                f"a rule has `what` (one of {', '.join(KINDS)}) and {', '.join(n for n in FaultRule.model_fields if n != 'what')}",
            ) from None


NONE = FaultPlan()


class Turns:
    """Counts the requests that each rule of a plan is about, and says which rule hits the next one."""

    def __init__(self, plan: FaultPlan) -> None:
        self._rules = plan.faults
        self._met = [0] * len(self._rules)

    def next(self, vendor: str, asked: str) -> FaultRule | None:
        """The rule that hits this request, which counts for every rule that is about it."""
        hit: FaultRule | None = None
        for at, rule in enumerate(self._rules):
            if rule.meets(vendor, asked):
                self._met[at] += 1
                due = self._met[at] > rule.after and (rule.times is None or self._met[at] <= rule.after + rule.times)
                hit = hit or (rule if due else None)
        return hit
