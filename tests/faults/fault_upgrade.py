"""The former release's web process on the schema of this one, as while a release is being rolled out."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hdh_portal.devstack.health import answers_ok
from hdh_portal.devstack.places import PYTHON, REPOSITORY
from hdh_portal.devstack.preflight import chosen_port
from tests.faults import campaign
from tests.support.portal import RESEARCHER, Portal, uuid_in
from tests.support.visitor import Visitor, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(300)]
MIGRATIONS = "apps/*/migrations/0*.py"


def git(*words: str) -> str:
    """What git says in the repository; empty where there is no git or no such history."""
    if shutil.which("git") is None:
        return ""
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def former_release() -> str:
    """The last commit before the newest migration on the main line; empty where the history does not tell."""
    newest = git("log", "-1", "--first-parent", "--format=%H", "--", MIGRATIONS)
    return git("rev-parse", "--verify", "--quiet", f"{newest}^") if newest else ""


@pytest.fixture
def former_code(tmp_path: Path) -> Path:
    """The former release's sources in a folder of their own."""
    commit = former_release()
    if not commit:
        pytest.skip("the former release is not in this copy's history (git log --first-parent)")
    archive = subprocess.run(["git", "archive", commit], cwd=REPOSITORY, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=archive, check=True)
    return tmp_path


@pytest.fixture
def former_portal(portal: Portal, former_code: Path) -> Iterator[str]:
    """The address of a web process of the former release, on the same database."""
    port = chosen_port(0, "PORT")
    command = [str(PYTHON), "-m", "gunicorn", "hdh_portal.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    environment = {**portal.stack.env("web"), "HDH_PORTAL_URL": f"http://localhost:{port}"}
    log = (portal.stack.layout.log / "former.log").open("ab")
    with log, subprocess.Popen(command, cwd=former_code, env=environment, stdout=log, stderr=log) as process:
        try:
            wait_until(lambda: answers_ok(port, "/readyz"), 60, "the former release is ready on this schema")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)


def test_people_of_the_former_release_go_on_working(portal: Portal, former_portal: str) -> None:
    """Given somebody signed in, the former release reads their dossier, keeps a page of it, and starts another."""
    dossier = portal.complete_draft()
    former = Visitor(former_portal)
    for cookie in portal.visitor(RESEARCHER).cookies:
        former.cookies.set_cookie(cookie)
    page = former.get(f"{dossier}title/")
    assert page.status == 200
    answer = former.submit(page, f"{dossier}title/", {"title": "Gardé par l'ancienne version"}, button="stay")
    assert answer.status == 200
    query = "SELECT content ->> 'title' FROM applications_page WHERE application_id = %s AND key = 'title'"
    assert portal.row(query, uuid_in(dossier)) == ("Gardé par l'ancienne version",)
    page = former.get("/dossiers/nouveau/")
    assert former.submit(page, "/dossiers/nouveau/", {"path": "permanent_access"}, follow=False).status == 302
    assert campaign.judge(portal) == []
