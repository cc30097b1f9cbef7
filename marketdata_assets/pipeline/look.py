"""What was looked at in a landing folder last time, so that an unchanged file is not read again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from marketdata_assets.core.instruments import format_instruments
from marketdata_assets.lake.store import MissingFault
from marketdata_assets.pipeline.folder import LandedFile, landed_files
from marketdata_assets.pipeline.platform import Platform


@dataclass(frozen=True)
class Look:
    """The files' versions at the last look, and a fingerprint of what decided how they were read.

    It is a note, not a fact: losing it, or being cut off before it is written, only means that files are hashed once more.
    """

    versions: dict[str, str]
    fingerprint: str
    outdated: bool

    @classmethod
    def last(cls, platform: Platform, source: str) -> Look:
        """The last look at a source's folder; `outdated` when its settings or the instruments have changed since."""
        fingerprint = _fingerprint(platform, source)
        try:
            note = orjson.loads(platform.lake.store.read(_path(source)))
            return cls(dict(note["versions"]), fingerprint, note["fingerprint"] != fingerprint)
        except (MissingFault, orjson.JSONDecodeError, KeyError, TypeError):
            return cls({}, fingerprint, outdated=True)

    def changed(self, landing: Path, unsettled: set[str]) -> list[LandedFile]:
        """Files whose version differs from the last look, and the `unsettled` ones (refused, or not taken in whole) when it is outdated."""
        again = unsettled if self.outdated else set()
        return [file for file in landed_files(landing) if self.versions.get(file.path) != file.version or file.path in again]

    def remember(self, platform: Platform, source: str, fresh: list[LandedFile]) -> None:
        """Note the versions just looked at."""
        if fresh or self.outdated:
            versions = self.versions | {file.path: file.version for file in fresh}
            note = orjson.dumps({"fingerprint": self.fingerprint, "versions": versions}, option=orjson.OPT_SORT_KEYS)
            platform.lake.store.write(_path(source), note)


def _path(source: str) -> str:
    return f"_landing/{source}.json"


def _fingerprint(platform: Platform, source: str) -> str:
    settings = platform.settings.sources[source].model_dump_json(exclude={"landing"})
    return sha256(f"{settings}\n{format_instruments(platform.instruments)}".encode()).hexdigest()
