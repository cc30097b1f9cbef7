"""gzip and zip are opened by what they are, within bounds; everything dishonest is refused with its reason."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import LimitFault, PayloadFault
from marketdata_assets.sources.landing.archives import archive_kind
from marketdata_assets.sources.landing.bounded import members
from marketdata_assets.sources.landing.limits import Limits
from marketdata_tests.unit.landing.packing import gzipped, zipped

TEXT = b"Date,Open\n2024-01-02,1.5\n"
SMALL = Limits(max_bytes=1 << 22, ratio_floor=1 << 16)


def unpack(data: bytes, limits: Limits = SMALL, path: str = "f.csv") -> list[tuple[str, bytes]]:
    return [tuple(member) for member in members(path, data, limits)]


def refusal(data: bytes, limits: Limits = SMALL) -> str:
    with pytest.raises(PayloadFault) as caught:
        unpack(data, limits)
    return caught.value.found


def test_plain_gzip_and_zip_give_the_same_text_whatever_the_suffix() -> None:
    assert unpack(TEXT, path="f.zip") == [("", TEXT)]
    assert unpack(gzipped(TEXT), path="f.csv") == [("", TEXT)]
    assert unpack(zipped({"inner/f.csv": TEXT}), path="f.gz") == [("inner/f.csv", TEXT)]
    assert unpack(zipped({"f.csv": TEXT}, zipfile.ZIP_STORED)) == [("f.csv", TEXT)]


def test_gzip_streams_one_after_the_other_are_one_text() -> None:
    assert unpack(gzipped(TEXT[:9]) + gzipped(TEXT[9:])) == [("", TEXT)]


@given(st.binary(max_size=3000), st.integers(1, 6))
def test_any_bytes_survive_gzip(content: bytes, level: int) -> None:
    if archive_kind(content) is None:
        assert unpack(gzip.compress(content, level)) == [("", content)]


@given(st.integers(1, 60))
def test_a_gzip_cut_anywhere_is_refused(cut: int) -> None:
    whole = gzipped(TEXT * 3)
    found = refusal(whole[: max(len(whole) - cut, 2)])
    assert "cut off" in found


def test_a_large_gzip_comes_out_whole() -> None:
    """Several chunks of output, several feeds of input, and a tail that unpacks far beyond one chunk."""
    rows = b"".join(b"2024-01-02 %d,%d\n" % (i, i * 7919 % 104729) for i in range(200_000))
    content = rows + b"0" * 3_000_000
    assert unpack(gzip.compress(content, 1), Limits()) == [("", content)]


def test_a_gzip_with_a_wrong_checksum_or_length_is_refused() -> None:
    whole = bytearray(gzipped(TEXT))
    for position in (-1, -8):
        broken = bytearray(whole)
        broken[position] ^= 1
        assert "gzip stream is corrupt" in refusal(bytes(broken))


def test_garbage_after_a_gzip_is_refused_with_its_first_bytes() -> None:
    assert refusal(gzipped(TEXT) + b"<html>") == "6 bytes follow the end of its gzip stream: '<html>'"
    assert "follow the end" in refusal(gzipped(TEXT) + b"\0" * 512)


def _peak(data: bytes, limits: Limits) -> tuple[int, str]:
    tracemalloc.start()
    try:
        with pytest.raises(LimitFault) as caught:
            unpack(data, limits)
        return tracemalloc.get_traced_memory()[1], caught.value.found
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [gzip.compress, lambda data: zipped({"f.csv": data})], ids=["gzip", "zip"])
def test_a_bomb_is_cut_off_in_flat_memory(packed) -> None:
    """1000:1. Ten and a hundred megabytes of zeros cost the same few megabytes."""
    limits = Limits()
    peaks = []
    for size in (10_000_000, 100_000_000):
        peak, found = _peak(packed(bytes(size)), limits)
        assert found == "it holds more than 200 times its packed size"
        peaks.append(peak)
    assert max(peaks) < 8_000_000


def test_more_bytes_than_allowed_are_cut_off_however_well_they_pack() -> None:
    noise = b"".join(struct.pack("<I", zlib.crc32(bytes([i % 256, i // 256 % 256]))) for i in range(60_000))
    limits = Limits(max_bytes=100_000)
    assert refusal(gzipped(noise), limits) == "it holds more than 100,000 bytes"
    assert refusal(zipped({"a.csv": noise[:90_000], "b.csv": noise[90_000:180_000]}), limits) == "it holds more than 100,000 bytes"
    assert refusal(noise, limits) == "it holds more than 100,000 bytes"
    assert refusal(noise, Limits(max_compressed=1000)) == "it holds a file of 240,000 bytes"


def test_a_zip_that_understates_its_size_is_refused() -> None:
    data = bytearray(zipped({"f.csv": TEXT * 50}))
    central = data.rfind(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)
    assert "zip is corrupt or cut off" in refusal(bytes(data))


def test_a_zip_cut_anywhere_is_refused() -> None:
    whole = zipped({"f.csv": TEXT * 20})
    for cut in range(1, len(whole) - 4, 7):
        assert "zip" in refusal(whole[:-cut])


def test_a_flipped_byte_in_a_zip_is_refused() -> None:
    whole = bytearray(zipped({"f.csv": TEXT}, zipfile.ZIP_STORED))
    whole[whole.find(b"2024")] ^= 1
    assert "Bad CRC-32" in refusal(bytes(whole))


def test_garbage_after_a_zip_is_refused() -> None:
    assert refusal(zipped({"f.csv": TEXT}) + b"junk") == "4 bytes follow the end of its zip: 'junk'"


@pytest.mark.parametrize("name", ["../f.csv", "a/../../f.csv", "/etc/f.csv", "..\\f.csv", "C:/f.csv", "a\\b.csv"])
def test_names_that_point_outside_the_zip_are_refused(name: str) -> None:
    assert "points outside the zip" in refusal(zipped({name: TEXT}))


def test_a_nul_in_a_name_does_not_hide_what_follows() -> None:
    data = zipped({"f.csv_evil": TEXT}).replace(b"f.csv_evil", b"f.csv\0evil")
    assert "points outside the zip" in refusal(data)


def test_symbolic_links_are_refused() -> None:
    out = io.BytesIO()
    info = zipfile.ZipInfo("f.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "is a symbolic link" in refusal(out.getvalue())


def test_encrypted_members_are_refused() -> None:
    data = bytearray(zipped({"f.csv": TEXT}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(magic) + flags] |= 1
    assert "is encrypted" in refusal(bytes(data))


def test_members_packed_in_an_unusual_way_are_refused() -> None:
    assert "packed with method 12" in refusal(zipped({"f.csv": TEXT}, zipfile.ZIP_BZIP2))


@pytest.mark.parametrize("outer", [gzipped, lambda data: zipped({"f.csv": data})], ids=["in gzip", "in zip"])
@pytest.mark.parametrize(
    "inner", [gzipped(TEXT), zipped({"x": TEXT}), b"BZh91AY", b"7z\xbc\xaf\x27\x1c"], ids=["gzip", "zip", "bzip2", "7z"]
)
def test_archives_inside_archives_are_refused(outer, inner: bytes) -> None:
    assert "another archive" in refusal(outer(inner))


def test_other_archives_are_named() -> None:
    assert refusal(b"\x28\xb5\x2f\xfd....") == "it is packed with zstd"
    assert refusal(b"x" * 257 + b"ustar\0") == "it is packed with tar"


def test_a_zip_of_nothing_or_of_too_much_or_of_the_same_twice_is_refused() -> None:
    assert refusal(zipped({})) == "its zip holds no file"
    assert refusal(zipped({"folder/": b""})) == "its zip holds no file"
    assert refusal(zipped({f"{n}.csv": b"" for n in range(5)}), Limits(max_members=4)) == "its zip lists 5 files"
    twice = zipped({"f.csv": "one", "g.csv": "two"}).replace(b"g.csv", b"f.csv")
    assert refusal(twice) == "its zip lists one name twice"


def test_what_macos_adds_to_a_zip_is_left_out() -> None:
    assert unpack(zipped({"f.csv": TEXT, "__MACOSX/._f.csv": b"\0\5\x16\7"})) == [("f.csv", TEXT)]
