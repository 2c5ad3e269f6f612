"""Object storage in detail: what boto3 sends less often."""

from typing import Any

import pytest

from tests.support.fake_cloud import FakeCloud

boto3 = pytest.importorskip("boto3")

from botocore.exceptions import ClientError  # noqa: E402


@pytest.fixture
def s3(cloud: FakeCloud) -> Any:
    keys = {"aws_access_key_id": cloud.world.access_key, "aws_secret_access_key": cloud.world.secret_key}
    client = boto3.client("s3", endpoint_url=cloud.url, region_name="fr-par", **keys)
    client.create_bucket(Bucket="data")
    return client


def _refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_policy", "NoSuchBucketPolicy"),
    ],
)
def test_a_configuration_that_was_not_set_is_named(s3: Any, name: str, code: str) -> None:
    assert _refusal(getattr(s3, name), Bucket="data") == code


def test_a_bucket_has_one_owner_and_a_legal_name(s3: Any) -> None:
    assert _refusal(s3.create_bucket, Bucket="data") == "BucketAlreadyOwnedByYou"
    assert _refusal(s3.create_bucket, Bucket="Not.Legal_") == "InvalidBucketName"
    assert s3.get_bucket_location(Bucket="data")["LocationConstraint"] == "fr-par"


def test_too_many_buckets(s3: Any, cloud: FakeCloud) -> None:
    cloud.world.limits.quotas["bucket"] = 1

    assert _refusal(s3.create_bucket, Bucket="another") == "TooManyBuckets"


def test_what_is_wrong_in_a_configuration_is_refused(s3: Any) -> None:
    rule = {"Expiration": {"Days": 1}, "Filter": {"Prefix": ""}, "Status": "Enabled", "ID": "x"}
    s3.put_bucket_lifecycle_configuration(Bucket="data", LifecycleConfiguration={"Rules": [rule]})
    keyed = {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}
    without_key = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    with_key = {"Rules": [{"ApplyServerSideEncryptionByDefault": keyed}]}

    put = s3.put_bucket_encryption
    assert _refusal(put, Bucket="data", ServerSideEncryptionConfiguration=with_key) == "InvalidArgument"
    assert _refusal(put, Bucket="data", ServerSideEncryptionConfiguration=without_key) == "InvalidArgument"
    empty = {"Rules": []}
    assert (
        _refusal(s3.put_bucket_lifecycle_configuration, Bucket="data", LifecycleConfiguration=empty) == "MalformedXML"
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket="data")["Rules"][0]["ID"] == "x"
    policy = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "another"}]}'
    assert _refusal(s3.put_bucket_policy, Bucket="data", Policy=policy) == "MalformedPolicy"


def test_access_lists_are_canned_or_written_out(s3: Any, cloud: FakeCloud) -> None:
    s3.put_object(Bucket="data", Key="k", Body=b"1", ACL="public-read")
    assert cloud.ask("GET", "/data/k", secret="").body == b"1"
    grants = s3.get_object_acl(Bucket="data", Key="k")["Grants"]
    assert {grant["Permission"] for grant in grants} == {"READ", "FULL_CONTROL"}

    s3.put_object_acl(Bucket="data", Key="k", ACL="private")
    assert cloud.ask("GET", "/data/k", secret="").status == 403
    owner = s3.get_bucket_acl(Bucket="data")["Owner"]
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    policy = {"Owner": owner, "Grants": [{"Grantee": group, "Permission": "READ"}]}
    s3.put_bucket_acl(Bucket="data", AccessControlPolicy=policy)
    assert cloud.ask("GET", "/data", secret="").status == 200
    assert s3.get_bucket_acl(Bucket="data")["Grants"][0]["Grantee"]["URI"] == group["URI"]
    bad = {"Owner": owner, "Grants": [{"Grantee": group, "Permission": "EVERYTHING"}]}
    assert _refusal(s3.put_bucket_acl, Bucket="data", AccessControlPolicy=bad) == "MalformedXML"


def test_a_deny_wins_even_over_the_owner(s3: Any) -> None:
    policy = (
        '{"Version": "2023-04-17", "Statement": ['
        '{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["data", "data/*"]},'
        '{"Effect": "Deny", "Principal": {"SCW": "*"}, "Action": ["s3:DeleteObject"], "Resource": ["data/*"]}]}'
    )
    s3.put_object(Bucket="data", Key="k", Body=b"1")
    s3.put_bucket_policy(Bucket="data", Policy=policy)

    assert _refusal(s3.delete_object, Bucket="data", Key="k") == "AccessDenied"
    found = s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "k"}]})
    assert found["Errors"][0]["Code"] == "AccessDenied"
    s3.delete_bucket_policy(Bucket="data")
    s3.delete_object(Bucket="data", Key="k")


def test_a_copy_takes_metadata_and_tags_or_new_ones(s3: Any) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"1", Metadata={"m": "1"}, Tagging="t=1")
    source = {"Bucket": "data", "Key": "a"}

    s3.copy_object(Bucket="data", Key="b", CopySource=source)
    s3.copy_object(Bucket="data", Key="c", CopySource=source, MetadataDirective="REPLACE", Metadata={"m": "2"})

    assert s3.head_object(Bucket="data", Key="b")["Metadata"] == {"m": "1"}
    assert s3.get_object_tagging(Bucket="data", Key="b")["TagSet"] == [{"Key": "t", "Value": "1"}]
    assert s3.head_object(Bucket="data", Key="c")["Metadata"] == {"m": "2"}
    s3.delete_object_tagging(Bucket="data", Key="b")
    s3.put_object_tagging(Bucket="data", Key="c", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
    assert s3.get_object_tagging(Bucket="data", Key="b")["TagSet"] == []
    absent = {"Bucket": "absent", "Key": "a"}
    assert _refusal(s3.copy_object, Bucket="data", Key="d", CopySource=absent) == "NoSuchBucket"


def test_conditions_ranges_and_digests(s3: Any) -> None:
    etag = s3.put_object(Bucket="data", Key="k", Body=b"hello", StorageClass="ONEZONE_IA")["ETag"]

    assert _refusal(s3.put_object, Bucket="data", Key="k", Body=b"x", IfNoneMatch="*") == "PreconditionFailed"
    assert _refusal(s3.get_object, Bucket="data", Key="k", IfNoneMatch=etag) == "304"
    assert s3.get_object(Bucket="data", Key="k", Range="bytes=-2")["Body"].read() == b"lo"
    assert _refusal(s3.get_object, Bucket="data", Key="k", Range="bytes=9-12") == "InvalidRange"
    wrong = "1B2M2Y8AsgTpgAmY7PhCfg=="
    assert _refusal(s3.put_object, Bucket="data", Key="k", Body=b"x", ContentMD5=wrong) == "BadDigest"
    assert s3.head_object(Bucket="data", Key="k")["StorageClass"] == "ONEZONE_IA"
    assert _refusal(s3.get_object, Bucket="data", Key="k", VersionId="1") == "NoSuchVersion"


def test_an_upload_is_listed_aborted_and_checked(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="data", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="data", Key="big", UploadId=upload, PartNumber=1, Body=b"1")["ETag"]
    s3.upload_part(Bucket="data", Key="big", UploadId=upload, PartNumber=2, Body=b"2")
    where = {"Bucket": "data", "Key": "big", "UploadId": upload}

    assert [item["PartNumber"] for item in s3.list_parts(**where)["Parts"]] == [1, 2]
    assert [item["Key"] for item in s3.list_multipart_uploads(Bucket="data")["Uploads"]] == ["big"]
    assert _refusal(s3.delete_bucket, Bucket="data") == "BucketNotEmpty"
    complete = s3.complete_multipart_upload
    unknown = {"Parts": [{"PartNumber": 3, "ETag": part}]}
    assert _refusal(complete, **where, MultipartUpload=unknown) == "InvalidPart"
    twice = {"Parts": [{"PartNumber": 1, "ETag": part}, {"PartNumber": 1, "ETag": part}]}
    assert _refusal(complete, **where, MultipartUpload=twice) == "InvalidPartOrder"
    other = s3.list_parts(**where)["Parts"][1]["ETag"]
    small = {"Parts": [{"PartNumber": 1, "ETag": part}, {"PartNumber": 2, "ETag": other}]}
    assert _refusal(complete, **where, MultipartUpload=small) == "EntityTooSmall"
    s3.abort_multipart_upload(**where)
    assert _refusal(s3.list_parts, **where) == "NoSuchUpload"


def test_the_first_generation_of_lists_pages_by_marker(s3: Any) -> None:
    for name in "abc":
        s3.put_object(Bucket="data", Key=name, Body=b"")

    first = s3.list_objects(Bucket="data", MaxKeys=2)

    assert (first["IsTruncated"], first["NextMarker"]) == (True, "b")
    assert [item["Key"] for item in s3.list_objects(Bucket="data", Marker="b")["Contents"]] == ["c"]
    assert _refusal(s3.list_objects_v2, Bucket="data", ContinuationToken="%%%") == "InvalidArgument"


def test_a_project_is_chosen_with_the_key(s3: Any, cloud: FakeCloud) -> None:
    project = cloud.make("/account/v3/projects", {"name": "p"})["id"]
    key = f"{cloud.world.access_key}@{project}"
    keys = {"aws_access_key_id": key, "aws_secret_access_key": cloud.world.secret_key}
    boto3.client("s3", endpoint_url=cloud.url, region_name="fr-par", **keys).create_bucket(Bucket="theirs")

    bucket = cloud.world.store.get("bucket", "theirs")

    assert bucket is not None
    assert bucket.project == project
    assert cloud.ask("DELETE", f"/account/v3/projects/{project}").status == 412


def test_what_is_not_imitated_says_so(s3: Any) -> None:
    assert _refusal(s3.get_bucket_replication, Bucket="data") in {"NotImplemented", "501"}
