"""What the project's page shows, gathered from its rooms with a fixed number of queries."""

from typing import Any

from django.utils.translation import get_language

from apps.accounts.models import Person
from apps.agreements.models import Agreement
from apps.core.reading_together import read_together
from apps.core.rules import Role
from apps.directory.selectors import entry_of
from apps.extracts.engine.definition import Definition
from apps.extracts.presentation import progress_in_words
from apps.extracts.rules import FINISHED, Status
from apps.extracts.selectors import latest_requests
from apps.extracts.sentences import STAGES
from apps.projects.models import Project
from apps.projects.selectors import roles_in
from apps.workspaces.selectors import workspace_progress


def project_page(project: Project, person: Person) -> dict[str, Any]:
    """The project with its entitlement in words, its team, and where its extract and its workspace stand."""
    extracts, entries = latest_requests(project.pk), entry_of(project.application_id)
    members = project.memberships.select_related("person").order_by("-role", "pk")
    agreements = Agreement.objects.filter(application=project.application_id)
    read_together(extracts, entries, members, agreements)
    extract, workspace = next(iter(extracts), None), workspace_progress(project, person)
    relation = roles_in(member for member in members if member.person_id == person.pk)
    is_member = bool(relation)
    return {
        "project": project,
        "entitlement": project.entitlement,
        "sentence": Definition.from_json(project.entitlement.definition).sentence(_language()),
        "members": members,
        "entry": next(iter(entries), None),
        "agreement": next(iter(agreements), None),
        "is_member": is_member,
        "is_lead": Role.PRINCIPAL_INVESTIGATOR in relation,
        "may_revoke": Role.STEWARD in person.staff_roles and not is_member,
        "extract": extract,
        "stage": STAGES.get(extract.stage, "") if extract else "",
        **(progress_in_words(extract) if extract else {}),
        "workspace": workspace,
        "dossier_url": "applications:detail" if is_member else "applications:review",
        "moving": (extract is not None and Status(extract.status) not in FINISHED)
        or (workspace is not None and workspace.is_moving and not _waits_for_a_person(extract)),
    }


def _waits_for_a_person(extract: Any) -> bool:
    return extract is not None and extract.status in (Status.NEEDS_HUMAN, Status.TO_RELEASE, Status.CANCELLED)


def _language() -> Any:
    return "en" if get_language() == "en" else "fr"
