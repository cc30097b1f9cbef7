"""The lake in a bucket: one conditional PUT per file, so an object is there as a whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from marketdata_assets.core.faults import ConflictFault, Fault
from marketdata_assets.lake.s3_retry import Retry, status_of
from marketdata_assets.lake.store import ANY, AnyVersion, Entry, Expectation, Fetched, MissingFault, Write, require_path

A = TypeVar("A")
B = TypeVar("B")

_THREADS = 16
_PAGE = 1000
_STRIPES = 256
_NOT_FOUND = 404
_PRECONDITION = 412
_NOTHING_IN_RANGE = 416


class S3Store:
    """Objects below a prefix of one bucket; a `Store`. A version is the object's ETag.

    Server errors, throttling, time-outs and connections that break are tried again a bounded number of times. A PUT whose answer was
    lost is recognised by a token in the object's user metadata, so trying it again is neither lost nor a conflict with oneself.
    """

    def __init__(self, bucket: str, prefix: str, client: Any, *, sse: str | None = None, retry: Retry | None = None) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._client = client
        self._sse = {"ServerSideEncryption": sse} if sse else {}
        self._retry = retry or Retry()
        self._turns = [threading.Lock() for _ in range(_STRIPES)]
        self.root = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def read(self, path: str) -> bytes:
        """See `Store.read`."""
        return self._get(path).data

    def read_head(self, path: str, size: int) -> bytes:
        """See `Store.read_head`."""
        return self._get(path, Range=f"bytes=0-{size - 1}").data

    def fetch(self, paths: Sequence[str]) -> Sequence[Fetched | None]:
        """See `Store.fetch`."""
        return self._at_once(self._get_if_there, paths)

    def write(self, path: str, data: bytes, *, expect: Expectation = ANY) -> str:
        """See `Store.write`."""
        key = self._key(path)
        token = uuid.uuid4().hex
        condition = {} if isinstance(expect, AnyVersion) else {"IfNoneMatch": "*"} if expect is None else {"IfMatch": expect}
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()

        def put(ambiguous: bool) -> str:
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=data, ContentMD5=md5, Metadata={"writer": token}, **condition, **self._sse
                )
                return str(answer["ETag"])
            except ClientError as error:
                mine = self._version_by(key, token) if ambiguous and status_of(error) in {_NOT_FOUND, _PRECONDITION} else None
                if mine is not None:
                    return mine
                raise

        try:
            return self._retry.run("publishing an object of the lake", path, put)
        except MissingFault:  # If-Match on an object that is gone
            raise ConflictFault(
                "publishing an object of the lake",
                "the object it was to replace is gone",
                "run again, on top of what is there now",
                path=path,
            ) from None

    def write_many(self, writes: Sequence[Write]) -> Sequence[str | Fault]:
        """See `Store.write_many`."""
        return self._at_once(self._outcome, writes)

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Store.folders`."""
        pages = self._pages(prefix, "/")
        return sorted(common["Prefix"].rstrip("/").rpartition("/")[2] for page in pages for common in page.get("CommonPrefixes", ()))

    def stat(self, path: str) -> Entry | None:
        """See `Store.stat`."""
        key = self._key(path)
        try:
            head = self._retry.run(
                "looking for an object of the lake", path, lambda _: self._client.head_object(Bucket=self._bucket, Key=key)
            )
        except MissingFault:
            return None
        return Entry(path, int(head["ContentLength"]), str(head["ETag"]))

    def stat_many(self, paths: Sequence[str]) -> Sequence[Entry | None]:
        """See `Store.stat_many`."""
        return self._at_once(self.stat, paths)

    def delete(self, path: str) -> None:
        """See `Store.delete`."""
        key = self._key(path)
        self._retry.run("deleting an object of the lake", path, lambda _: self._client.delete_object(Bucket=self._bucket, Key=key))

    @contextmanager
    def turn(self, paths: Sequence[str]) -> Iterator[None]:
        """See `Store.turn`. Holds for the threads that share this store; other processes meet at the conditional PUT."""
        with ExitStack() as held:
            for stripe in sorted({zlib.crc32(path.encode()) % _STRIPES for path in paths}):
                held.enter_context(self._turns[stripe])
            yield

    def sweep(self) -> int:
        """See `Store.sweep`. A PUT leaves nothing behind, so there is nothing to remove."""
        return 0

    def _at_once(self, call: Callable[[A], B], each: Sequence[A]) -> Sequence[B]:
        if len(each) <= 1:
            return [call(one) for one in each]
        with ThreadPoolExecutor(_THREADS) as pool:
            return [*pool.map(call, each)]

    def _outcome(self, write: Write) -> str | Fault:
        try:
            return self.write(write.path, write.data, expect=write.expect)
        except Fault as fault:
            return fault

    def _get_if_there(self, path: str) -> Fetched | None:
        try:
            return self._get(path)
        except MissingFault:
            return None

    def _get(self, path: str, **extra: str) -> Fetched:
        key = self._key(path)

        def get(_: bool) -> Fetched:
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, **extra)
            except ClientError as error:
                if status_of(error) == _NOTHING_IN_RANGE:  # an empty object has no first byte
                    return Fetched(b"", "")
                raise
            return Fetched(answer["Body"].read(), str(answer["ETag"]))

        return self._retry.run("reading an object of the lake", path, get)

    def _version_by(self, key: str, token: str) -> str | None:
        """The version of the object when it is the one that the writer `token` put there."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if status_of(error) == _NOT_FOUND:
                return None
            raise
        return str(head["ETag"]) if head.get("Metadata", {}).get("writer") == token else None

    def _pages(self, prefix: str, delimiter: str) -> Iterator[dict[str, Any]]:
        below = self._prefix + (require_path(prefix) + "/" if prefix else "")
        more: dict[str, str] = {}
        while True:
            page = self._retry.run(
                "listing the lake",
                prefix,
                lambda _, more=more: self._client.list_objects_v2(  # type: ignore[misc]
                    Bucket=self._bucket, Prefix=below, Delimiter=delimiter, MaxKeys=_PAGE, **more
                ),
            )
            yield page
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, path: str) -> str:
        return self._prefix + require_path(path)

    def list(self, prefix: str) -> list[Entry]:
        """See `Store.list`."""
        start = len(self._prefix)
        found = (page.get("Contents", ()) for page in self._pages(prefix, ""))
        return sorted(Entry(o["Key"][start:], int(o["Size"]), str(o["ETag"])) for objects in found for o in objects)
