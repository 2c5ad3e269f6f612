"""Whatever the graph of grants, lists and selectors show exactly what a plain look at every pair would."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts import grants
from apps.accounts.models import Person, StaffRole
from apps.applications.models import Application, Member
from apps.applications.selectors import applications_examined, applications_visible_to
from apps.projects.models import Entitlement, Membership, Project
from apps.projects.selectors import projects_of, projects_visible_to
from apps.workspaces.models import Workspace
from apps.workspaces.selectors import workspaces_visible_to
from tests.factories.accounts import OrganisationFactory, PersonFactory, client_signed_in

PEOPLE, DOSSIERS = 4, 6
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unmeasured")]


@dataclass(frozen=True)
class Graph:
    """Who is on which team, who is steward, which dossiers were submitted once and which became projects."""

    teams: tuple[frozenset[int], ...]
    stewards: frozenset[int]
    examined: frozenset[int]
    approved: frozenset[int]


_people = st.frozensets(st.integers(0, PEOPLE - 1))
_dossiers = st.frozensets(st.integers(0, DOSSIERS - 1))
graphs = st.builds(
    Graph,
    teams=st.tuples(*[_people] * DOSSIERS),
    stewards=st.frozensets(st.integers(0, PEOPLE - 1), max_size=2),
    examined=_dossiers,
    approved=_dossiers,
)


@given(graph=graphs)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_agree_with_looking_at_every_pair(graph: Graph) -> None:
    point = transaction.savepoint()
    try:
        people, dossiers, projects = _made(graph)
        for number, person in enumerate(people):
            _agrees(graph, number, Person.objects.get(pk=person.pk), dossiers, projects)
    finally:
        transaction.savepoint_rollback(point)


def _agrees(
    graph: Graph, number: int, person: Person, dossiers: list[Application], projects: dict[int, Project]
) -> None:
    own = {place for place in range(DOSSIERS) if number in graph.teams[place]}
    steward = number in graph.stewards
    seen = set(projects) if steward else own & set(projects)
    assert set(applications_visible_to(person)) == {dossiers[place] for place in own}
    assert set(applications_examined()) == {dossiers[place] for place in graph.examined | graph.approved}
    assert set(projects_visible_to(person)) == {projects[place] for place in seen}
    assert set(projects_of(person)) == {projects[place] for place in own & set(projects)}
    assert {space.project for space in workspaces_visible_to(person)} == {projects[place] for place in seen}
    client = client_signed_in(person)
    _page_names(client.get("/dossiers/").content.decode(), dossiers, own)
    _page_names(client.get("/projets/").content.decode(), list(projects.values()), own & set(projects), list(projects))
    queue = client.get("/instruction/?status=all")
    assert (queue.status_code == 200) == steward


def _page_names(
    page: str, objects: list[Application] | list[Project], shown: set[int], places: list[int] | None = None
) -> None:
    """The page links to those that are shown and to no other."""
    for place, found in zip(places if places is not None else range(len(objects)), objects, strict=True):
        assert (str(found.pk) in page) == (place in shown)


def _made(graph: Graph) -> tuple[list[Person], list[Application], dict[int, Project]]:
    people = [PersonFactory.create() for _ in range(PEOPLE)]
    today, now = timezone.localdate(), timezone.now()
    for number in graph.stewards:
        StaffRole.objects.create(person=people[number], role="steward", starts_on=today)
    owner, home = PersonFactory.create(), OrganisationFactory.create()
    dossiers, projects = [], {}
    for place in range(DOSSIERS):
        examined = place in graph.examined | graph.approved
        application = Application.objects.create(
            number=f"H-{uuid.uuid4().hex[:10]}",
            organisation=home,
            created_by=owner,
            changed_by=owner,
            changed_at=now,
            round=int(examined),
            status="submitted" if examined else "draft",
            submitted_at=now if examined else None,
        )
        dossiers.append(application)
        for number in graph.teams[place]:
            Member.objects.create(application=application, person=people[number], organisation=home, added_by=owner)
            grants.grant(people[number], "view_application", application)
        if place in graph.approved:
            projects[place] = _project(application, [people[number] for number in graph.teams[place]])
    return people, dossiers, projects


def _project(application: Application, team: list[Person]) -> Project:
    today = timezone.localdate()
    days = {"starts_on": today, "ends_on": today + timedelta(days=1)}
    project = Project(application=application, title="Essai", **days)
    facts = {"definition": {}, "definition_hash": "0" * 64, "granted_by": "test", **days}
    project.entitlement = Entitlement.objects.create(project=project, application=application, **facts)
    project.save(force_insert=True)
    Workspace.objects.create(project=project)
    for person in team:
        Membership.objects.create(project=project, person=person, role="member")
        grants.grant(person, "view_project", project)
    return project
