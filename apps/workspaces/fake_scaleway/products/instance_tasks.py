"""Instances: the task that announces what takes time."""

from typing import Any

from apps.workspaces.fake_scaleway.call import Call
from apps.workspaces.fake_scaleway.clock import stamp_with_offset

JSON = Any
NO_TASK = "00000000-0000-0000-0000-000000000000"


def task(call: Call, href_from: str, href_result: str) -> dict[str, JSON]:
    """The API announces a task for what takes time; it never says more about it."""
    return {
        "id": NO_TASK,
        "description": "fake task",
        "status": "pending",
        "href_from": href_from,
        "href_result": href_result,
        "started_at": stamp_with_offset(call.world.clock.now()),
        "terminated_at": None,
        "progress": 0,
        "zone": call.place,
    }
