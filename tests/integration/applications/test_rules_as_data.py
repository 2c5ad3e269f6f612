"""Another version of the rules is a file: a new path, another delay, no migration; an old dossier keeps its rules."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.applications import selectors, services
from apps.applications.models import Application
from apps.applications.policy import Stage, calendar, registry
from apps.applications.policy.model import Period, Unit
from apps.applications.procedure_models import StageClock
from apps.projects.models import Project
from tests.factories import applications as made
from tests.factories.accounts import client_signed_in, steward
from tests.integration.applications.amending import amended, changed, submitted
from tests.integration.applications.asking import text_of, url
from tests.integration.applications.deciding import approve

pytestmark = pytest.mark.django_db

NEW_PATH = """
[[paths]]
key = "pilot"
valid_from = {today}
committee = "none"
cnil = "none"
stages = ["completeness", "decision", "agreement"]
longest_access_years = 2
public_directory = true
delays = {{ completeness = "completeness" }}
checklist = ["title_clear"]
reasons = []
title = {{ fr = "Parcours pilote", en = "Pilot path" }}
summary = {{ fr = "Un parcours nouveau.", en = "A new path." }}
legal = {{ fr = "Arrêté d’essai", en = "Order for a trial" }}
because = {{ fr = "Vous essayez.", en = "You are trying." }}
when = {{ data = ["sample"], who = ["company"] }}
[paths.documents]
required = ["protocol", "dpia"]
on_demand = []
"""


@pytest.fixture
def new_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Have other rules hold from today on, with a new path, a shorter review and signatures where there were none."""
    folder = tmp_path / "rules"
    shutil.copytree(registry.FOLDER, folder)

    def come() -> None:
        today, (file,) = timezone.localdate(), folder.glob("*.toml")
        old = file.read_text(encoding="utf-8")
        ended = f"valid_from = 2016-01-01\nvalid_to = {today - timedelta(days=1)}"
        file.write_text(old.replace("valid_from = 2016-01-01", ended, 1), encoding="utf-8")
        new = old.replace('version = "2024-05"', 'version = "new"', 1)
        new = new.replace("valid_from = 2016-01-01", f"valid_from = {today}", 1)
        new = new.replace('amount = 7\nunit = "working_days"', 'amount = 3\nunit = "working_days"', 1)
        new = _signed_where_it_was_not(new)
        path = NEW_PATH.format(today=today).replace(
            'when = { data = ["none of them"] }', 'when = { data = ["sample"] }'
        )
        (folder / "new.toml").write_text(new + path, encoding="utf-8")
        registry.policies.cache_clear()

    monkeypatch.setattr(registry, "FOLDER", folder)
    registry.policies.cache_clear()
    yield come
    monkeypatch.undo()
    registry.policies.cache_clear()


def _signed_where_it_was_not(rules: str) -> str:
    """The same rules, permanent access ending with an agreement."""
    begin = rules.index('key = "permanent_access"')
    stages = 'stages = ["completeness", "decision"]'
    return rules[:begin] + rules[begin:].replace(stages, stages.replace('"decision"', '"decision", "agreement"'), 1)


def due_on(application: Application) -> date:
    return StageClock.objects.get(application=application, ended_on=None).due_on


def end_of(working_days: int) -> date:
    return calendar.period_end(timezone.localdate(), Period(working_days, Unit.WORKING_DAYS))


def test_a_new_dossier_goes_by_the_new_rules_and_an_old_one_keeps_its_own(new_rules: Callable[[], None]) -> None:
    old, waiting = made.at_status("submitted"), made.at_status("submitted")
    new_rules()
    new = made.at_status("submitted")
    assert [one.policy_version for one in (old, new)] == ["2024-05", "new"]
    assert (due_on(old), due_on(new)) == (end_of(7), end_of(3))
    assert Stage.AGREEMENT not in selectors.path_of(old).stages
    assert Stage.AGREEMENT in selectors.path_of(new).stages
    decider = steward()
    reasons = {"summary": "À revoir."}
    services.application_return(application=waiting, seen_version=waiting.version, reasons=reasons, by=decider)
    again = made.fresh(waiting)
    services.application_submit(application=again, seen_version=again.version, by=again.created_by)
    assert (made.fresh(again).policy_version, due_on(again)) == ("2024-05", end_of(7))


def test_a_new_path_is_gone_through_with_its_own_documents_and_needs_no_migration(
    new_rules: Callable[[], None],
) -> None:
    new_rules()
    application = made.draft(path="pilot", complete=True)
    assert selectors.required_kinds(application, made.complete_contents()) == {"protocol", "dpia"}
    done = made.at_status("agreement", path="pilot")
    assert done.status == "agreement"
    page = text_of(client_signed_in(done.created_by).get(url("detail", done)))
    assert "Parcours pilote" in page
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


def test_an_amendment_goes_by_the_rules_of_its_own_day_and_opens_nothing_before_its_signatures(
    new_rules: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)
    root = made.at_status("approved")
    new_rules()
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    made.platform()
    approve(amendment, steward())
    assert made.fresh(amendment).status == "agreement"
    assert Project.objects.select_related("entitlement").get().entitlement.application_id == root.pk
