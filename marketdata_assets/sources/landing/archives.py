"""Archives told by their first bytes, never by a file's suffix."""

from __future__ import annotations

from marketdata_assets.core.faults import PayloadFault

GZIP = b"\x1f\x8b"
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVES = {
    GZIP: "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress",
}


def archive_kind(data: bytes) -> str | None:
    """Which archive or compression `data` begins as; None for none."""
    if data[257:262] == b"ustar":
        return "tar"
    return next((name for magic, name in _ARCHIVES.items() if data.startswith(magic)), None)


def refuse_nested(what: str, data: bytes) -> None:
    """`PayloadFault` when something just unpacked is packed again."""
    if archive := archive_kind(data):
        raise PayloadFault(f"opening {what}", f"inside it is another archive ({archive})", "land the inner file itself", path=what)
