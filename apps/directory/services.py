"""Writes of the public directory, each in one transaction with its event."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications.authorised import root_of
from apps.applications.granted import approved_facts
from apps.applications.models import Application, Submission
from apps.applications.selectors import path_of, team_facts
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.rules import Refused, decide_by_table
from apps.directory import content
from apps.directory.models import Entry
from apps.directory.rules import ACTIONS, LONGEST, MOST_PUBLICATIONS, Results
from apps.projects.models import Project


def entry_publish(*, application_id: str, by: str) -> Entry | None:
    """Publish an approved project, or bring its page up to date with what was approved since.

    None for a path that is not published (policy). To be called in the transaction of the approval.
    """
    application = Application.objects.select_related("organisation", "amends").get(pk=application_id)
    if not path_of(application).public_directory:
        return None
    entry = entry_write(application)
    _record("directory.published", entry, by)
    return entry


def entry_write(application: Application) -> Entry:
    """The row of an approved project's page, made or made again: by the dossier, or by what amends it.

    Raises DoesNotExist unless it is approved.
    """
    first = root_of(application)
    granted, path = approved_facts(application.pk), path_of(application)
    submission = Submission.objects.get(application=application, round=application.round)
    words = content.sections(application, submission, path)
    now = timezone.now()
    values = {
        "number": first.number,
        "path": path.key,
        "title": granted.title,
        "title_en": submission.content["pages"]["title"].get("title_en", "")[:200],
        "controller": application.organisation.name,
        "starts_on": approved_facts(first.pk).starts_on,
        "ends_on": granted.ends_on,
        "sections": words,
        "facts": content.facts(application, submission, path),
        "haystack": content.haystack(first.number, words),
        "updated_at": now,
    }
    entry, _made = Entry.objects.update_or_create(
        application=first, defaults=values, create_defaults={**values, "published_at": now}
    )
    return entry


def entry_end(*, project: Project, by: str) -> None:
    """Say on the public page that the project is over, how, and what became of it. In the transaction that ends it."""
    entry = Entry.objects.filter(application=project.application_id).first()
    if entry is None:
        return
    Entry.objects.filter(pk=entry.pk).update(
        ended_on=project.ended_on,
        ending=project.ending,
        # What a misuse was is between the platform and those concerned.
        ending_told="" if project.ending == Project.Ending.REVOKED else project.ending_told,
        updated_at=timezone.now(),
    )
    _record("directory.ended", entry, by)


def results_record(*, entry: Entry, results: Results, seen_version: int, by: Person) -> Entry:
    """Publish method, results and publications. Saving what is there already changes nothing.

    Raises RefusedError (not the principal investigator, too long, nothing told), ChangedMeanwhile.
    """
    _check(results)
    with transaction.atomic():
        application = Application.objects.select_for_update(no_key=True).get(pk=entry.application_id)
        facts = team_facts(application, by)
        if isinstance(decide_by_table(ACTIONS, "directory.results", facts.roles, facts.status), Refused):
            raise RefusedError((_("Only the principal investigator publishes the results."),))
        present = Entry.objects.get(pk=entry.pk)
        if _told(present) == results:
            return present
        now = timezone.now()
        swapped = Entry.objects.filter(pk=entry.pk, version=seen_version).update(
            method=results.method,
            method_en=results.method_en,
            results=results.results,
            results_en=results.results_en,
            publications=list(results.publications),
            results_at=now,
            updated_at=now,
            version=F("version") + 1,
        )
        if not swapped:
            raise ChangedMeanwhile
        _record("directory.results_published", entry, str(by.pk))
        return Entry.objects.get(pk=entry.pk)


def _told(entry: Entry) -> Results:
    return Results(entry.method, entry.method_en, entry.results, entry.results_en, tuple(entry.publications))


def _check(results: Results) -> None:
    texts: Iterable[str] = (results.method, results.method_en, results.results, results.results_en)
    if not results.results and not results.publications:
        raise RefusedError((_("Tell the results, or give at least one publication."),), field="results")
    if any(len(text) > LONGEST for text in texts):
        raise RefusedError((_("This text is too long: at most 8,000 characters."),), field="results")
    if len(results.publications) > MOST_PUBLICATIONS or any(len(one) > 500 for one in results.publications):
        raise RefusedError((_("At most 50 publications, of 500 characters each."),), field="publications")


def _record(action: str, entry: Entry, by: str) -> None:
    event_record(
        action=action,
        actor=by,
        object_kind="application",
        object_id=str(entry.application_id),
        dossier_id=str(entry.application_id),
        data={"number": entry.number},
    )
