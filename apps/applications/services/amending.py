"""Starting an amendment or a renewal of what was approved, and judging whether it is substantial."""

import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import grants
from apps.accounts.models import Person
from apps.applications import authorised, selectors
from apps.applications.models import Application, Member, Page
from apps.applications.searching import search_text_renew
from apps.applications.services.documents import documents_carry
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.applications.services.team import investigator_put
from apps.core.errors import ChangedMeanwhile, RefusedError


def amendment_start(
    *, application: Application, kind: Application.Kind, creation_key: uuid.UUID, by: Person
) -> Application:
    """Start a dossier that amends an approved one, or renews its access, from what is authorised now.

    It holds the pages, documents and team of the last approval. The same `creation_key` twice is one dossier. Raises
    RefusedError (not the principal investigator, project over, another amendment under way, somebody excluded).
    """
    if kind == Application.Kind.INITIAL:
        raise RefusedError((_("Choose an amendment or a renewal."),), field="kind")
    try:
        with transaction.atomic():
            return _amendment_start(application_locked(application), kind, creation_key, by)
    except IntegrityError:
        made_already = Application.objects.filter(creation_key=creation_key, created_by=by).first()
        if made_already is None:
            raise
        return made_already


def _amendment_start(root: Application, kind: str, creation_key: uuid.UUID, by: Person) -> Application:
    made_already = Application.objects.filter(creation_key=creation_key, created_by=by, amends=root).first()
    if made_already:
        return made_already
    refuse_unless_allowed("application.amend", selectors.amendment_facts(root, by))
    source = authorised.authorised_before(root)
    now = timezone.now()
    made = Application.objects.create(
        number=f"{root.number}-A{authorised.amendments_of(root).count() + 1:02d}",
        creation_key=creation_key,
        kind=kind,
        amends=root,
        path=root.path,
        spec_version=source.spec_version,
        organisation=root.organisation,
        created_by=by,
        title=source.title,
        changed_by=by,
        changed_at=now,
    )
    _authorised_copied(made, source, by)
    search_text_renew(made)
    record("application.amendment_started", made, by, {"number": made.number, "amends": root.number, "kind": kind})
    return made


def _authorised_copied(made: Application, source: Application, by: Person) -> None:
    """Give the new dossier the pages, the team and the documents that were approved."""
    content = authorised.submission_of(source).content
    now = timezone.now()
    Page.objects.bulk_create(
        Page(application=made, key=key, content=content["pages"].get(key, {}), updated_by=by, updated_at=now)
        for key in made.specification.keys
    )
    people = Person.objects.in_bulk([member["person"] for member in content["team"]])
    for member in content["team"]:
        person = people[uuid.UUID(member["person"])]
        organisation = uuid.UUID(member["organisation"])
        Member.objects.create(
            application=made, person=person, organisation_id=organisation, role=member["role"], added_by=by
        )
        grants.grant(person, "view_application", made)
    documents_carry(source=source, to=made, by=by)


def amendment_judge(*, application: Application, seen_version: int, substantial: bool, reason: str, by: Person) -> None:
    """Say whether an amendment is substantial where the steward sees it otherwise than the rules propose.

    The stages it opens again follow. Raises RefusedError (field "reason"; conflict of interest, state, no amendment),
    ChangedMeanwhile.
    """
    if not reason.strip():
        raise RefusedError((_("Say why: the team reads it."),), field="reason")
    with transaction.atomic():
        locked = application_locked(application)
        if locked.version != seen_version:
            raise ChangedMeanwhile
        refuse_unless_allowed("application.judge", selectors.stage_facts(locked, by))
        locked.judged, locked.judged_because = substantial, reason.strip()
        standing = authorised.stages_standing(locked, authorised.submission_of(locked).content)
        Application.objects.filter(pk=locked.pk).update(
            judged=substantial,
            judged_because=reason.strip(),
            stages_done=standing,
            version=F("version") + 1,
            changed_by=by,
            changed_at=timezone.now(),
        )
        record("application.amendment_judged", locked, by, {"substantial": substantial, "round": locked.round})


def team_follow(*, application: Application) -> None:
    """After an amendment was approved, the other dossiers of its project have its team: whoever left sees none of them
    any more, whoever joined sees what they work under. To be called in the transaction of the decision.
    """
    team = {member.person_id: member for member in Member.objects.filter(application=application)}
    for other in authorised.family_of(application).exclude(pk=application.pk):
        present = {member.person_id: member for member in Member.objects.filter(application=other)}
        for person in Person.objects.filter(pk__in=present.keys() - team.keys()):
            Member.objects.filter(application=other, person=person).delete()
            grants.withdraw(person, "view_application", other)
        for person in Person.objects.filter(pk__in=team.keys() - present.keys()):
            kept = team[person.pk]
            Member.objects.create(
                application=other, person=person, organisation_id=kept.organisation_id, added_by_id=kept.added_by_id
            )
            grants.grant(person, "view_application", other)
        investigator_put(other, _lead_of(team.values()))
        search_text_renew(other)


def _lead_of(team: Iterable[Member]) -> uuid.UUID:
    return next(member.person_id for member in team if member.role == Member.Role.PRINCIPAL_INVESTIGATOR)


def project_over_keep(*, application_id: uuid.UUID) -> None:
    """The project of this dossier has ended: nothing more of it is amended. To be called in that transaction."""
    Application.objects.filter(pk=application_id).update(project_ended_on=timezone.localdate())
