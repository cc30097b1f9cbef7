"""docs/sources.md, written from the vendors themselves: `python -m marketdata_assets.sources.catalogue > docs/sources.md`."""

from __future__ import annotations

from datetime import timedelta

from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_assets.sources.source import Source

_SPANS = {86_400: "day", 3_600: "hour", 60: "minute", 1: "second"}


def sources_page() -> str:
    """The page that documents every vendor, its datasets, plans, options and doubts, as Markdown."""
    sources = [vendor(name) for name in vendor_names()]
    overview = "\n".join(_overview(source) for source in sources)
    return "\n".join([_INTRODUCTION.format(overview=overview), *(_section(source) for source in sources)])


_INTRODUCTION = """# Sources over the network

Written from `marketdata_assets/sources/vendors` by `python -m marketdata_assets.sources.catalogue`; a test keeps it current.

A source is configured in marketdata.yaml by its vendor's name; credentials come from the environment. Prices are stored as traded: where
the vendor sells adjusted ones alone, the basis column says so and they serve for comparison. A new bar can be asked for once the delay has
passed after its end; what a vendor's documents leave open stands under "not documented".

| vendor | title | has data of | first plan | key needed | official |
|---|---|---|---|---|---|
{overview}
"""


def _overview(source: Source) -> str:
    keys = "yes" if any(credential.required for credential in source.credentials) else "no"
    cells = (
        f"`{source.name}`",
        source.title,
        ", ".join(source.asset_classes),
        source.plans[0].title,
        keys,
        "yes" if source.official else "no",
    )
    return _row(*cells)


def _section(source: Source) -> str:
    parts = [
        f"## {source.title}\n",
        f"`vendor: {source.name}`. Documented at <{source.docs}>. Licence: {source.licence}\n",
        _switches(source),
    ]
    parts += [_datasets(source), _plans(source), _credentials(source), _options(source), _doubts(source)]
    return "\n".join(part for part in parts if part)


def _switches(source: Source) -> str:
    told = []
    if not source.official:
        told.append("Interfaces without a contract: off unless switched on.")
    if source.follows_renames:
        told.append("Asked for today's ticker it answers for the company under its older ones as well.")
    return " ".join(told) + "\n" if told else ""


def _datasets(source: Source) -> str:
    head = (
        "| dataset | data | of | bar lengths | history | delay | symbols a request | basis | plans |\n|---|---|---|---|---|---|---|---|---|"
    )
    return "\n".join([head, *(_dataset(dataset) for dataset in source.datasets), ""])


def _dataset(dataset: Dataset) -> str:
    history = "what stands now" if dataset.latest else _span(dataset.history) if dataset.history else "all the vendor has"
    basis = dataset.price_basis.value if dataset.timeframes else ""
    return _row(
        f"`{dataset.name}`",
        dataset.data.value,
        dataset.asset_class,
        ", ".join(dataset.timeframes),
        history,
        _span(dataset.delay) if dataset.delay else "none",
        str(dataset.symbols) if dataset.symbols else "all",
        basis,
        ", ".join(dataset.plans) or "all",
    )


def _plans(source: Source) -> str:
    head = "| plan | title | requests | US dollars a month | a request |\n|---|---|---|---|---|"
    return "\n".join([head, *(_plan(plan) for plan in source.plans), ""])


def _plan(plan: Plan) -> str:
    allowance = [f"{plan.monthly_requests:,} requests a month"] if plan.monthly_requests else []
    limits = "; ".join([*(_budget(name, budget) for name, budget in plan.budgets.items()), *allowance])
    return _row(f"`{plan.name}`", plan.title, limits or "as the vendor's hosts allow", f"{plan.monthly_fee}", f"{plan.request_cost}")


def _budget(name: str, budget: Budget) -> str:
    told = " and ".join(_quota(quota) for quota in budget.quotas) or "no limit"
    whom = "an address" if budget.scope == "address" else "a key"
    return f"{told} ({whom})" if name == "default" else f"{name}: {told} ({whom})"


def _quota(quota: Quota) -> str:
    unit = "requests" if quota.unit == "requests" else "units of weight"
    per = _SPANS.get(int(quota.per)) or f"{quota.per:g} seconds"
    return f"{quota.limit:,} {unit} a {per}" if per in _SPANS.values() else f"{quota.limit:,} {unit} in {per}"


def _credentials(source: Source) -> str:
    if not source.credentials:
        return ""
    rows = (_row(f"`{c.variable}`", c.meaning, "yes" if c.required else "no") for c in source.credentials)
    return "\n".join(["| environment variable | holds | required |\n|---|---|---|", *rows, ""])


def _options(source: Source) -> str:
    if not source.options:
        return ""
    rows = (_row(f"`{name}`", f"`{o.default}`" if o.default else "", ", ".join(o.choices), o.meaning) for name, o in source.options.items())
    return "\n".join(["| option | default | choices | meaning |\n|---|---|---|---|", *rows, ""])


def _doubts(source: Source) -> str:
    told = [*source.unverified]
    for text in dict.fromkeys(dataset.unverified for dataset in source.datasets if dataset.unverified):
        named = ", ".join(f"`{dataset.name}`" for dataset in source.datasets if dataset.unverified == text)
        told.append(f"{named}: {text}")
    return "\n".join(["Not documented by the vendor:\n", *(f"- {text}" for text in told), ""]) if told else ""


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for length, name in _SPANS.items():
        if seconds % length == 0:
            count = seconds // length
            return f"{count:,} {name}" + ("s" if count != 1 else "")
    return f"{seconds} seconds"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(sources_page(), end="")
