"""Who may see a project and on which days its entitlement holds. Pure."""

from datetime import date

from apps.core.rules import Action, Role

MEMBERS = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})

ACTIONS: tuple[Action, ...] = (
    Action("project.list", frozenset({Role.PERSON})),
    Action("project.view", MEMBERS | {Role.STEWARD}),
)


def entitlement_holds(*, project_status: str, starts_on: date, ends_on: date, today: date) -> bool:
    """Whether data may be used on this day: an active project, between both dates of its entitlement, included."""
    return project_status == "active" and starts_on <= today <= ends_on
