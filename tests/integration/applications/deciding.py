"""How tests decide on a dossier, the second factor taken as given."""

from typing import Any

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Decision
from tests.factories.applications import (
    second_factor_accepted,
)


def approve(application: Application, by: Person, **changes: object) -> Decision:
    asked = {
        "seen_version": application.version,
        "content_hash": application.content_hash,
        "code": "000000",
        "comment": "",
        **changes,
    }
    with second_factor_accepted():
        return services.application_approve(application=application, by=by, **asked)  # type: ignore[arg-type]


def refuse(application: Application, by: Person, reason: str = "Finalité interdite.") -> Decision:
    seen: dict[str, Any] = {"seen_version": application.version, "content_hash": application.content_hash}
    with second_factor_accepted():
        return services.application_refuse(application=application, code="000000", reason=reason, by=by, **seen)


def send_back(application: Application, by: Person, **reasons: str) -> Decision:
    return services.application_return(
        application=application, seen_version=application.version, reasons=reasons or {"summary": "À revoir."}, by=by
    )
