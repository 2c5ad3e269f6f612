"""Two hundred operations in flight on two cores against the imitated cloud: none lost, steps a second, and database
statements per step that do not grow with their number. Figures as JSON on the last line; kept in var/bench."""

import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hdh_portal.devstack.existing import ensure_database
from hdh_portal.devstack.places import PYTHON, REPOSITORY
from tests.support.database import embedded_database

OPERATIONS = 200
FEW = 10
WORKERS = 2
SPEED = "60"
GIVE_UP = 1800.0
KEPT = REPOSITORY / "var" / "bench"


def main() -> int:
    """Run both loads and print the figures; 0 when every bar holds."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="hdh-bench-") as folder:
        server = stack.enter_context(embedded_database())
        os.environ["DJANGO_SETTINGS_MODULE"] = "hdh_portal.settings.test"
        few = _load(Path(folder) / "few", FEW, server)
        many = _load(Path(folder) / "many", OPERATIONS, server)
    _say(_figures(few, many))
    return 0 if all(bar["holds"] for bar in _figures(few, many)["bars"]) else 1


def _load(folder: Path, count: int, server: str) -> dict[str, Any]:
    """Provision `count` workspaces with two worker processes and a database of their own; what came of it."""
    ensure_database(server.replace("/hdh?", "/postgres?"), f"hdh_{folder.name}")
    os.environ["DATABASE_URL"] = server.replace("/hdh?", f"/hdh_{folder.name}?")
    folder.mkdir(parents=True)
    cloud = subprocess.Popen(
        [str(PYTHON), "manage.py", "fake_scaleway", "--port", "0", "--speed", SPEED],
        stdout=subprocess.PIPE, cwd=REPOSITORY, text=True,
    )  # fmt: skip
    try:
        account = json.loads(cloud.stdout.readline() if cloud.stdout else "{}")
        with multiprocessing.get_context("spawn").Pool(1, _prepare, (account, str(folder))) as pool:
            pool.apply(_begin, (count, str(folder)))
            begun = time.monotonic()
            queue: Any = multiprocessing.get_context("spawn").Manager().Queue()
            workers = [
                multiprocessing.get_context("spawn").Process(target=_work, args=(account, str(folder), queue))
                for _ in range(WORKERS)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(GIVE_UP)
            elapsed = time.monotonic() - begun
            result = pool.apply(_result)
        tallies = [queue.get() for _ in workers]
    finally:
        cloud.terminate()
        cloud.wait(30)
    return {**result, "seconds": elapsed, **_together(tallies), "count": count}


def _together(tallies: list[dict[str, list[int]]]) -> dict[str, Any]:
    by_step: dict[str, list[int]] = defaultdict(list)
    for tally in tallies:
        for name, statements in tally.items():
            by_step[name] += statements
    every = [one for values in by_step.values() for one in values]
    return {
        "deliveries": len(every),
        "statements": sum(every) / max(1, len(every)),
        "by_step": {name: sum(values) / len(values) for name, values in sorted(by_step.items())},
    }


# ---- in processes of their own --------------------------------------------------------------------------------------


def _prepare(account: dict[str, str], folder: str) -> None:
    address = account["api_url"]
    names = {"access_key": "ACCESS_KEY", "secret_key": "SECRET_KEY", "organization_id": "ORGANISATION"}
    names |= {name: name.upper() for name in ("hub_project", "hub_vpc", "stranger_access_key", "stranger_secret_key")}
    os.environ.update({f"HDH_SCALEWAY_{name}": account[key] for key, name in names.items()})
    os.environ.update(
        HDH_SCALEWAY_API=address, HDH_SCALEWAY_STORAGE=address, HDH_SCALEWAY_AGENT=address + "/_agent/{server}",
        HDH_SCALEWAY_RATE="100000", HDH_WORKSPACE_PROVIDER="scaleway", HDH_DELIVERY_DIR=folder,
        HDH_SCALEWAY_GATEWAY_CERTIFICATES=str(REPOSITORY / "tests" / "support" / "gateway.pub"),
    )  # fmt: skip
    import django

    django.setup()


def _begin(count: int, folder: str) -> None:
    """The rows of `count` approved projects whose extract is delivered; quotas as of an organisation of that size."""
    import http.client
    from urllib.parse import urlsplit

    from django.core.management import call_command
    from django.db import transaction

    from apps.workspaces.services import workspace_data_ready
    from tests.factories import workspaces as made
    from tests.support.cloud_fixtures import EXTRACT, delivery

    call_command("migrate", verbosity=0)
    host = urlsplit(os.environ["HDH_SCALEWAY_API"]).netloc
    connection = http.client.HTTPConnection(host)
    quotas = {"project": 9999, "api_key": 9999, "policy": 9999, "bucket": 9999, "application": 9999, "vpc": 9999}
    connection.request(
        "POST", "/_fake/api/limits", json.dumps({"quotas": quotas}), {"Content-Type": "application/json"}
    )
    connection.getresponse().read()
    extract = delivery(Path(folder), EXTRACT)
    for _ in range(count):
        workspace = made.workspace()
        with transaction.atomic():
            workspace_data_ready(project_id=workspace.project_id, extract_id=extract, by="system:bench")


def _work(account: dict[str, str], folder: str, queue: Any) -> None:
    """What a worker does, without the broker: take what is due, one step at a time, counting statements."""
    _prepare(account, folder)
    from django.db import connection
    from django.utils import timezone

    from apps.core import outbox
    from apps.core.models import OutboxItem
    from apps.workspaces import reconcile

    outbox.ring = lambda *_: None
    tally: dict[str, list[int]] = defaultdict(list)
    statements, name = [0], [""]

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements[0] += 1
        return execute(sql, params, many, context)

    real = reconcile._make

    def make(provider: Any, operation: Any, step: Any, lease: Any) -> Any:
        name[0] = step.name
        return real(provider, operation, step, lease)

    reconcile._make = make
    open_items = OutboxItem.objects.filter(kind="workspace.operation", status="pending")
    while open_items.exists():
        due = open_items.filter(not_before__lte=timezone.now(), lease_until=None).order_by("?")
        item_id = due.values_list("pk", flat=True).first()
        if item_id is None:
            time.sleep(0.02)
            continue
        statements[0], name[0] = 0, ""
        with connection.execute_wrapper(count):
            outbox.run_item(item_id)
        if name[0]:
            tally[name[0]].append(statements[0])
    queue.put(dict(tally))


def _result() -> dict[str, Any]:
    from django.db.models import Count

    from apps.workspaces.models import CloudResource, Operation, Step, Workspace
    from apps.workspaces.plans import THINGS

    parts = CloudResource.objects.filter(kind__in=THINGS, removed_at=None)
    return {
        "states": dict(
            Workspace.objects.values_list("status").annotate(Count("pk")).values_list("status", "pk__count")
        ),
        "running": Workspace.objects.filter(status="running").count(),
        "unfinished": Operation.objects.exclude(status="done").count(),
        "steps": Step.objects.filter(status="done").count(),
        "parts": parts.count(),
        "different_parts": parts.values("external_id").distinct().count(),
        "wanted_parts": Workspace.objects.count() * len(THINGS),
    }


def _figures(few: dict[str, Any], many: dict[str, Any]) -> dict[str, Any]:
    made = many["running"]
    growth = many["statements"] / few["statements"]
    steps = many["steps"] / many["seconds"]
    doubled = many["parts"] - many["different_parts"]
    bars = [
        {"name": "operations lost", "value": OPERATIONS - made, "bar": 0, "unit": "", "holds": made == OPERATIONS},
        {"name": "parts made twice", "value": doubled, "bar": 0, "unit": "", "holds": doubled == 0},
        {"name": "statements per delivery, 200 against 10", "value": round(growth, 3), "bar": 1.1, "unit": "×",
         "holds": growth <= 1.1},
        {"name": "steps a second", "value": round(steps, 1), "bar": None, "unit": "1/s", "holds": True},
    ]  # fmt: skip
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "workers": WORKERS}
    return {"bars": bars, "machine": machine, "details": {"few": few, "many": many}}


def _say(figures: dict[str, Any]) -> None:
    for bar in figures["bars"]:
        print(f"{'ok  ' if bar['holds'] else 'MISS'} {bar['name']}: {bar['value']} {bar['unit']}")
    line = json.dumps(figures)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "operations.json").write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    sys.exit(main())
