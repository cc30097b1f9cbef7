"""Every name the platform reads from the environment stands in .env.example, without a value."""

from __future__ import annotations

import re
from pathlib import Path

from marketdata_assets.sources.registry import vendor, vendor_names


def test_every_vendors_credential_is_listed_once_and_empty(project: Path) -> None:
    lines = (project / ".env.example").read_text().splitlines()
    names = [line.removesuffix("=") for line in lines if re.fullmatch(r"[A-Z0-9_]+=", line)]
    assert len(set(names)) == len(names)
    assert not [line for line in lines if re.fullmatch(r"[A-Z0-9_]+=.+", line)]
    needed = {each.variable for name in vendor_names() for each in vendor(name).credentials}
    assert needed <= set(names)
