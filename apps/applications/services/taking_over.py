"""Dossiers that were decided on the previous platform: they come here approved, with what is known of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from apps.accounts import grants
from apps.accounts.models import Organisation, Person
from apps.applications import canonical, rules, selectors
from apps.applications.models import Application, Member, Page, Submission
from apps.applications.policy import policy_on
from apps.applications.searching import search_text_renew
from apps.applications.services.guarding import record


@dataclass(frozen=True)
class DecidedElsewhere:
    """A dossier as the previous platform knows it. `definition_hash` is that of the entitlement's definition, `pages`
    what is known of the form's pages beside title and dates of access."""

    number: str
    title: str
    path: str
    organisation: Organisation
    investigator: Person
    members: Collection[Person]
    definition_hash: str
    starts_on: date
    ends_on: date
    decided_on: date
    decision: str
    pages: Mapping[str, Mapping[str, Any]]


def application_take_over(decided: DecidedElsewhere, *, by: Person) -> Application:
    """Write the approved dossier with its team and what was submitted, as far as it is known. In the transaction of the
    relocation. Raises IntegrityError for a number that is taken."""
    decided_at = timezone.make_aware(datetime.combine(decided.decided_on, time(12)))
    application = Application.objects.create(
        number=decided.number,
        status=rules.Status.APPROVED,
        queue_rank=rules.queue_rank(rules.Status.APPROVED),
        round=1,
        path=decided.path,
        policy_version=policy_on(timezone.localdate()).version,
        organisation=decided.organisation,
        created_by=decided.investigator,
        title=decided.title[:200],
        content_hash=decided.definition_hash,
        definition_hash=decided.definition_hash,
        changed_by=by,
        changed_at=timezone.now(),
        submitted_at=decided_at,
        decided_at=decided_at,
    )
    _pages_write(application, decided, by)
    _team_write(application, decided, by)
    _submission_write(application, decided, decided_at)
    search_text_renew(application)
    record("application.taken_over", application, by, {"number": decided.number, "decision": decided.decision})
    return application


def _pages_write(application: Application, decided: DecidedElsewhere, by: Person) -> None:
    known = {
        "title": {"title": decided.title},
        "period": {"access_from": decided.starts_on.isoformat(), "access_to": decided.ends_on.isoformat()},
    }
    Page.objects.bulk_create(
        Page(
            application=application,
            key=key,
            content={**decided.pages.get(key, {}), **known.get(key, {})},
            updated_by=by,
            updated_at=timezone.now(),
        )
        for key in application.specification.keys
    )


def _team_write(application: Application, decided: DecidedElsewhere, by: Person) -> None:
    roles = dict.fromkeys(decided.members, Member.Role.MEMBER) | {
        decided.investigator: Member.Role.PRINCIPAL_INVESTIGATOR
    }
    for person, role in roles.items():
        Member.objects.create(
            application=application, person=person, organisation=decided.organisation, role=role, added_by=by
        )
        grants.grant(person, "view_application", application)


def _submission_write(application: Application, decided: DecidedElsewhere, at: datetime) -> None:
    content = selectors.snapshot_of(application)
    content_hash = canonical.sha256_of(content)
    Application.objects.filter(pk=application.pk).update(content_hash=content_hash)
    Submission.objects.create(
        application=application,
        round=1,
        content=content,
        content_hash=content_hash,
        definition_hash=decided.definition_hash,
        by=decided.investigator,
        at=at,
    )
