"""boto3, unmodified, against the object storage of the fake."""

import io
import json
import os
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.support.fake_cloud import FakeCloud

boto3 = pytest.importorskip("boto3")

from boto3.s3.transfer import TransferConfig  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

IAM = "/iam/v1alpha1"


def _client(cloud: FakeCloud, access_key: str = "", secret: str = "", region: str = "fr-par") -> Any:
    settings = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client(
        "s3",
        endpoint_url=cloud.url,
        region_name=region,
        aws_access_key_id=access_key or cloud.world.access_key,
        aws_secret_access_key=secret or cloud.world.secret_key,
        config=settings,
    )


def _code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_an_object_comes_back_as_it_was(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="a/b c+é.txt", Body=b"hello", Metadata={"x": "y"}, Tagging="k=v")

    found = s3.get_object(Bucket="data", Key="a/b c+é.txt")

    assert (found["Body"].read(), found["Metadata"], found["TagCount"]) == (b"hello", {"x": "y"}, 1)
    assert s3.get_object(Bucket="data", Key="a/b c+é.txt", Range="bytes=1-2")["Body"].read() == b"el"
    assert s3.get_object_tagging(Bucket="data", Key="a/b c+é.txt")["TagSet"] == [{"Key": "k", "Value": "v"}]


def test_a_wrong_secret_is_refused(cloud: FakeCloud) -> None:
    with pytest.raises(ClientError) as refused:
        _client(cloud, secret="00000000-0000-4000-8000-000000000000").list_buckets()

    assert _code(refused) == "SignatureDoesNotMatch"


def test_a_request_signed_long_ago_is_refused(cloud: FakeCloud) -> None:
    cloud.pass_time(3600)

    with pytest.raises(ClientError) as refused:
        _client(cloud).list_buckets()

    assert _code(refused) == "RequestTimeTooSkewed"


def test_an_object_under_a_client_key_needs_that_key(cloud: FakeCloud) -> None:
    s3, key = _client(cloud), os.urandom(32)
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"s", SSECustomerAlgorithm="AES256", SSECustomerKey=key)

    found = s3.get_object(Bucket="data", Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=key)
    with pytest.raises(ClientError) as without:
        s3.get_object(Bucket="data", Key="k")
    with pytest.raises(ClientError) as wrong:
        s3.get_object(Bucket="data", Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))

    assert found["Body"].read() == b"s"
    assert (_code(without), _code(wrong)) == ("InvalidRequest", "AccessDenied")


def test_a_large_object_goes_up_in_parts(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    part = 5 * 2**20
    transfer = TransferConfig(multipart_threshold=part, multipart_chunksize=part)

    s3.upload_fileobj(io.BytesIO(b"z" * (2 * part + 1)), "data", "big", Config=transfer)

    assert s3.head_object(Bucket="data", Key="big")["ContentLength"] == 2 * part + 1
    assert s3.head_object(Bucket="data", Key="big")["ETag"].endswith('-3"')
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="data")


def test_lists_come_in_pages_and_folders(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    for name in ("a/1", "a/2", "b", "c", "d/1"):
        s3.put_object(Bucket="data", Key=name, Body=b"")

    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="data", PaginationConfig={"PageSize": 2}))
    top = s3.list_objects_v2(Bucket="data", Delimiter="/")

    assert [[item["Key"] for item in page["Contents"]] for page in pages] == [["a/1", "a/2"], ["b", "c"], ["d/1"]]
    assert [item["Prefix"] for item in top["CommonPrefixes"]] == ["a/", "d/"]
    assert [item["Key"] for item in top["Contents"]] == ["b", "c"]


def test_versions_are_kept_and_markers_hide_them(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="data", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="data", Key="k", Body=b"2")

    s3.delete_object(Bucket="data", Key="k")

    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket="data", Key="k")
    listed = s3.list_object_versions(Bucket="data")
    assert _code(refused) == "NoSuchKey"
    assert s3.get_object(Bucket="data", Key="k", VersionId=first)["Body"].read() == b"1"
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1)


def test_a_bucket_that_holds_something_is_kept(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"")

    with pytest.raises(ClientError) as refused:
        s3.delete_bucket(Bucket="data")
    s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "k"}]})
    s3.delete_bucket(Bucket="data")

    assert _code(refused) == "BucketNotEmpty"
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_lives_in_one_region(cloud: FakeCloud) -> None:
    _client(cloud).create_bucket(Bucket="data")

    with pytest.raises(ClientError) as refused:
        _client(cloud, region="pl-waw").list_objects_v2(Bucket="data")

    assert _code(refused) == "NoSuchBucket"


def test_the_canaries_of_a_bucket(cloud: FakeCloud) -> None:
    """The own key reads; a key of another project, nobody at all, and a key outside the bucket's policy do not."""
    keys = {}
    for name in ("mine", "other"):
        project = cloud.make("/account/v3/projects", {"name": name})["id"]
        application = cloud.make(f"{IAM}/applications", {"name": name})["id"]
        rule = {"permission_set_names": ["ObjectStorageFullAccess"], "project_ids": [project]}
        cloud.make(f"{IAM}/policies", {"name": name, "application_id": application, "rules": [rule]})
        body = {"application_id": application, "default_project_id": project}
        keys[name] = (application, cloud.make(f"{IAM}/api-keys", body))
    own, foreign = (_client(cloud, keys[n][1]["access_key"], keys[n][1]["secret_key"]) for n in ("mine", "other"))
    own.create_bucket(Bucket="data")
    own.put_object(Bucket="data", Key="k", Body=b"1")

    with pytest.raises(ClientError) as refused:
        foreign.get_object(Bucket="data", Key="k")
    with pytest.raises(urllib.error.HTTPError) as anonymous:
        urllib.request.urlopen(f"{cloud.url}/data/k")
    assert own.get_object(Bucket="data", Key="k")["Body"].read() == b"1"
    assert (_code(refused), anonymous.value.code) == ("AccessDenied", 403)
    anonymous.value.close()

    statement = {
        "Effect": "Allow", "Principal": {"SCW": f"application_id:{keys['other'][0]}"}, "Action": "s3:*",
        "Resource": ["data", "data/*"],
    }  # fmt: skip
    policy = f'{{"Version": "2023-04-17", "Statement": [{json.dumps(statement)}]}}'
    own.put_bucket_policy(Bucket="data", Policy=policy)
    with pytest.raises(ClientError) as shut_out:
        own.get_object(Bucket="data", Key="k")
    assert _code(shut_out) == "AccessDenied"


def test_a_link_works_until_it_expires(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"1")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "k"}, ExpiresIn=60)

    with urllib.request.urlopen(link) as response:
        assert response.read() == b"1"
    cloud.pass_time(120)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(link)
    assert refused.value.code == 403
    refused.value.close()


def test_locked_objects_stay(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data", ObjectLockEnabledForBucket=True)
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket="data", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
    )
    version = s3.put_object(Bucket="data", Key="k", Body=b"1")["VersionId"]

    with pytest.raises(ClientError) as refused:
        s3.delete_object(Bucket="data", Key="k", VersionId=version)

    assert _code(refused) == "AccessDenied"


def test_configurations_come_back_and_go(cloud: FakeCloud) -> None:
    s3 = _client(cloud)
    s3.create_bucket(Bucket="data")
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket="data", CORSConfiguration={"CORSRules": [rule]})
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration=encryption)

    assert s3.get_bucket_cors(Bucket="data")["CORSRules"] == [rule]
    s3.delete_bucket_cors(Bucket="data")
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_cors(Bucket="data")
    assert _code(refused) == "NoSuchCORSConfiguration"
    assert s3.put_object(Bucket="data", Key="k", Body=b"")["ServerSideEncryption"] == "AES256"
