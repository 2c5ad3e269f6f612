"""A recording made of the fake itself, in the recorded format, conforms when it is replayed; the command says so."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.workspaces.fake_scaleway.conformance.report import check_folder, summary
from tests.support.fake_cloud import FakeCloud

boto3 = pytest.importorskip("boto3")

ROOT = Path(__file__).parents[3]


def _recorder(client: Any, steps: list[dict[str, Any]]) -> None:
    """Write down every exchange of a boto3 client as recordings do: no bucket name, no headers, no body of objects."""

    def note(request: Any, http_response: Any) -> None:
        path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
        body = request.body if isinstance(request.body, bytes) else b""
        key = path.partition("/")[2]
        is_object = bool(key) and not {"tagging", "acl"} & set(query.replace("=", "&").split("&"))
        steps.append(
            {
                "m": request.method, "p": f"/{key}", "s": http_response.status_code, "host": "s3.fr-par.scw.cloud",
                "q": query, "req": "<body>" if is_object and body else body.decode(), "t": len(steps),
                "res": "" if request.method == "HEAD" else http_response.text,
            }
        )  # fmt: skip

    original = client._endpoint.http_session.send

    def send(request: Any) -> Any:
        response = original(request)
        note(request, response)
        return response

    client._endpoint.http_session.send = send


@pytest.fixture
def steps(cloud: FakeCloud) -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    keys = {"aws_access_key_id": cloud.world.access_key, "aws_secret_access_key": cloud.world.secret_key}
    s3 = boto3.client("s3", endpoint_url=cloud.url, region_name="fr-par", **keys)
    _recorder(s3, found)
    s3.create_bucket(Bucket="recorded-bucket", ObjectLockEnabledForBucket=True)
    s3.put_bucket_tagging(Bucket="recorded-bucket", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.put_bucket_acl(Bucket="recorded-bucket", ACL="public-read")
    s3.get_bucket_acl(Bucket="recorded-bucket")
    s3.get_object_lock_configuration(Bucket="recorded-bucket")
    s3.get_bucket_tagging(Bucket="recorded-bucket")
    s3.put_object(Bucket="recorded-bucket", Key="one", Body=b"1", Tagging="a=b", ACL="public-read")
    s3.get_object_tagging(Bucket="recorded-bucket", Key="one")
    s3.get_object_acl(Bucket="recorded-bucket", Key="one")
    s3.list_objects(Bucket="recorded-bucket")
    website = {"IndexDocument": {"Suffix": "index.html"}}
    s3.put_bucket_website(Bucket="recorded-bucket", WebsiteConfiguration=website)
    s3.get_bucket_website(Bucket="recorded-bucket")
    s3.delete_bucket_website(Bucket="recorded-bucket")
    version = s3.list_object_versions(Bucket="recorded-bucket")["Versions"][0]["VersionId"]
    s3.delete_object(Bucket="recorded-bucket", Key="one", VersionId=version)
    s3.delete_bucket(Bucket="recorded-bucket")
    yield found


def _write(folder: Path, name: str, steps: list[dict[str, Any]]) -> None:
    (folder / f"{name}.jsonl").write_text(json.dumps({"src": "recorded here", "steps": steps}) + "\n")


def test_object_storage_recorded_without_names_and_headers_conforms(
    steps: list[dict[str, Any]], tmp_path: Path
) -> None:
    _write(tmp_path, "object", steps)

    report = summary(check_folder(tmp_path))["products"]["object"]

    assert len(steps) == 16
    assert report["differences"] == []


def test_the_command_prints_the_shares_and_fails_below_the_bar(steps: list[dict[str, Any]], tmp_path: Path) -> None:
    _write(tmp_path, "object", [{**step, "s": 418} for step in steps])
    command = [sys.executable, "manage.py", "scaleway_conformance", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False)

    found = json.loads(done.stdout)
    assert (done.returncode, found["holds"], found["products"]["object"]["conforming"]) == (1, False, 0)


def _environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "hdh_portal.settings.test"}


def test_the_process_announces_itself_serves_and_remembers(tmp_path: Path) -> None:
    """Started twice on the same state: the second knows what the first was told."""
    state, ledger = tmp_path / "state", tmp_path / "ledger.sqlite"
    command = [
        sys.executable,
        "manage.py",
        "fake_scaleway",
        "--port",
        "0",
        "--state",
        str(state),
        "--ledger",
        str(ledger),
    ]
    keys = []
    for number in range(2):
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        keys.append(announced["secret_key"])
        projects = f"{announced['api_url']}/account/v3/projects"
        headers = {"X-Auth-Token": announced["secret_key"], "Content-Type": "application/json"}
        body = json.dumps({"name": f"project-{number}"}).encode()
        urllib.request.urlopen(urllib.request.Request(projects, body, headers)).close()
        with urllib.request.urlopen(urllib.request.Request(projects, headers=headers)) as response:
            names = [project["name"] for project in json.load(response)["projects"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()

    assert keys[0] == keys[1]
    assert names == ["default", "hub", "project-0", "project-1"]
    assert re.search(rb"SQLite", ledger.read_bytes())
