"""Starting a dossier and filling its pages."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import grants
from apps.accounts.models import Organisation, Person
from apps.applications import canonical, exclusions, pages, rules, selectors, wording
from apps.applications.models import SHORTEST_PATH, Application, Member, NumberSeries, Page
from apps.applications.searching import search_text_renew
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.rules import Refused

# Far above what all fields of a page may hold: only a program gets there.
MAX_PAGE_BYTES = 200_000


class PageChanged(ChangedMeanwhile):
    """Somebody else saved the page between its reading and this save. Carries both versions."""

    def __init__(self, present: Page, typed: Mapping[str, Any]) -> None:
        super().__init__(wording.page_change_sentence(present.updated_by.full_name, present.updated_at))
        self.present = present
        self.typed = typed


def application_create(
    *, organisation: Organisation, creation_key: uuid.UUID, by: Person, path: str = SHORTEST_PATH
) -> Application:
    """Start a dossier for an organisation of which the person holds a mandate today, as its principal investigator.

    `path` is a key of the rules of today. The same `creation_key` twice (a double click) gives the same dossier.
    Raises RefusedError without the mandate or after a misuse (field "organisation"), or for a path not in force (field
    "path").
    """
    if path not in {found.key for found in selectors.paths_offered()}:
        raise RefusedError((_("No dossier can be started on this path today."),), field="path")
    if not selectors.organisations_to_apply_for(by).filter(pk=organisation.pk).exists():
        raise RefusedError((_("You hold no current mandate for this organisation."),), field="organisation")
    barred = exclusions.barred_of([by.pk], [organisation.pk])
    if barred:
        refused = refusal(Refused(tuple(rules.barred_reasons(barred))), wording.REASONS)
        raise RefusedError(refused.messages, field="organisation")
    try:
        with transaction.atomic():
            return _application_create(organisation, creation_key, by, path)
    except IntegrityError:
        made_already = Application.objects.filter(creation_key=creation_key, created_by=by).first()
        if made_already is None:
            raise
        return made_already


def _application_create(organisation: Organisation, creation_key: uuid.UUID, by: Person, path: str) -> Application:
    now = timezone.now()
    application = Application.objects.create(
        number=_number_next(timezone.localdate().year),
        creation_key=creation_key,
        path=path,
        organisation=organisation,
        created_by=by,
        changed_by=by,
        changed_at=now,
    )
    Page.objects.bulk_create(
        Page(application=application, key=key, updated_by=by, updated_at=now) for key in application.specification.keys
    )
    lead = Member.Role.PRINCIPAL_INVESTIGATOR
    Member.objects.create(application=application, person=by, organisation=organisation, role=lead, added_by=by)
    grants.grant(by, "view_application", application)
    search_text_renew(application)
    record("application.created", application, by, {"number": application.number})
    return application


def _number_next(year: int) -> str:
    NumberSeries.objects.get_or_create(year=year)
    series = NumberSeries.objects.select_for_update().get(year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"HDH-{year}-{series.last:04d}"


def page_save(*, application: Application, key: str, content: Mapping[str, Any], seen_version: int, by: Person) -> Page:
    """Save what was typed on a page, invalid values included; saving what is already there changes nothing.

    `content` holds fields of the page only. Raises RefusedError when the page may not be edited now, PageChanged when
    somebody saved something else since `seen_version`.
    """
    if len(canonical.canonical_bytes(content)) > MAX_PAGE_BYTES:
        raise RefusedError((_("This page holds far more text than its fields allow."),))
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.edit", selectors.team_facts(locked, by, page=key))
        present = Page.objects.select_related("updated_by").get(application=locked, key=key)
        if present.content == content:
            return present
        return _page_swap(locked, present, dict(content), seen_version, by)


def _page_swap(application: Application, present: Page, content: dict[str, Any], seen_version: int, by: Person) -> Page:
    swapped = Page.objects.filter(pk=present.pk, version=seen_version).update(
        content=content, version=F("version") + 1, updated_by=by, updated_at=timezone.now()
    )
    if not swapped:
        raise PageChanged(present, content)
    if present.key == "title":
        _title_repeat(application, content)
    record("application.page_saved", application, by, {"page": present.key, "version": seen_version + 1})
    return Page.objects.select_related("updated_by").get(pk=present.pk)


def _title_repeat(application: Application, content: Mapping[str, Any]) -> None:
    title = str(content.get("title", ""))[: pages.LONGEST_TITLE]
    Application.objects.filter(pk=application.pk).update(title=title)
    search_text_renew(application)
