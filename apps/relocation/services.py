"""Taking over what an export holds: one transaction for each thing, with its event and what it is here."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person
from apps.accounts.services import mandate_give
from apps.applications.services.taking_over import DecidedElsewhere, application_take_over
from apps.audit.services import event_record
from apps.core.errors import PortalError
from apps.core.mail import mail_enqueue
from apps.core.rules import Reason
from apps.directory.services import entry_publish
from apps.extracts.engine.definition import Definition
from apps.extracts.services import extract_request
from apps.projects.models import Project
from apps.projects.services import Grant, project_create
from apps.relocation.export import Export
from apps.relocation.models import Relocated, RelocationRun, Store
from apps.relocation.rules import Kind, Line, Record, Verdict, entitlement_of, pages_of, planned
from apps.relocation.selectors import here_for
from apps.workspaces.services import workspace_request

WELCOME = "relocation-welcome"
_TAKEN = frozenset({Verdict.MAKE, Verdict.ADOPT})
_MEANWHILE = Reason("meanwhile")
_TOLD = frozenset({Verdict.REFUSE, Verdict.CHANGED})


def relocation_import(*, export: Export, by: Person, is_dry: bool) -> RelocationRun:
    """Take over what can be, in the name of a steward; a dry run writes down what would be. What is interrupted is
    taken up by the next run: each thing is made once, whoever runs it and however often."""
    lines = planned(export.records, here_for(by))
    run = _run_begin(export, by, is_dry)
    done = lines if is_dry else tuple(_taken_over(line, lines, by) for line in lines)
    _run_end(run, done, by)
    return run


def _run_begin(export: Export, by: Person, is_dry: bool) -> RelocationRun:
    return RelocationRun.objects.create(
        manifest_sha256=export.manifest_sha256,
        platform=export.platform,
        exported_at=export.exported_at,
        is_dry=is_dry,
        by=by,
    )


def _run_end(run: RelocationRun, lines: tuple[Line, ...], by: Person) -> None:
    counts: dict[str, dict[str, int]] = {str(kind): {} for kind in Kind}
    for (kind, verdict), count in Counter((line.record.kind, line.verdict) for line in lines).items():
        counts[str(kind)][str(verdict)] = count
    run.counts, run.finished_at = counts, timezone.now()
    run.lines = [_told(line) for line in lines if line.verdict in _TOLD]
    with transaction.atomic():
        run.save(update_fields=["counts", "lines", "finished_at"])
        data = {"dry": run.is_dry, "manifest_sha256": run.manifest_sha256, "counts": counts}
        event_record(
            action="relocation.run", actor=str(by.pk), object_kind="relocation", object_id=str(run.pk), data=data
        )


def _told(line: Line) -> dict[str, Any]:
    why = [{"code": reason.code, "params": dict(reason.params)} for reason in line.why]
    return {"kind": line.record.kind, "old_id": line.record.old_id, "verdict": line.verdict, "why": why}


def _taken_over(line: Line, lines: tuple[Line, ...], by: Person) -> Line:
    """The line as it came true. An entitlement comes with its project."""
    make = _MAKE.get(line.record.kind)
    if line.verdict not in _TAKEN or make is None:
        return line
    try:
        with transaction.atomic():
            make(line.record, lines, by)
    except (IntegrityError, PortalError, Relocated.DoesNotExist):
        return Line(line.record, Verdict.REFUSE, (_MEANWHILE,))
    return line


def _tie(record: Record, new_id: object, by: Person, *, adopted: bool = False, dossier: object = None) -> None:
    """Remember what a thing of the previous platform is here, and say so."""
    Relocated.objects.create(
        kind=record.kind, old_id=record.old_id, new_id=str(new_id), digest=record.digest, adopted=adopted
    )
    event_record(
        action="relocation.adopted" if adopted else "relocation.made",
        actor=str(by.pk),
        object_kind=str(record.kind),
        object_id=str(new_id),
        dossier_id=str(dossier) if dossier else None,
        data={"kind": str(record.kind), "old_id": record.old_id, "digest": record.digest},
    )


def _new_id(kind: Kind, old_id: str) -> str:
    return Relocated.objects.values_list("new_id", flat=True).get(kind=kind, old_id=old_id)


def _organisation(record: Record, lines: tuple[Line, ...], by: Person) -> None:
    values = {"name": record.values["name"], "kind": record.values["kind"]}
    organisation, made = Organisation.objects.get_or_create(siren=record.values["siren"], defaults=values)
    _tie(record, organisation.pk, by, adopted=not made)


def _person(record: Record, lines: tuple[Line, ...], by: Person) -> None:
    """A person without a password: a message says how to choose one. Who is here already keeps everything."""
    email = record.values["email"].strip().lower()
    person = Person.objects.filter(email=email).first()
    adopted = person is not None
    if person is None:
        fields = {name: record.values[name] for name in ("given_name", "family_name", "language")}
        person = Person.objects.create_user(email, **fields)
        mail_enqueue(kind=WELCOME, subject_id=str(person.pk), key=str(person.pk))
    for mandate in record.values["mandates"]:
        _mandate(person, mandate, by)
    _tie(record, person.pk, by, adopted=adopted)


def _mandate(person: Person, mandate: Mapping[str, Any], by: Person) -> None:
    """Give a mandate that ended neither here nor there; one that the person holds already is not given twice."""
    organisation = Organisation.objects.get(pk=_new_id(Kind.ORGANISATION, mandate["organisation"]))
    ends_on = date.fromisoformat(mandate["ends_on"]) if mandate.get("ends_on") else None
    if (ends_on and ends_on < timezone.localdate()) or _holds(person, organisation):
        return
    mandate_give(
        person=person,
        organisation=organisation,
        starts_on=date.fromisoformat(mandate["starts_on"]),
        ends_on=ends_on,
        role=mandate["role"],
        may_sign=mandate.get("may_sign", False),
        by=by,
    )


def _holds(person: Person, organisation: Organisation) -> bool:
    return Mandate.objects.current(timezone.localdate()).filter(person=person, organisation=organisation).exists()


def _project(record: Record, lines: tuple[Line, ...], by: Person) -> None:
    """The dossier as decided there, the project, its team and its entitlement, together."""
    fit = {line.record.key for line in lines if line.verdict in _TAKEN}
    entitlement = entitlement_of(record, (line.record for line in lines), fit)
    if entitlement is None:
        raise Relocated.DoesNotExist
    decided = _decided(record, entitlement)
    application = application_take_over(decided, by=by)
    definition = Definition.from_json(entitlement.values["definition"])
    project = project_create(
        Grant(
            application_id=application.pk,
            title=decided.title,
            principal_investigator_id=decided.investigator.pk,
            member_ids=tuple(person.pk for person in decided.members),
            definition=definition.to_json(),
            definition_hash=definition.hash,
            starts_on=decided.starts_on,
            ends_on=decided.ends_on,
        ),
        by=str(by.pk),
    )
    entry_publish(application_id=str(application.pk), by=str(by.pk))
    _tie(record, project.pk, by, dossier=application.pk)
    _tie(entitlement, project.entitlement.pk, by, dossier=application.pk)


def _decided(project: Record, entitlement: Record) -> DecidedElsewhere:
    lead = project.values["principal_investigator"]
    members = [_new_id(Kind.PERSON, one) for one in dict.fromkeys(project.values["members"]) if one != lead]
    return DecidedElsewhere(
        number=project.values["number"],
        title=project.values["title"],
        path=project.values["path"],
        organisation=Organisation.objects.get(pk=_new_id(Kind.ORGANISATION, project.values["organisation"])),
        investigator=Person.objects.get(pk=_new_id(Kind.PERSON, lead)),
        members=tuple(Person.objects.filter(pk__in=members)),
        definition_hash=Definition.from_json(entitlement.values["definition"]).hash,
        starts_on=date.fromisoformat(entitlement.values["starts_on"]),
        ends_on=date.fromisoformat(entitlement.values["ends_on"]),
        decided_on=date.fromisoformat(entitlement.values["decided_on"]),
        decision=entitlement.values["decision"],
        pages=pages_of(project, Definition.from_json(entitlement.values["definition"]).to_json()),
    )


def _workspace(record: Record, lines: tuple[Line, ...], by: Person) -> None:
    """A workspace of its own here, with a fresh extract; the one of the previous platform goes on until it is left."""
    project = Project.objects.get(pk=_new_id(Kind.PROJECT, record.values["project"]))
    extract_request(project=project, by=str(by.pk))
    workspace = workspace_request(project=project, by=str(by.pk))
    Store.objects.create(workspace=workspace, container=record.values["container"], prefix=record.values["prefix"])
    _tie(record, workspace.pk, by, dossier=project.application_id)


_MAKE: Mapping[Kind, Callable[[Record, tuple[Line, ...], Person], None]] = {
    Kind.ORGANISATION: _organisation,
    Kind.PERSON: _person,
    Kind.PROJECT: _project,
    Kind.WORKSPACE: _workspace,
}
