"""Several people at once over HTTP, each on a seeded path, with everything they were told in the ledger."""

import hashlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urljoin
from urllib.request import Request

from tests.faults.ledger import NOT_KNOWN, Ledger, RefusedInWords
from tests.journeys import steps
from tests.support.portal import STEWARDS, Portal, uuid_in
from tests.support.visitor import Answer, Visitor

RESEARCHERS = ("camille.durand@chu-demo.fr", "alex.martin@chu-demo.fr", "sacha.leroy@labo-demo.fr")
NO_IN_WORDS = frozenset({400, 403, 404, 409, 413, 422})
PATIENCE = 0.3
TRIES = 200


class Witness(Visitor):
    """A visitor who remembers what its last POST was answered, before following where it leads."""

    posted: Answer | None = None

    def _ask(self, request: Request, follow: bool) -> Answer:
        if request.data is None:
            return super()._ask(request, follow)
        self.posted = None
        self.posted = answer = super()._ask(request, False)
        if follow and answer.status in (302, 303):
            return super()._ask(Request(urljoin(answer.url, answer.headers["Location"])), True)
        return answer

    @property
    def succeeded(self) -> bool:
        """Whether the last POST was answered by success. Raises RefusedInWords when it was answered by a no."""
        if self.posted is None:
            return False
        if self.posted.status in NO_IN_WORDS:
            raise RefusedInWords(f"{self.posted.status} {self.posted.url}")
        return self.posted.status in (200, 302, 303)


def witness(portal: Portal, email: str) -> Witness:
    """Somebody signed in, as a witness."""
    seen = Witness(portal.stack.portal_url)
    for cookie in portal.visitor(email).cookies:
        seen.cookies.set_cookie(cookie)
    return seen


class Crowd:
    """The clients of a campaign: started together, stopped together."""

    def __init__(self, portal: Portal, ledger: Ledger, *, seed: int, approvals: int) -> None:
        self.portal, self.ledger, self.seed = portal, ledger, seed
        self.submitted: queue.Queue[str] = queue.Queue()
        self.approvals_left = approvals
        self.stopping = threading.Event()
        self.ready = threading.Semaphore(0)
        self.failures: list[BaseException] = []
        self.rounds = 0
        people = [Researcher(self, email, self._rng(email)) for email in RESEARCHERS]
        steward = Steward(self, self._rng("steward"))
        self.threads = [threading.Thread(target=self._guarded(one.live), daemon=True) for one in (*people, steward)]

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{self.seed}-{name}")

    def _guarded(self, live: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                live()
            except BaseException as error:
                self.failures.append(error)

        return run

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until each researcher has a dossier to work on."""
        for _ in RESEARCHERS:
            assert self.ready.acquire(timeout=seconds), "the researchers do not get on, without any fault"

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The clients work for the length of the block. Raises what stopped one of them, which no fault may."""
        for thread in self.threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            for thread in self.threads:
                thread.join(180)
        if self.failures:
            raise self.failures[0]
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"


class Researcher:
    """Starts dossiers, edits, attaches, submits; begins again when one is approved."""

    def __init__(self, crowd: Crowd, email: str, rng: random.Random) -> None:
        self.crowd, self.email, self.rng = crowd, email, rng
        self.name = email.partition(".")[0]
        self.visitor = witness(crowd.portal, email)
        self.edits = 0

    def live(self) -> None:
        dossier = ""
        while not self.crowd.stopping.is_set():
            dossier = dossier or self.create()
            if not dossier:
                continue
            self.rng.choice((self.edit, self.edit, self.edit, self.attach, self.submit))(dossier)
            self.crowd.rounds += 1
            if self._status(dossier) == "approved":
                dossier = ""

    def create(self) -> str:
        """A new dossier with every page filled; empty when the portal was away or somebody asked to stop."""
        try:
            page = self.visitor.get("/dossiers/nouveau/")
            answer = self.visitor.submit(page, "/dossiers/nouveau/", {"path": "permanent_access"}, follow=False)
        except NOT_KNOWN:
            self.crowd.stopping.wait(PATIENCE)
            return ""
        if answer.status != 302:
            return ""
        dossier = f"/dossiers/{uuid_in(answer.headers['Location'])}/"
        with self.crowd.ledger.attempt(self.name, "application.created", uuid_in(dossier)) as told:
            told[0] = True
        for step in (steps.fill_plain_pages, steps.build_population, steps.choose_variables):
            self.insist(lambda step=step: step(self.visitor, dossier))
        self.attach(dossier)
        self.crowd.ready.release()
        return dossier

    def insist(self, action: Callable[[], object]) -> None:
        """Do it again until it is done, as a person would."""
        for _ in range(TRIES):
            try:
                action()
                return
            except NOT_KNOWN:
                if self.crowd.stopping.wait(PATIENCE):
                    return

    def edit(self, dossier: str) -> None:
        self.edits += 1
        value = f"Diabète de type 2 : essai {self.name} {self.edits}"
        what = {"page": "title", "name": "title", "value": value}
        with self.trying("", dossier, **what) as told:
            try:
                steps.save_page(self.visitor, dossier, "title", {"title": value})
            finally:
                told[0] = self.visitor.succeeded and self._posted_to("title/")
        self._breathe(told[0])

    def attach(self, dossier: str) -> None:
        content = steps.ONE_PAGE_PDF + b"%% " + str(self.rng.random()).encode()
        digest = hashlib.sha256(content).hexdigest()
        with self.trying("application.attachment_added", dossier, sha256=digest) as told:
            try:
                page = self.visitor.get(f"{dossier}attachments/")
                self.visitor.submit(
                    page, f"{dossier}pieces/ajouter/", {"kind": "protocol"}, files={"file": ("p.pdf", content)}
                )
            finally:
                told[0] = self.visitor.succeeded and self._posted_to("ajouter/")
        self._breathe(told[0])

    def submit(self, dossier: str) -> None:
        with self.trying("application.submitted", dossier) as told:
            try:
                steps.submit_dossier(self.visitor, dossier)
            finally:
                posted = self.visitor.posted
                told[0] = self.visitor.succeeded and self._posted_to("deposer/") and posted.status != 200
        if told[0]:
            self.crowd.submitted.put(dossier)
        self._breathe(told[0])

    @contextmanager
    def trying(self, effect: str, dossier: str, **what: str) -> Iterator[list[bool]]:
        self.visitor.posted = None
        with self.crowd.ledger.attempt(self.name, effect, uuid_in(dossier), **what) as told:
            yield told

    def _posted_to(self, ending: str) -> bool:
        return self.visitor.posted is not None and self.visitor.posted.url.endswith(ending)

    def _breathe(self, succeeded: bool) -> None:
        self.crowd.stopping.wait(self.rng.uniform(0.02, 0.1) if succeeded else PATIENCE)

    def _status(self, dossier: str) -> str:
        try:
            row = self.crowd.portal.row("SELECT status FROM applications_application WHERE id = %s", uuid_in(dossier))
        except Exception:
            return "unknown"
        return str(row[0])


class Steward:
    """Returns most of what comes, approves as many as the campaign allows."""

    def __init__(self, crowd: Crowd, rng: random.Random) -> None:
        self.crowd, self.rng = crowd, rng
        self.visitor = witness(crowd.portal, STEWARDS[0])

    def live(self) -> None:
        while not self.crowd.stopping.is_set():
            try:
                dossier = self.crowd.submitted.get(timeout=PATIENCE)
            except queue.Empty:
                continue
            if self.crowd.approvals_left and self.rng.random() < 0.5:
                self.approve(dossier)
            else:
                self.give_back(dossier)

    def give_back(self, dossier: str) -> None:
        for _ in range(TRIES):
            self.visitor.posted = None
            with self.crowd.ledger.attempt("steward", "application.returned", uuid_in(dossier)) as told:
                try:
                    steps.return_dossier(self.visitor, dossier, "title", f"Précisez ({time.monotonic_ns()}).")
                finally:
                    told[0] = self.visitor.succeeded
            if self._is_over(dossier) or self.crowd.stopping.wait(PATIENCE):
                return

    def approve(self, dossier: str) -> None:
        self.crowd.approvals_left -= 1
        for _ in range(TRIES):
            with self.crowd.ledger.attempt("steward", "project.created", uuid_in(dossier)) as told:
                self.crowd.portal.approve(dossier)
                told[0] = True
            if self._is_over(dossier) or self.crowd.stopping.wait(PATIENCE):
                return

    def _is_over(self, dossier: str) -> bool:
        query = "SELECT status <> 'submitted' FROM applications_application WHERE id = %s"
        try:
            return bool(self.crowd.portal.row(query, uuid_in(dossier))[0])
        except Exception:
            return False
