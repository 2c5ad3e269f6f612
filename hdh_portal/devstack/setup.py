"""`make setup`: everything the portal needs on this machine, done once and redone only when its inputs change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hdh_portal.devstack import debian, messages
from hdh_portal.devstack.console import run_quietly, say, timed
from hdh_portal.devstack.environments import PORTAL, WORKSPACES, require_venv
from hdh_portal.devstack.places import PYTHON, REPOSITORY, SETUP_DIR, STATIC_DIR
from hdh_portal.devstack.stamps import Stamp, alone, digest, digest_of_tree

LOCALE = REPOSITORY / "locale"


def setup(*, talkative: bool) -> None:
    """Bring the machine to what the checkout needs. Raises StackError with what to do when it cannot."""
    with alone(SETUP_DIR / "lock", "Another set-up of this checkout is under way; waiting for it…"):
        _install()
        _compile_messages()
        _collect_static_files()
    if talkative:
        say("Everything is in place: `make run` starts the portal, `make test` tests it.")


def _install() -> None:
    """Debian's packages and the two Python environments, side by side: each waits for a different thing."""
    missing = [environment for environment in (PORTAL, WORKSPACES) if not environment.is_current()]
    if missing:
        require_venv()
    work: list[Callable[[], None]] = [debian.ensure_packages, *(environment.ensure for environment in missing)]
    if len(work) == 1:
        work[0]()
        return
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(piece) for piece in work]:
            done.result()


def _compile_messages() -> None:
    stamp = Stamp(SETUP_DIR / "messages")
    sources = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
    value = digest(*sources)
    compiled = all(source.with_suffix(".mo").exists() for source in sources)
    if compiled and stamp.holds(value):
        return
    messages.compile_folder(LOCALE)
    stamp.write(value)


def _collect_static_files() -> None:
    stamp = Stamp(SETUP_DIR / "static")
    own = [REPOSITORY / "static", *sorted(REPOSITORY.glob("apps/*/static"))]
    value = digest(digest_of_tree(own), PORTAL.requirements)
    if STATIC_DIR.is_dir() and stamp.holds(value):
        return
    with timed("Collecting the static files"):
        unfinished = STATIC_DIR.with_name("static.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        run_quietly(
            [PYTHON, "manage.py", "collectstatic", "--noinput", "--verbosity=0", "--skip-checks"],
            log=SETUP_DIR / "static.log",
            failing="The static files could not be collected.",
            environment={
                **os.environ,
                "HDH_STATIC_DIR": str(unfinished),
                "DJANGO_SETTINGS_MODULE": "hdh_portal.settings.dev",
            },
            folder=REPOSITORY,
        )
        shutil.rmtree(STATIC_DIR, ignore_errors=True)
        unfinished.rename(STATIC_DIR)
        stamp.write(value)
