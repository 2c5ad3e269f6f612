"""Delete each guard in turn and see that the matrix notices: `python -m tests.permissions.mutants [part of a name…]`.

The sources are copied once for each processor; the world is made once, in a database of its own. Each mutant runs in a
forked process that imports a copy with one guard deleted, and asks the addresses that pass through it until an answer
is wrong. The last line is one JSON object with the figures. Exit code 0 when every mutant was noticed.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path

from pytest import ExitCode

from tests.permissions import mutant_child as child
from tests.permissions.guards import Mutant, mutants
from tests.support.database import embedded_database

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("apps", "hdh_portal", "tests", "templates", "static", "locale", "pyproject.toml")
AT_ONCE = 2
BROKEN, HELD = 3, 4
SAID = {
    child.NOTICED: "noticed",
    child.UNNOTICED: "NOT NOTICED",
    child.UNREACHED: "NOT REACHED",
    BROKEN: "BROKEN",
    HELD: "held by tests",
}
# Imported before forking, so that each mutant imports the portal's own modules only.
LIBRARIES = (
    "celery",
    "cryptography.hazmat.primitives.ciphers.aead",
    "django.db.backends.postgresql.base",
    "django.db.models",
    "django.forms",
    "django.template.defaulttags",
    "django.test.client",
    "factory",
    "ibis",
    "jsonschema",
    "psycopg",
    "segno",
    "structlog",
)
# Second barriers: what a service refuses that every address has refused before it, or that no address asks of it. The
# matrix cannot notice their deletion; these tests must.
SECOND_BARRIERS = {
    "apps/accounts/recovering.py _refuse_unless_role": "accounts/test_recovery.py",
    "apps/accounts/services.py _refuse_own": "accounts/test_separation.py",
    "apps/accounts/staff_roles.py _refuse_unless_allowed": "accounts/test_staff_roles.py",
    "apps/applications/services/corresponding.py _message_create": "applications/test_messages.py",
    "apps/applications/services/documents.py attachment_redact": "applications/test_versions_and_copies.py",
    "apps/applications/services/guarding.py refuse_step_unless_allowed": "applications/test_procedure.py",
    "apps/audit/views.py export": "audit/test_pages.py",
    "apps/committee/rules.py decide": "committee/test_recusal.py",
    "apps/committee/services/opinions.py opinion_give": "committee/test_voting.py",
    "apps/committee/services/voting.py schedule": "committee/test_voting.py",
    "apps/committee/services/voting.py unschedule": "committee/test_voting.py",
    "apps/committee/services/voting.py vote_open": "committee/test_voting.py",
    "apps/committee/services/voting.py vote_close": "committee/test_voting.py",
    "apps/extracts/releasing.py _refuse_unless_allowed": "extracts/test_releasing.py",
    "apps/extracts/releasing.py extract_restart_decide": "extracts/test_pages.py",
    "apps/people/services/accreditation.py conditions_publish": "people/test_accreditation.py",
    "apps/people/services/invitations.py invitation_resend": "people/test_invitations.py",
    "apps/people/services/invitations.py invitation_withdraw": "people/test_invitations.py",
    "apps/people/services/organisations.py organisation_correct": "people/test_organisations.py",
    "apps/people/services/organisations.py organisation_create": "people/test_organisations.py",
    "apps/people/services/training.py _examine": "people/test_accreditation.py",
    "apps/reviews/services.py review_begin": "reviews/test_reviews.py",
    "apps/workspaces/services.py _operate": "workspaces/test_operating.py",
    "apps/workspaces/services.py step_retry": "workspaces/test_operating.py",
    "apps/workspaces/services.py step_skip": "workspaces/test_operating.py",
}
EVERYWHERE = ("apps/core/actions.py", "apps/core/middleware.py")
# For what stands in the way of every address: a few that differ in everything.
SAMPLE = (
    "undeclared",
    "accounts:account",
    "applications:withdraw",
    "applications:submit",
    "workspaces:open",
    "applications:queue",
    "fulfilment:project",
    "accounts:sign_in",
    "accounts:second_factor",
)


def main(wanted: list[str]) -> int:
    """Make the world, then every mutant whose name holds one of `wanted` (all without)."""
    started = time.monotonic()
    for library in LIBRARIES:
        import_module(library)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hdh-mutants-")))
        if "DATABASE_URL" not in os.environ:
            os.environ["DATABASE_URL"] = stack.enter_context(embedded_database())
        places = [_copied(home / f"copy{number}") for number in range(AT_ONCE)]
        if _wait_for(_forked(places[0], lambda: child.prepare(home))) != 0:
            print("The world cannot be made, or the portal itself does not fit its table.", file=sys.stderr)
            return BROKEN
        chosen = [one for one in mutants(places[0]) if not wanted or any(part in str(one) for part in wanted)]
        results = _all_tried(chosen, places, home)
        for mutant in chosen:
            if results[mutant] in {child.UNNOTICED, child.UNREACHED} and (tests := _tests_of(mutant)):
                results[mutant] = _held(mutant, places[0], tests)
        _wait_for(_forked(places[0], lambda: child.drop(home)))
    return _reported(results, time.monotonic() - started)


def _copied(place: Path) -> Path:
    place.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    return place


def _forked(place: Path, work: Callable[[], int]) -> int:
    """Run `work` in a forked process whose portal is the copy at `place`; gives the process."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    code = BROKEN
    try:
        child.become(place)
        code = work()
    except BaseException as error:  # whatever happens, a child never goes on as its parent
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def _wait_for(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _all_tried(chosen: list[Mutant], places: list[Path], home: Path) -> dict[Mutant, int]:
    """The outcome of each mutant, as many at a time as there are copies."""
    functions: dict[str, list[str]] = json.loads((home / "functions").read_text())
    free, running, results = list(places), dict[int, tuple[Mutant, Path, str]](), dict[Mutant, int]()
    waiting = list(reversed(chosen))
    while waiting or running:
        if waiting and free:
            mutant = waiting.pop()
            place, names = free.pop(), _addresses_through(mutant, functions)
            whole = (place / mutant.file).read_text()
            (place / mutant.file).write_text(mutant.source)
            running[_forked(place, lambda names=names: _judged(home, names))] = (mutant, place, whole)  # type: ignore[misc]
            continue
        process, status = os.wait()
        mutant, place, whole = running.pop(process)
        (place / mutant.file).write_text(whole)
        free.append(place)
        results[mutant] = os.waitstatus_to_exitcode(status)
        print(f"{SAID.get(results[mutant], 'BROKEN'):12} {mutant}", flush=True)
    return results


def _tests_of(mutant: Mutant) -> str:
    """The tests that hold a second barrier; blank for a guard that the matrix must notice."""
    return SECOND_BARRIERS.get(f"{mutant.file} {mutant.function}", "")


def _held(mutant: Mutant, place: Path, tests: str) -> int:
    """Run the tests of a second barrier without it: they pass with it, and must fail."""
    passed, whole = _pass_with_it(place, tests), (place / mutant.file).read_text()
    (place / mutant.file).write_text(mutant.source)
    failed = _tests_end(place, tests) == ExitCode.TESTS_FAILED
    (place / mutant.file).write_text(whole)
    outcome = HELD if passed and failed else child.UNNOTICED
    print(f"{SAID[outcome]:12} {mutant}", flush=True)
    return outcome


@cache
def _pass_with_it(place: Path, tests: str) -> bool:
    return _tests_end(place, tests) == ExitCode.OK


def _tests_end(place: Path, tests: str) -> int:
    """How a file of tests ends on a copy."""
    options = ("-q", "-x", "-n", "0", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, f"tests/integration/{tests}"]
    return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode


def _judged(home: Path, names: list[str]) -> int:
    return child.judge(home, names) if names else child.UNREACHED


def _addresses_through(mutant: Mutant, functions: dict[str, list[str]]) -> list[str]:
    """The addresses whose calls run the mutant's function; those of the action it names come first."""
    if not mutant.function or mutant.file in EVERYWHERE:
        return [name for name in SAMPLE if name in functions]
    found = [name for name, ran in functions.items() if f"{mutant.file}:{mutant.function}" in ran]
    return sorted(found, key=lambda name: name.rpartition(":")[2] not in mutant.guard)


def _reported(results: dict[Mutant, int], seconds: float) -> int:
    for mutant, code in results.items():
        if code not in {child.NOTICED, HELD}:
            print(f"{SAID.get(code, 'BROKEN')}: {mutant}", file=sys.stderr)
    by_tests = sum(code == HELD for code in results.values())
    noticed = sum(code == child.NOTICED for code in results.values()) + by_tests
    share = round(noticed / len(results), 4) if results else 0
    bar = {"name": "guard mutants noticed", "value": share, "bar": 1, "unit": "share", "holds": share == 1}
    details = {"noticed": noticed, "mutants": len(results), "by own tests": by_tests, "seconds": round(seconds)}
    print(f"{noticed} of {len(results)} guards: their deletion was noticed, {by_tests} by tests ({seconds:.0f} s)")
    print(json.dumps({"bars": [bar], "machine": platform.machine(), "details": details}))
    return 0 if noticed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
