"""What differs between what was authorised and what is asked for, and whether that is substantial. Pure.

Source: domain notes of the project (amendments): a new controller, purpose, category of recipients or of data is
substantial; clarifications, changes of staff and more data of an authorised category are not. Which rule says what, and
which stages it opens again, is policy data (`amendments`); here is only which difference falls under which rule.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.applications.field_rules import Missing, as_date, years_after
from apps.applications.form_spec import Content, Kind, Specification, Text, filled_rows
from apps.applications.policy.model import AmendmentRule, Path, Policy, Stage
from apps.extracts.engine.catalogue import CATALOGUE

Snapshot = Mapping[str, Any]  # a submission's content: organisation, pages, attachments, team

NEW_CONTROLLER, NEW_PURPOSE, NEW_RECIPIENTS = "new_controller", "new_purpose", "new_recipients"
NEW_DATA, MORE_DATA, LESS_DATA = "new_data_category", "more_data", "less_data"
LONGER, STAFF, POPULATION, CLARIFICATION = "longer_access", "staff_change", "population_changed", "clarification"
NEW_INVESTIGATOR = "new_investigator"
RULES = (
    NEW_CONTROLLER,
    NEW_PURPOSE,
    NEW_RECIPIENTS,
    NEW_DATA,
    LONGER,
    MORE_DATA,
    POPULATION,
    NEW_INVESTIGATOR,
    STAFF,
    LESS_DATA,
    CLARIFICATION,
)
PEOPLE, LEAD = "people", "principal_investigator"
"""What differs of the team without being a field of the form."""
# A project always passes these again: somebody reads what changed, somebody answers for it, the parties sign it anew.
ALWAYS_AGAIN = frozenset({Stage.COMPLETENESS, Stage.DECISION, Stage.AGREEMENT})

NOTHING_CHANGED = Text("Rien ne diffère de ce qui est autorisé.", "Nothing differs from what is authorised.")
NOT_LONGER = Text(
    "Un renouvellement prolonge l’accès\u00a0: indiquez un jour après le {day}.",
    "A renewal prolongs the access: give a day after {day}.",
)
RENEWAL_TOO_LONG = Text(
    "Un renouvellement dure au plus {years} ans\u00a0: jusqu’au {day}.",
    "A renewal lasts {years} years at most: until {day}.",
)
BEYOND_THE_PATH = Text(
    "L’accès dure au plus {years} ans en tout sur ce parcours\u00a0: jusqu’au {day}.",
    "Access lasts {years} years at most in all on this path: until {day}.",
)


@dataclass(frozen=True)
class Change:
    """One difference and the rule it falls under. `gone` and `come` name items of a list (tables, sources, people).

    Both are empty where the field itself says it all. `page` and `field` are those of the form.
    """

    rule: str
    page: str
    field: str
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


def changes(spec: Specification, before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Every difference between two submissions, the gravest rule first, then in the order of the form."""
    found = [*_controller(before, after), *_team(before, after), *_documents(before, after)]
    for page in spec.pages:
        old, new = before["pages"].get(page.key, {}), after["pages"].get(page.key, {})
        for field in page.fields:
            if field.kind is not Kind.DOCUMENT:
                special = _SPECIAL.get((page.key, field.name))
                plain = _rows(field, old), _rows(field, new)
                found += special(old, new) if special else _plain(page.key, field.name, *plain)
    order = {page: number for number, page in enumerate(spec.keys)}
    return tuple(sorted(found, key=lambda one: (RULES.index(one.rule), order.get(one.page, -1), one.field)))


def _rows(field: Any, content: Content) -> Any:
    """What a field holds, without rows or spaces that say nothing."""
    if field.kind is Kind.GROUP:
        return [row for _number, row in filled_rows(field, content)]
    return content.get(field.name) or ""


def _plain(page: str, field: str, old: Any, new: Any) -> Iterator[Change]:
    if old != new:
        yield Change(_RULE_OF.get((page, field), CLARIFICATION), page, field)


# Answers whose change falls under one rule whatever it says; all others are clarifications.
_RULE_OF: Mapping[tuple[str, str], str] = {
    ("purpose", "purpose_kind"): NEW_PURPOSE,
    ("purpose", "purpose_other"): NEW_PURPOSE,
    ("purpose", "objectives"): NEW_PURPOSE,
    ("protection", "legal_basis"): NEW_PURPOSE,
    ("protection", "recipients"): NEW_RECIPIENTS,
    ("team", "processing_by"): NEW_RECIPIENTS,
    ("team", "implementing_body"): NEW_RECIPIENTS,
    ("team", "contributors"): STAFF,
    ("population", "population"): POPULATION,
    ("period", "controls_per_case"): POPULATION,
    ("period", "controls_years"): POPULATION,
    ("period", "care_dates"): MORE_DATA,
    ("period", "care_days_before"): MORE_DATA,
    ("period", "care_days_after"): MORE_DATA,
}


def _controller(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    if before["organisation"] != after["organisation"]:
        yield Change(NEW_CONTROLLER, "team", "", (before["organisation"],), (after["organisation"],))


def _team(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """People by their identifiers; one from an organisation that had nobody in the team is a new recipient, and who
    leads the team is said whether or not they were of it.
    """
    led, leads = _lead(before), _lead(after)
    if led != leads:
        yield Change(NEW_INVESTIGATOR, "team", LEAD, (led,), (leads,))
    old, new = ({member["person"]: member["organisation"] for member in one["team"]} for one in (before, after))
    gone, come = tuple(sorted(set(old) - set(new))), tuple(sorted(set(new) - set(old)))
    known = {*old.values(), before["organisation"]}
    foreign = tuple(person for person in come if new[person] not in known)
    if foreign:
        yield Change(NEW_RECIPIENTS, "team", PEOPLE, (), foreign)
    if gone or len(come) > len(foreign):
        yield Change(STAFF, "team", PEOPLE, gone, tuple(person for person in come if person not in foreign))


def _lead(one: Snapshot) -> str:
    return next(str(member["person"]) for member in one["team"] if member["role"] == "principal_investigator")


def _documents(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    kinds = {document["kind"] for one in (before, after) for document in one["attachments"]}
    for kind in sorted(kinds):
        if _hashes(before, kind) != _hashes(after, kind):
            yield Change(CLARIFICATION, "attachments", kind)


def _hashes(one: Snapshot, kind: str) -> list[str]:
    return sorted(document["sha256"] for document in one["attachments"] if document["kind"] == kind)


def _scope(old: Content, new: Content) -> Iterator[Change]:
    """Tables and variables: those of a component, or potential identifiers, that were not authorised are a category."""
    had, asks = (frozenset(_columns(one)) for one in (old, new))
    come, gone = asks - had, had - asks
    components = {_component(full) for full in had}
    category = {full for full in come if _component(full) not in components or _is_identifying(full)}
    for rule, added in ((NEW_DATA, category), (MORE_DATA, come - category)):
        if added:
            yield Change(rule, "variables", "scope", (), tuple(sorted(added)))
    if gone:
        yield Change(LESS_DATA, "variables", "scope", tuple(sorted(gone)), ())
    if not come and not gone and _reasons(old) != _reasons(new):
        yield Change(CLARIFICATION, "variables", "scope")


def _columns(variables: Content) -> Iterator[str]:
    for table, columns in variables.get("scope", {}).items():
        yield from (f"{table}.{column}" for column in columns)


def _component(full: str) -> str:
    """The component of the SNDS that a variable belongs to; its table, where the catalogue knows it no more."""
    name = full.partition(".")[0]
    table = CATALOGUE.table(name)
    return table.dataset if table else name


def _is_identifying(full: str) -> bool:
    name, _dot, column = full.partition(".")
    table = CATALOGUE.table(name)
    found = table.column(column) if table else None
    return bool(found and found.family)


def _reasons(variables: Content) -> tuple[Any, Any]:
    return variables.get("justifications", {}), variables.get("identifiers", {})


def _linkage(old: Content, new: Content) -> Iterator[Change]:
    had, asks = (_sources(one) for one in (old, new))
    come, gone = tuple(sorted(set(asks) - set(had))), tuple(sorted(set(had) - set(asks)))
    if come or (new.get("linked") == "yes" and old.get("linked") != "yes"):
        yield Change(NEW_DATA, "linkage", "sources", (), come)
    if gone:
        yield Change(LESS_DATA, "linkage", "sources", gone, ())
    if any(had[name] != asks[name] for name in set(had) & set(asks)):
        yield Change(CLARIFICATION, "linkage", "sources")


def _sources(linkage: Content) -> dict[str, Any]:
    """The sources that count: none once the answer is that nothing is linked."""
    if linkage.get("linked") != "yes":
        return {}
    rows = linkage.get("sources", [])
    return {f"{row.get('name', '')} ({row.get('holder', '')})": dict(row) for row in rows if any(row.values())}


def _transfers(old: Content, new: Content) -> Iterator[Change]:
    if old.get("transfers") != new.get("transfers"):
        yield Change(NEW_RECIPIENTS if new.get("transfers") == "yes" else LESS_DATA, "protection", "transfers")


def _transfer_details(old: Content, new: Content) -> Iterator[Change]:
    if old.get("transfers") == new.get("transfers") == "yes" and old.get("transfer_details") != new.get(
        "transfer_details"
    ):
        yield Change(NEW_RECIPIENTS, "protection", "transfer_details")


def _retention(old: Content, new: Content) -> Iterator[Change]:
    before, after = (int(one) if str(one).isdigit() else 0 for one in map(_years_kept, (old, new)))
    if before != after:
        yield Change(LONGER if after > before else LESS_DATA, "protection", "retention_years")


def _years_kept(protection: Content) -> Any:
    return protection.get("retention_years") or ""


def _bound(page: str, field: str, more: str, *, later_is_more: bool) -> Callable[[Content, Content], Iterator[Change]]:
    """The rule of a date that bounds something: what widens it falls under `more`, what narrows it is less data."""

    def rule(old: Content, new: Content) -> Iterator[Change]:
        before, after = as_date(old.get(field)), as_date(new.get(field))
        if before == after:
            return
        widens = before is None or after is None or (after > before) is later_is_more
        yield Change(more if widens else LESS_DATA, page, field)

    return rule


def _said_elsewhere(old: Content, new: Content) -> Iterator[Change]:
    yield from ()


Rule = Callable[[Content, Content], Iterable[Change]]
_SPECIAL: Mapping[tuple[str, str], Rule] = {
    ("variables", "scope"): _scope,
    ("linkage", "linked"): _said_elsewhere,
    ("linkage", "sources"): _linkage,
    ("protection", "transfers"): _transfers,
    ("protection", "transfer_details"): _transfer_details,
    ("protection", "retention_years"): _retention,
    ("period", "data_from"): _bound("period", "data_from", MORE_DATA, later_is_more=False),
    ("period", "data_to"): _bound("period", "data_to", MORE_DATA, later_is_more=True),
    ("period", "access_from"): _bound("period", "access_from", LONGER, later_is_more=False),
    ("period", "access_to"): _bound("period", "access_to", LONGER, later_is_more=True),
}


@dataclass(frozen=True)
class Proposal:
    """What the portal proposes for an amendment: substantial or not, by which rules, and the stages opened again."""

    is_substantial: bool
    rules: tuple[AmendmentRule, ...]
    reopened: frozenset[Stage]


def proposal(found: Iterable[Change], policy: Policy, *, judged: bool | None = None) -> Proposal:
    """The class of these changes by the rules of the dossier; `judged` is a steward's own view of it, None for none.

    A steward who holds for substantial what the rules do not opens every stage; the other way round, none beyond the
    review and the decision.
    """
    rules = tuple(policy.amendment(key) for key in dict.fromkeys(change.rule for change in found))
    is_substantial = any(rule.substantial for rule in rules)
    reopened = frozenset(stage for rule in rules for stage in rule.reopens) | ALWAYS_AGAIN
    if judged is None or judged is is_substantial:
        return Proposal(is_substantial, rules, reopened)
    return Proposal(judged, rules, frozenset(Stage) if judged else ALWAYS_AGAIN)


def standing_stages(path: Path, reopened: Iterable[Stage], earned: Iterable[Stage]) -> frozenset[Stage]:
    """The stages that an amendment need not pass when it is submitted: those that what was authorised keeps, and those
    that the amendment itself passed already. The completeness is always looked at again.
    """
    kept = frozenset(path.stages) - frozenset(reopened)
    return (kept | frozenset(earned)) - {Stage.COMPLETENESS}


def data_differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two definitions (engine JSON) ask for different data: another title is none."""
    return any(before.get(part) != after.get(part) for part in ("population", "scope"))


@dataclass(frozen=True)
class Access:
    """The days between which access is authorised, or asked for."""

    starts_on: date | None
    ends_on: date | None


def access_of(pages: Mapping[str, Content]) -> Access:
    """The days of access that these pages hold."""
    period = pages.get("period", {})
    return Access(as_date(period.get("access_from")), as_date(period.get("access_to")))


def access_problems(
    authorised: Access, asked: Access, path: Path, policy: Policy, *, is_renewal: bool
) -> Iterator[Missing]:
    """What is wrong with the end of access that an amendment asks for: all that bounds a prolongation.

    Both limits are policy data: years for one renewal, years in all on the path.
    """
    start, end, wanted = authorised.starts_on, authorised.ends_on, asked.ends_on
    if start is None or end is None or wanted is None:
        return
    if wanted <= end:
        if is_renewal:
            yield _period_problem("not_longer", NOT_LONGER, day=end)
        return
    once, in_all = policy.renewal.longest_years, path.longest_access_years
    if wanted > (latest := years_after(end, once)):
        yield _period_problem("renewal_too_long", RENEWAL_TOO_LONG, day=latest, years=once)
    if wanted > (latest := years_after(start, in_all)):
        yield _period_problem("beyond_the_path", BEYOND_THE_PATH, day=latest, years=in_all)


def _period_problem(code: str, text: Text, *, day: date, years: int = 0) -> Missing:
    french, english = day.strftime("%d/%m/%Y"), day.isoformat()
    said = Text(text.fr.format(day=french, years=years), text.en.format(day=english, years=years))
    return Missing("period", "access_to", code, said)
