"""What must be there before the portal opens: the schema, a synthetic SNDS, demonstration people."""

from __future__ import annotations

import os
import shutil
from urllib.parse import urlsplit

from hdh_portal.devstack.console import say
from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.programs import Program, manage
from hdh_portal.devstack.stamps import Stamp, digest, digest_of_tree
from hdh_portal.devstack.supervisor import Supervisor
from hdh_portal.devstack.zones import Layout, environment

SYNTHETIC = ("--first-year", "2022", "--last-year", "2024", "--seed", "2027")


def prepare_data(supervisor: Supervisor, layout: Layout, *, embedded: bool) -> None:
    """Bring the database and the source up to date with the code; nothing is redone while neither changed."""
    for name in ("media", "delivery", "workspaces"):
        (layout.var / name).mkdir(mode=0o700, exist_ok=True)
    _make_source(supervisor, layout)
    stamp = Stamp(layout.var / "prepared")
    value = digest(digest_of_tree([REPOSITORY / "apps"]), layout.database_url, layout.worker_url)
    if embedded and stamp.holds(value):
        return
    say("Preparing the database…")
    for zone, words in (
        ("migration", ("migrate", "--noinput", "--verbosity=0")),
        *_roles(layout),
        ("default", ("audit_key_init",)),
        ("gateway", ("gateway_identity",)),
        ("extract", ("catalogue_sync", "--source", str(layout.source))),
        ("extract", ("keyring_init",)),
        ("web", ("demo_people",)),
    ):
        _manage(supervisor, layout, zone, *words)
    stamp.write(value)


def _roles(layout: Layout) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What gives the roles of portal and workers their rights, where they are not the owner of the tables."""
    portal, workers = (
        urlsplit(url or layout.database_url).username for url in (layout.database_url, layout.worker_url)
    )
    if not (layout.migration_url and portal and workers):
        return ()
    return (("migration", ("audit_roles", "--role", portal, "--workers-role", workers)),)


def _make_source(supervisor: Supervisor, layout: Layout) -> None:
    if layout.source.exists():
        return
    people = os.environ.get("HDH_SYNTHETIC_PEOPLE", "2000")
    say(f"Making a synthetic SNDS of {people} people…")
    unfinished = layout.source.with_name("snds.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _manage(supervisor, layout, "extract", "synthetic_snds", "--people", people, *SYNTHETIC, "--out", str(unfinished))
    unfinished.rename(layout.source)


def _manage(supervisor: Supervisor, layout: Layout, zone: str, *words: str) -> None:
    supervisor.run(Program(words[0], manage(*words), environment(layout, zone)))
