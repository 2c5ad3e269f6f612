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

from apps.workspaces.fake_scaleway.clock import VirtualClock, parse_stamp
from apps.workspaces.fake_scaleway.conformance.ambient import Ambient
from apps.workspaces.fake_scaleway.conformance.compare import Difference, differences, is_cut, xml_shape
from apps.workspaces.fake_scaleway.conformance.scenario import Scenario, Step
from apps.workspaces.fake_scaleway.conformance.signing import sign
from apps.workspaces.fake_scaleway.conformance.storage import StorageGuide
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
    """`conditioned`: the recorded answer depends on other clients' traffic, which the replay brought about on purpose."""

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
        self._ids = Translation(Ambient(world, scenario).bind)
        self._last = 0.0

    async def run(self) -> list[StepResult]:
        return [await self._play(step) for step in self._scenario.steps]

    async def _play(self, step: Step) -> StepResult:
        result = StepResult(step, _operation(step))
        if step.status == 429:
            self._world.faults.add(operation=result.operation, answer="rate_limited")
            result.conditioned = True
        if step.is_storage:
            result.differences = await self._play_storage(step)
        else:
            result.differences = await self._play_product(step)
        return result

    async def _play_product(self, step: Step) -> list[Difference]:
        found = await self._until_alike(step, lambda: self._send_product(step))
        return found

    async def _until_alike(self, step: Step, send: Any) -> list[Difference]:
        """Send; while only a state or a status differs, let the next thing happen and, where that is safe, send again."""
        first: list[Difference] | None = None
        waited = max(0.0, step.ended - self._last)
        horizon = self._world.clock.now() + 2 * waited + PATIENCE
        self._last = max(self._last, step.ended)
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
        tried = choices if step.method in ("GET", "HEAD") else choices[:1]
        found: list[Difference] = []
        for bucket in tried:
            answer = await self._send_storage(step, bucket.name, self._guide.body(step, bucket), bucket)
            found = self._compare(step, answer)
            if not found:
                break
        self._guide.done(step, bucket)
        return found

    async def _send_storage(self, step: Step, name: str, body: bytes, bucket: Any) -> Answer:
        key = "" if step.path == "/" else step.path
        path = quote(f"/{name}{key}", safe="/-_.~")
        headers = self._guide.headers(step, bucket)
        moment = datetime.fromtimestamp(self._world.clock.now(), UTC)
        signed = sign(
            step.method, step.host, path, step.query, headers, body,
            (self._world.access_key, self._world.secret_key), moment,
        )  # fmt: skip
        url = self._origin + path + (f"?{urlencode(step.query, quote_via=quote)}" if step.query else "")
        from yarl import URL

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
        return [item for item in found if not (cut and item.kind in ("additional", "missing", "list"))]

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
