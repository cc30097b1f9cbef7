"""Every vendor there is: a folder in `sources/vendors` that has a `SOURCE`, found by its name and imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources import vendors
from marketdata_assets.sources.source import Source


def vendor_names() -> list[str]:
    """The names of all vendors, sorted; nothing of theirs is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(vendors.__path__) if module.ispkg)


@cache
def vendor(name: str) -> Source:
    """The vendor of that name; `ConfigFault` with the nearest name for any other text."""
    if name not in vendor_names():
        near = difflib.get_close_matches(name, vendor_names(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigFault("looking up a vendor", f"{name[:40]!r} is unknown", f"{hint}vendors are {', '.join(vendor_names())}")
    source: Source = importlib.import_module(f"{vendors.__name__}.{name}").SOURCE
    return source


@cache
def vendor_under(name: str, plan: str | None) -> Source:
    """The vendor of that name for the customers of a plan (None: the first one); `ConfigFault` when there is no such vendor or plan."""
    return vendor(name).under(plan)
