"""An amendment beside what is authorised, in words: for its team before it submits, for the steward who decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Organisation, Person
from apps.applications import authorised, presentation, rules, selectors, wording
from apps.applications.amendments import LEAD, PEOPLE, Change
from apps.applications.authorised import Comparison
from apps.applications.models import Application, Submission
from apps.applications.policy import AmendmentRule, Stage
from apps.applications.returned import field_label
from apps.applications.rules import EDITABLE

Names = Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One difference, and the rule it falls under."""

    page: str
    label: str
    before: str
    after: str
    rule: str
    is_substantial: bool


@dataclass(frozen=True)
class RuleLine:
    """A rule that applies, with its source."""

    text: str
    legal: str
    is_substantial: bool


@dataclass(frozen=True)
class AmendmentRead:
    """Everything a page shows of an amendment. `proposed` is what the rules say where a steward judged otherwise."""

    of: Application
    authorised: Application
    lines: tuple[Line, ...]
    definition_changes: list[str]
    is_substantial: bool
    is_judged: bool
    rules: tuple[RuleLine, ...]
    reopened: tuple[str, ...]
    standing: tuple[str, ...]


def amendment_read(
    application: Application, submitted: Mapping[str, Any] | None = None, held: QuerySet[Submission] | None = None
) -> AmendmentRead | None:
    """The amendment as it is now, or as it was submitted; None for a dossier that amends nothing. `held`: what it
    starts from, where that was read.
    """
    if application.amends_id is None:
        return None
    if submitted is None and application.state not in EDITABLE and application.round:
        submitted = authorised.submission_of(application).content
    compared = authorised.comparison(application, submitted or selectors.snapshot_of(application), held)
    reopened = compared.proposal.reopened
    stages = selectors.path_of(application).stages
    return AmendmentRead(
        of=authorised.root_of(application),
        authorised=compared.authorised,
        lines=_lines(application, compared),
        definition_changes=presentation.definition_changes(compared.before, compared.after),
        is_substantial=compared.proposal.is_substantial,
        is_judged=application.judged is not None,
        rules=tuple(map(rule_line, compared.proposal.rules)),
        reopened=tuple(_stage(stage) for stage in stages if stage in reopened),
        standing=tuple(_stage(stage) for stage in stages if stage not in reopened),
    )


def rule_line(rule: AmendmentRule) -> RuleLine:
    """A rule in the reader's language."""
    return RuleLine(wording.said(rule.text), wording.said(rule.legal), rule.substantial)


def _stage(stage: Stage) -> str:
    return str(wording.STAGES[stage])


def _lines(application: Application, compared: Comparison) -> tuple[Line, ...]:
    policy, names = selectors.policy_of(application), _names(compared)
    titles = {page.key: wording.said(page.title) for page in application.specification.pages}
    found = []
    for change in compared.changes:
        rule = policy.amendment(change.rule)
        before, after = _both(application, change, compared, names)
        label = _label(application, change)
        found.append(
            Line(titles[change.page], label, before, after, wording.said(rule.text), rule.substantial),
        )
    return tuple(found)


def _label(application: Application, change: Change) -> str:
    named = {"": _("Data controller"), PEOPLE: _("People of the team"), LEAD: _("Principal investigator")}
    if change.page == "team" and change.field in named:
        return named[change.field]
    return field_label(application, change.page, change.field)


def _both(application: Application, change: Change, compared: Comparison, names: Names) -> tuple[str, str]:
    """What is gone and what has come; the whole answers where these say it all."""
    if change.gone or change.come:
        gone, come = (", ".join(names.get(item, item) for item in items) for items in (change.gone, change.come))
        return gone, come
    if change.page == "attachments":
        before, after = (_documents(one, change.field) for one in (compared.before, compared.after))
        return before, after
    field = application.specification.page(change.page).field(change.field)
    old, new = (one["pages"].get(change.page, {}) for one in (compared.before, compared.after))
    return presentation.in_words(field, old), presentation.in_words(field, new)


def _documents(submission: Mapping[str, Any], kind: str) -> str:
    count = sum(document["kind"] == kind for document in submission["attachments"])
    return ngettext("%(n)d document", "%(n)d documents", count) % {"n": count}


def _names(compared: Comparison) -> Names:
    """The people and organisations that changed, by their identifiers. At most two queries."""
    people = _identifiers(compared, PEOPLE) + _identifiers(compared, LEAD)
    organisations = _identifiers(compared, "")
    found = {str(person.pk): person.full_name for person in Person.objects.filter(pk__in=people)} if people else {}
    if organisations:
        named = Organisation.objects.filter(pk__in=organisations)
        found |= {str(organisation.pk): organisation.name for organisation in named}
    return found


def _identifiers(compared: Comparison, field: str) -> list[UUID]:
    concerned = (change for change in compared.changes if change.page == "team" and change.field == field)
    return [UUID(item) for change in concerned for item in (*change.gone, *change.come)]


def of_project(application: Application, person: Person, amendments: Iterable[Application]) -> dict[str, Any]:
    """What the page of an approved dossier shows of its amendments, and whether another may be started. One query."""
    if application.state is not rules.Status.APPROVED or application.amends_id:
        return {}
    facts = selectors.amendment_facts(application, person, amendments)
    return {
        "amendments": amendments,
        "may_amend": bool(rules.allowed_actions(facts, ["application.amend"])),
    }
