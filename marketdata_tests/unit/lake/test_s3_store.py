"""What only a bucket can do: pages of listings, encryption, credentials, prefixes that begin alike."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from marketdata_assets.core.faults import ConflictFault, StorageFault
from marketdata_assets.lake import s3 as module
from marketdata_assets.lake.lake import open_lake
from marketdata_assets.lake.s3 import S3Store
from marketdata_assets.lake.s3_options import S3Options
from marketdata_assets.lake.s3_retry import Retry, fault_of
from marketdata_assets.lake.store import FinalStorageFault, MissingFault, Write
from marketdata_tests.support.lake_samples import PATH, READINGS, rectangle
from marketdata_tests.support.s3_server import S3Server


def test_a_lake_opens_by_its_url_with_credentials_from_the_environment(s3_server: S3Server) -> None:
    bucket = s3_server.new_bucket()
    lake = open_lake(f"s3://{bucket}/deep/prefix", s3=s3_server.options)
    lake.publish(PATH, READINGS, rectangle(["2024"], ["AAPL"]))
    assert lake.store.root == f"s3://{bucket}/deep/prefix"
    keys = [found["Key"] for found in s3_server.client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [f"deep/prefix/{PATH}/2024/AAPL.parquet"]


def test_two_lakes_in_one_bucket_whose_prefixes_begin_alike_do_not_meet(s3_server: S3Server) -> None:
    bucket, client = s3_server.new_bucket(), s3_server.client
    stores = {prefix: S3Store(bucket, prefix, client) for prefix in ("", "a", "ab", "a/b")}
    for prefix, store in stores.items():
        store.write("t/x", prefix.encode())
    assert [store.read("t/x") for store in stores.values()] == [prefix.encode() for prefix in stores]
    assert [entry.path for entry in stores["ab"].list("")] == ["t/x"]
    assert stores["a"].folders("") == ["b", "t"]


def test_a_listing_longer_than_a_page_is_complete(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 7)
    store = S3Store(s3_server.new_bucket(), "p", s3_server.client)
    paths = [f"t/{i % 9}/{i:03}" for i in range(40)]
    store.write_many([Write(path, b"x") for path in paths])
    assert [entry.path for entry in store.list("")] == sorted(paths)
    assert [entry.path for entry in store.list("t/3")] == [p for p in paths if p.startswith("t/3/")]
    assert store.folders("t") == [str(i) for i in range(9)]


def test_encryption_is_asked_for_with_every_object(s3_server: S3Server) -> None:
    bucket, client = s3_server.new_bucket(), s3_server.client
    S3Store(bucket, "", client, sse="aws:kms").write("a", b"1")
    assert client.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "aws:kms"


def test_a_conditional_write_replaces_only_what_was_seen(s3_server: S3Server) -> None:
    store = S3Store(s3_server.new_bucket(), "p", s3_server.client)
    first = store.write("a", b"1", expect=None)
    with pytest.raises(ConflictFault):
        store.write("a", b"2", expect=None)
    second = store.write("a", b"2", expect=first)
    with pytest.raises(ConflictFault):
        store.write("a", b"3", expect=first)
    store.delete("a")
    store.delete("a")
    with pytest.raises(ConflictFault, match="gone"):
        store.write("a", b"3", expect=second)
    assert store.stat("a") is None


def test_the_head_of_an_object_is_read_alone_and_an_empty_object_has_none(s3_server: S3Server) -> None:
    store = S3Store(s3_server.new_bucket(), "p", s3_server.client)
    store.write("a", b"0123456789")
    store.write("empty", b"")
    assert store.read_head("a", 4) == b"0123"
    assert store.read_head("a", 400) == b"0123456789"
    assert store.read_head("empty", 4) == b""
    with pytest.raises(MissingFault):
        store.read_head("none", 4)


def test_a_bucket_that_does_not_exist_is_named_as_the_cause(s3_server: S3Server) -> None:
    store = S3Store("no-such-bucket-here", "p", s3_server.client)
    for call in (lambda: store.write("a", b"1"), lambda: store.read("a"), lambda: store.list("")):
        with pytest.raises(FinalStorageFault, match="bucket does not exist"):
            call()


def test_a_server_that_is_not_there_is_a_fault_after_bounded_tries() -> None:
    nobody = S3Options(endpoint_url="http://127.0.0.1:9", region="us-east-1", connect_timeout=0.2, read_timeout=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        store = S3Store("bucket", "", nobody.client(), retry=Retry(attempts=3, first_pause=0.001))
        with pytest.raises(StorageFault, match="in 3 tries") as caught:
            store.read("a")
    assert caught.value.retryable


def answer(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (NoCredentialsError(), FinalStorageFault, False),
        (EndpointConnectionError(endpoint_url="http://x"), StorageFault, True),
        (answer(403, "AccessDenied"), FinalStorageFault, False),
        (answer(503, "SlowDown"), StorageFault, True),
        (answer(404, "NoSuchKey"), MissingFault, False),
        (answer(412, "PreconditionFailed"), ConflictFault, True),
    ],
)
def test_an_answer_of_the_store_becomes_the_fault_it_stands_for(error: Exception, kind: type[Exception], retryable: bool) -> None:
    fault = fault_of(error, "reading", "a/b", 1)
    assert type(fault) is kind
    assert fault.retryable is retryable
