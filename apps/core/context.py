"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest

from apps.core.actions import portal_roles
from apps.core.rules import Role


def portal(request: HttpRequest) -> dict[str, object]:
    """Branding, demonstration banner, and which parts of the menu the visitor has."""
    roles = portal_roles(request) if hasattr(request, "user") else frozenset({Role.ANYONE})
    return {
        "state_branding": settings.STATE_BRANDING,
        "demo_mode": settings.DEMO_MODE,
        "is_verified": Role.PERSON in roles,
        "is_signed_in": Role.SIGNED_IN in roles,
        "is_steward": Role.STEWARD in roles,
        "is_operator": Role.OPERATOR in roles,
        "is_auditor": Role.AUDITOR in roles,
        "is_committee": bool({Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY} & roles),
        "is_committee_secretary": Role.COMMITTEE_SECRETARY in roles,
        "request_id": getattr(request, "request_id", ""),
    }
