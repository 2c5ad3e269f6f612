"""The harness of every test: a real PostgreSQL, no network but loopback, and no silent skip where it matters."""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from zlib import crc32

import coverage
import pytest
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.audit_log import let_tests_empty_the_log
from tests.support.coverage_gate import uncovered
from tests.support.database import embedded_database
from tests.support.network import loopback_only

# So long that each of two workers takes a half of it, with a world of its own.
MATRIX = "tests/permissions/test_matrix.py"
# They share one stack of the whole portal.
BROWSER = "tests/browser/"
# A busy machine is no finding of a property test.
settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")
_session = ExitStack()
_gaps = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Forbid the network, and start the workers' common database before xdist starts the workers."""
    _session.enter_context(loopback_only())
    if getattr(config.option, "numprocesses", None):
        _ensure_database()


def pytest_unconfigure() -> None:
    """Stop what this process started."""
    _session.close()


@pytest.fixture(scope="session")
def database_url() -> str:
    """The URL of the tests' PostgreSQL server; Django's tests use a database of their own on it."""
    return _ensure_database()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_url: str, request: pytest.FixtureRequest) -> None:
    """Point Django at the tests' server, and give each xdist worker its own database."""
    from django.conf import settings

    from hdh_portal.settings.base import database

    settings.DATABASES["default"].update(database(database_url))
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, django_db_modify_db_settings: None
) -> Iterator[None]:
    """The tests' database, whoever asks for it; transactional tests may empty its append-only tables between them."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
        let_tests_empty_the_log()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def in_french() -> None:
    """Each test begins in the portal's own language, whatever the one before read in."""
    translation.deactivate()


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """For what proves by number, not by lines: tracing it would take several times as long and show nothing new."""
    measuring = coverage.Coverage.current()
    if measuring:
        measuring.stop()
    yield
    if measuring:
        measuring.start()


class _ByFile(LoadFileScheduling):
    """Each file to one worker, with those that share a stack; the permission matrix in two halves."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file.startswith(BROWSER):
            return BROWSER
        return f"{file} {crc32(nodeid.encode()) % 2}" if file == MATRIX else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """How the tests are shared out among the workers."""
    return _ByFile(config, log)


def _ensure_database() -> str:
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = _session.enter_context(embedded_database())
    return os.environ["DATABASE_URL"]


def is_strict() -> bool:
    """In continuous integration, a test of the browser or the sandbox that skips is a failure."""
    return os.environ.get("CI") == "true" or os.environ.get("HDH_STRICT") == "1"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a run of the whole suite that passed so far, refuse gaps in the coverage of rules and engine."""
    gated = getattr(session.config.option, "cov_fail_under", None) and not hasattr(session.config, "workerinput")
    if gated and session.exitstatus == pytest.ExitCode.OK and (gaps := uncovered(".coverage")):
        session.config.stash[_gaps] = gaps
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the gaps before the summary line."""
    if gaps := config.stash.get(_gaps, ""):
        terminalreporter.section("rules and engine must be covered to the last branch")
        terminalreporter.write_line(gaps)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and is_strict() and any(item.get_closest_marker(name) for name in ("browser", "sandbox")):
        report.outcome = "failed"
        report.longrepr = f"Skipped where it must run: {report.longrepr}"
    return report
