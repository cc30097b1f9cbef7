"""Containers that landed files come in, honest and otherwise."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.landing.read import Reading, read_payload
from marketdata_assets.sources.landing.shape import Series


def zipped(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def gzipped(content: bytes | str) -> bytes:
    return gzip.compress(content.encode() if isinstance(content, str) else content, mtime=0)


def read(path: str, content: bytes | str, layout: LandingFormat | str | None = None, **kwargs: object) -> Reading:
    data = content.encode() if isinstance(content, str) else content
    return read_payload(path, data, format=PRESETS[layout] if isinstance(layout, str) else layout, **kwargs)  # type: ignore[arg-type]


def only(reading: Reading) -> Series:
    (series,) = reading.series
    return series
