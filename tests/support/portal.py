"""A running stack as its people and its database see it."""

import re
from typing import Any

import psycopg

from hdh_portal.devstack.stack import Stack
from tests.journeys import procedure, steps
from tests.support.visitor import Visitor, wait_until

PLAIN_PATH = "permanent_access"
RESEARCHER = "camille.durand@chu-demo.fr"
STEWARDS = ("morgan.petit@hdh-demo.fr", "dominique.robert@hdh-demo.fr")


class Portal:
    """Signs people in once, files and approves dossiers, reads rows."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._signed_in: dict[str, Visitor] = {}

    def code_of(self, email: str) -> str:
        return self.stack.manage("demo_code", email).strip()

    def visitor(self, email: str) -> Visitor:
        if email not in self._signed_in:
            self._signed_in[email] = steps.sign_in(self.stack.portal_url, email, self.code_of)
        return self._signed_in[email]

    def complete_draft(self, path: str = "") -> str:
        """A dossier with all that it needs on this path of the procedure, not submitted; gives its address."""
        researcher = self.visitor(RESEARCHER)
        dossier = steps.start_dossier(researcher, path or PLAIN_PATH)
        steps.fill_plain_pages(researcher, dossier)
        steps.build_population(researcher, dossier)
        steps.choose_variables(researcher, dossier)
        if path:
            procedure.attach_documents(researcher, dossier)
        else:
            steps.attach_protocol(researcher, dossier, "protocol")
        return dossier

    def submitted_dossier(self) -> str:
        """A complete dossier, submitted; gives its path."""
        dossier = self.complete_draft()
        steps.submit_dossier(self.visitor(RESEARCHER), dossier)
        return dossier

    def approve(self, dossier: str) -> None:
        """A steward approves it."""
        answer = steps.approve_dossier(self.visitor(STEWARDS[0]), dossier, self.code_of(STEWARDS[0]))
        assert answer.status == 200, answer.status
        assert self.row("SELECT status FROM applications_application WHERE id = %s", uuid_in(dossier)) == ("approved",)

    def row(self, query: str, *values: Any) -> tuple[Any, ...]:
        """The first row of a query."""
        with psycopg.connect(self.stack.env("default")["DATABASE_URL"]) as connection:
            found = connection.execute(query, values).fetchone()
        assert found is not None, query
        return found

    def extract(self, dossier: str) -> tuple[str, int, str]:
        """Status, units done and reason of the dossier's extract request."""
        query = """
            SELECT e.status, e.units_done, e.reason FROM extracts_extractrequest e
            JOIN projects_project p ON p.id = e.project_id WHERE p.application_id = %s"""
        return self.row(query, uuid_in(dossier))

    def workspace(self, dossier: str) -> str:
        """Status of the dossier's workspace."""
        query = """
            SELECT w.status FROM workspaces_workspace w
            JOIN projects_project p ON p.id = w.project_id WHERE p.application_id = %s"""
        return str(self.row(query, uuid_in(dossier))[0])

    def wait_until_ready(self, dossier: str, seconds: float) -> float:
        """Wait for the delivered extract and the running workspace; gives the seconds it took."""
        return wait_until(
            lambda: self.extract(dossier)[0] == "delivered" and self.workspace(dossier) == "running",
            seconds,
            f"extract delivered and workspace running ({self.extract(dossier)}, {self.workspace(dossier)})",
        )

    def events(self, dossier: str, action: str) -> int:
        """How often the audit log tells of an action on the dossier."""
        query = "SELECT count(*) FROM audit_event WHERE dossier_id = %s AND action = %s"
        return int(self.row(query, uuid_in(dossier), action)[0])


def uuid_in(path: str) -> str:
    """The identifier in a page's path."""
    found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", path)
    assert found, path
    return found.group()
