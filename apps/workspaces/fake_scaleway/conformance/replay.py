"""One scenario against one fresh fake, over real HTTP on the loopback interface."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp import web
from yarl import URL

from apps.workspaces.fake_scaleway.clock import VirtualClock, parse_stamp
from apps.workspaces.fake_scaleway.conformance.ambient import Ambient
from apps.workspaces.fake_scaleway.conformance.compare import Difference, differences, is_cut, is_optional, xml_shape
from apps.workspaces.fake_scaleway.conformance.scenario import Scenario, Step
from apps.workspaces.fake_scaleway.conformance.signing import sign
from apps.workspaces.fake_scaleway.conformance.storage import Bucket, StorageGuide
from apps.workspaces.fake_scaleway.conformance.translate import Translation
from apps.workspaces.fake_scaleway.products.registry import ROUTER
from apps.workspaces.fake_scaleway.seeds import seed
from apps.workspaces.fake_scaleway.server import application
from apps.workspaces.fake_scaleway.world import World

JSON = Any
# How far time may be moved to let a poll reach its recorded state: the time that the recording waited, and some more,
# because the durations of one operation differ from day to day.
PATIENCE = 60.0
MOST_CHANGES = 12
PASSING_REFUSALS = {409, 412, 400}


@dataclass(frozen=True)
class Answer:
    status: int
    body: JSON


@dataclass
class StepResult:
    """`conditioned`: the recorded answer depends on other clients' traffic, which the replay brought about itself."""

    step: Step
    operation: str
    differences: list[Difference] = field(default_factory=list)
    conditioned: bool = False


class Replay:
    """Plays the steps of a scenario in order, moving the fake's clock where the recording had waited."""

    def __init__(self, scenario: Scenario, world: World, session: aiohttp.ClientSession, origin: str) -> None:
        self._scenario = scenario
        self._world = world
        self._session = session
        self._origin = origin
        self._guide = StorageGuide(scenario)
        self._ambient = Ambient(world, scenario)
        self._ids = Translation(self._ambient.bind)
        self._last = 0.0

    async def run(self) -> list[StepResult]:
        return [await self._play(step) for step in self._scenario.steps]

    async def _play(self, step: Step) -> StepResult:
        result = StepResult(step, _operation(step))
        self._ambient.is_missing, self._ids.is_refused = step.status == 404, step.status == 400
        if step.status == 429:
            self._world.faults.add(operation=result.operation, answer="rate_limited")
            result.conditioned = True
        try:
            play = self._play_storage if step.is_storage else self._play_product
            result.differences = await play(step)
        except (aiohttp.ClientError, LookupError, TypeError, ValueError) as problem:
            # One recording that cannot be played must not hide what the others say.
            result.differences = [Difference("unplayable", "", str(step.status), type(problem).__name__)]
        return result

    async def _play_product(self, step: Step) -> list[Difference]:
        return await self._until_alike(step, lambda: self._send_product(step))

    async def _until_alike(self, step: Step, send: Any) -> list[Difference]:
        """Send; while a state or a status differs, let the next thing happen and, where that is safe, send again."""
        first: list[Difference] | None = None
        horizon = self._horizon(step)
        for _ in range(MOST_CHANGES):
            answer = await send()
            found = self._compare(step, answer)
            if not found:
                self._ids.learn(step.response, answer.body)
                return []
            first = first or found
            if not self._may_wait(step, answer, found) or not self._let_something_happen(horizon):
                break
        self._ids.learn(step.response, answer.body)
        return first or []

    def _horizon(self, step: Step) -> float:
        """How far the clock may be moved for this step."""
        waited = max(0.0, step.ended - self._last)
        self._last = max(self._last, step.ended)
        return self._world.clock.now() + 2 * waited + PATIENCE

    def _may_wait(self, step: Step, answer: Answer, found: list[Difference]) -> bool:
        if step.method == "GET":
            return any(item.kind in ("status", "state", "list", "type", "missing") for item in found)
        return step.status < 300 and answer.status in PASSING_REFUSALS

    def _let_something_happen(self, horizon: float) -> bool:
        due = self._world.store.next_due()
        if due is None or due > horizon:
            return False
        self._world.clock.advance(max(0.0, due - self._world.clock.now()))
        self._world.settle()
        return True

    async def _send_product(self, step: Step) -> Answer:
        segments = step.path.split("/")
        path = "/".join(
            self._ids.text(part, segments[number - 1] if number else "") for number, part in enumerate(segments)
        )
        query = [(name, self._ids.text(value, name)) for name, value in step.query]
        body = None if step.request is None else json.dumps(self._ids.body(step.request)).encode()
        headers = {"X-Auth-Token": self._world.secret_key, "Content-Type": "application/json"}
        url = self._origin + path + (f"?{urlencode(query)}" if query else "")
        async with self._session.request(step.method, url, data=body, headers=headers) as response:
            content = await response.read()
            return Answer(response.status, _decoded(content, response.content_type))

    # ---- object storage ---------------------------------------------------------------------------------------------

    async def _play_storage(self, step: Step) -> list[Difference]:
        """Reads may be tried on every bucket they may concern; writes go to the first."""
        choices = self._guide.candidates(step)
        reads = step.method in ("GET", "HEAD")
        tried = choices if reads else choices[:1]
        first: list[Difference] = []
        horizon = self._horizon(step)
        while True:
            for bucket in tried:
                answer = await self._send_storage(step, bucket)
                found = self._compare(step, answer)
                if not found:
                    self._guide.done(step, bucket, answer.body)
                    return []
                first = first or found
            if not reads or not self._let_something_happen(horizon):
                self._guide.done(step, tried[0], None)
                return first

    async def _send_storage(self, step: Step, bucket: Bucket) -> Answer:
        key = "" if step.path == "/" else step.path
        path = quote(f"/{bucket.name}{key}", safe="/-_.~")
        query, body = self._guide.query(step), self._guide.body(step, bucket)
        headers = self._guide.headers(step, bucket)
        moment = datetime.fromtimestamp(self._world.clock.now(), UTC)
        signed = sign(
            step.method, step.host, path, query, headers, body,
            (self._world.access_key, self._world.secret_key), moment,
        )  # fmt: skip
        url = self._origin + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        request = self._session.request(step.method, URL(url, encoded=True), data=body or None, headers=signed)
        async with request as response:
            content = await response.read()
            return Answer(response.status, _storage_shape(content.decode("utf-8", "replace")))

    def _compare(self, step: Step, answer: Answer) -> list[Difference]:
        if step.status != answer.status:
            return [Difference("status", "", str(step.status), str(answer.status))]
        recorded = _storage_shape(step.response or "") if step.is_storage else step.response
        if step.is_storage and (step.method == "HEAD" or step.status in (204, 304) or not step.response):
            return []
        found = differences(_plain(recorded), _plain(answer.body), self._pair)
        cut = isinstance(step.response, str) and is_cut(step.response)
        operation = _operation(step)
        return [
            item
            for item in found
            if not (cut and item.kind in ("additional", "missing", "list"))
            and not (item.kind in ("additional", "missing") and is_optional(operation, item.where))
        ]

    def _pair(self, where: str, recorded: list[JSON], answered: list[JSON]) -> list[tuple[JSON, JSON]]:
        """Elements of two lists to compare. What was in the account before is compared where possible, never missed."""
        if not all(isinstance(item, dict) for item in recorded + answered):
            return list(zip(recorded, answered, strict=False)) + _emptiness(recorded, answered)
        paired = self._ids.pairs(recorded, answered)
        matched = [left for left, _ in paired]
        missing = [(item, None) for item in recorded if item not in matched and self._ids.is_known(item)]
        if "." in where or not where:
            missing += _emptiness(recorded, answered)
        return paired + missing


def _emptiness(recorded: list[JSON], answered: list[JSON]) -> list[tuple[JSON, JSON]]:
    """Inside a resource, an empty list and a filled one are two states."""
    if bool(recorded) == bool(answered):
        return []
    return [(recorded[0], None)] if recorded else [(None, answered[0])]


def _plain(value: JSON) -> JSON:
    return {} if value in ("", None) else value


def _decoded(content: bytes, content_type: str) -> JSON:
    if not content:
        return None
    text = content.decode("utf-8", "replace")
    return json.loads(text) if content_type == "application/json" else text


def _storage_shape(text: JSON) -> JSON:
    if not isinstance(text, str) or not text:
        return text
    return json.loads(text) if text.lstrip().startswith("{") else xml_shape(text)


def _operation(step: Step) -> str:
    if step.is_storage:
        scope = "bucket" if step.path == "/" else "object"
        return f"s3.{step.method} {scope}" + "".join(f" ?{name}" for name in sorted(step.has - {"x-id"}))
    found = ROUTER.match(step.method, step.path)
    return found[0].operation if found else f"{step.method} {step.path.split('/')[1]} (unknown)"


def _start_of(scenario: Scenario) -> float | None:
    """The moment of the first resource made in the recording: the fake's clock starts there."""
    for step in scenario.steps:
        body = step.response if isinstance(step.response, dict) else {}
        inner = next((value for value in body.values() if isinstance(value, dict)), {})
        moment = body.get("created_at") or inner.get("creation_date")
        if step.method == "POST" and isinstance(moment, str):
            return parse_stamp(moment)
    return None


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[str]:
    """The fake on a free port of the loopback interface, as long as the context lasts."""
    runner = web.AppRunner(application(world), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        (address,) = runner.addresses
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        await runner.cleanup()


async def replay(scenario: Scenario) -> list[StepResult]:
    """Play a scenario against a fake of its own."""
    world = seed(World(clock=VirtualClock(_start_of(scenario), per_request=0.0)))
    world.limits.quotas = {}
    async with serving(world) as origin, aiohttp.ClientSession(auto_decompress=False) as session:
        return await Replay(scenario, world, session, origin).run()
