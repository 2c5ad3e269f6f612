"""What recordings of object storage leave out: the bucket's name and the request's headers.

Buckets are numbered in the order of their creation. A step is sent to the bucket whose recorded name shows in its
answer or its body, else to the one that such a step concerned last. Headers that left a trace in a later answer
(lock at creation, canned ACL, tags, the source of a copy) are reconstructed from that trace.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from apps.workspaces.fake_scaleway.conformance.scenario import Scenario, Step

JSON = Any
NAME = re.compile(r"<Name>([^<]+)</Name>|<Resource>/([^</]+)|<BucketName>([^<]+)<|<Bucket>([^<]+)</Bucket>")
POLICY_NAME = re.compile(r'"Resource":\s*\[?\s*"([^"/]+)')
VERSION = re.compile(r"<VersionId>([^<]+)<")
# Sub-resources that cannot be set without a body: where it was not recorded, the next answer about it is sent.
NEED_BODY = {"tagging", "versioning", "cors", "lifecycle", "website", "encryption", "object-lock", "policy"}
TAG = re.compile(r"<Key>([^<]*)</Key><Value>([^<]*)</Value>")


@dataclass
class Bucket:
    """One bucket of a recording: what the replay calls it, and what the recording does once that is seen."""

    name: str
    region: str
    recorded: str = ""
    alive: bool = True
    seen: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class StorageGuide:
    """Chooses bucket and headers for the object storage steps of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._steps = scenario.steps
        self._buckets: list[Bucket] = []
        self._versions: dict[str, str] = {}

    def candidates(self, step: Step) -> list[Bucket]:
        """The buckets that this step may concern, best first; one only where the recording names it."""
        if _creates(step):
            bucket = self._new(step)
            self._buckets.append(bucket)
            return [bucket]
        recorded = _recorded_name(step)
        if recorded:
            return [self._named(recorded, step)]
        here = [b for b in reversed(self._buckets) if b.region == step.region]
        ordered = [b for b in here if b.alive] + [b for b in here if not b.alive]
        what = _what(step)
        if step.method != "GET":
            ordered.sort(key=lambda bucket: (not bucket.alive, bucket.seen.count(what)))
        return ordered or [Bucket("replayed-unknown", step.region)]

    def _new(self, step: Step) -> Bucket:
        """A bucket under the next name that the recording shows in this region, or under that of one deleted before."""
        taken = [b.name for b in self._buckets if b.region == step.region]
        shown = [name for other in self._steps if other.region == step.region and (name := _recorded_name(other))]
        fresh = [name for name in shown if name not in taken]
        again = [b.name for b in self._buckets if b.region == step.region and not b.alive]
        numbered = f"replayed-bucket-{len(self._buckets) + 1}"
        name = next(iter([*fresh, *reversed(again), numbered]))
        return Bucket(name, step.region, "" if name == numbered else name)

    def _named(self, recorded: str, step: Step) -> Bucket:
        known = [b for b in self._buckets if b.recorded == recorded]
        here = [b for b in known if b.region == step.region]
        if known:
            return (here or known)[-1]
        unnamed = [b for b in self._buckets if not b.recorded]
        near = [b for b in unnamed if b.region == step.region]
        chosen = (near or unnamed or [Bucket(recorded.lower()[:63], step.region)])[0]
        chosen.recorded = recorded
        return chosen

    def done(self, step: Step, bucket: Bucket, answer: JSON) -> None:
        """Remember that this step concerned this bucket, and the versions that its answer lists."""
        if "versions" in step.has and isinstance(step.response, str) and isinstance(answer, dict):
            recorded = VERSION.findall(step.response)
            listed = [item["VersionId"] for item in answer.get("Version", [])]
            self._versions.update(zip(recorded, listed, strict=False))
        bucket.seen.append(_what(step))
        if step.method == "DELETE" and step.path == "/" and not step.query and step.status == 204:
            bucket.alive = False
        if step.method == "PUT" and step.path != "/" and not step.has & {"tagging", "acl"} and step.status == 200:
            bucket.keys.append(step.path)

    def query(self, step: Step) -> list[tuple[str, str]]:
        return [(name, self._versions.get(value, value)) for name, value in step.query]

    def body(self, step: Step, bucket: Bucket) -> bytes:
        text = step.request if isinstance(step.request, str) else ""
        if not text and step.method == "PUT" and step.has & NEED_BODY:
            (name, *_) = step.has & NEED_BODY
            text = _next_answer(self._steps[_position(self._steps, step) + 1 :], step, name)
        if isinstance(step.request, dict):
            text = json.dumps(step.request)
        if bucket.recorded:
            text = text.replace(bucket.recorded, bucket.name)
        return b"content of the object" if text == "<body>" else text.encode()

    def headers(self, step: Step, bucket: Bucket) -> dict[str, str]:
        """The headers that later answers show to have been sent."""
        later = self._steps[_position(self._steps, step) + 1 :]
        if _creates(step):
            return {"x-amz-bucket-object-lock-enabled": "true"} if _locked(later, step) else {}
        if step.method != "PUT":
            return {}
        if "acl" in step.has and not step.request:
            return {"x-amz-acl": _canned(later, step)}
        if step.path == "/" or step.has & {"tagging", "acl"}:
            return {}
        headers = {"x-amz-acl": _canned(later, step)}
        tags = _tags(later, step)
        if tags:
            headers["x-amz-tagging"] = tags
        if ("x-id", "CopyObject") in step.query and bucket.keys:
            headers["x-amz-copy-source"] = f"/{bucket.name}{bucket.keys[-1]}"
        return headers


def _position(steps: list[Step], step: Step) -> int:
    return next(number for number, other in enumerate(steps) if other is step)


def _creates(step: Step) -> bool:
    return step.method == "PUT" and step.path == "/" and not step.query


def _what(step: Step) -> str:
    return " ".join((step.method, step.path if step.path == "/" else "key", *sorted(step.has)))


def _recorded_name(step: Step) -> str:
    found = NAME.search(step.response) if isinstance(step.response, str) else None
    if found:
        return next(group for group in found.groups() if group)
    body = json.dumps(step.request) if isinstance(step.request, dict) else str(step.request or "")
    policy = POLICY_NAME.search(body) if "policy" in step.has else None
    return policy[1] if policy else ""


def _locked(later: list[Step], step: Step) -> bool:
    """A lock that is there before any was put was there from the start."""
    for other in later:
        if other.region == step.region and "object-lock" in other.has and other.path == "/":
            return other.status == 200 and other.method in ("GET", "PUT")
    return False


def _next_answer(later: list[Step], step: Step, what: str) -> str:
    """The next answer about this sub-resource, unless it is set again before."""
    for other in later:
        if other.region == step.region and other.path == step.path and what in other.has:
            return str(other.response) if other.method == "GET" else ""
    return ""


def _canned(later: list[Step], step: Step) -> str:
    answer = _next_answer(later, step, "acl")
    if "AllUsers" in answer:
        return "public-read-write" if "<Permission>WRITE<" in answer else "public-read"
    return "authenticated-read" if "AuthenticatedUsers" in answer else "private"


def _tags(later: list[Step], step: Step) -> str:
    return "&".join(f"{key}={value}" for key, value in TAG.findall(_next_answer(later, step, "tagging")))
