"""The matrix itself: every call of one address, and what is wrong with its answer."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from apps.accounts.models import StepUp
from apps.core.rules import STAFF_ROLES, Action
from tests.permissions.addresses import (
    COMMITTEE_OBJECTS,
    DOSSIER_OBJECTS,
    PEOPLE_OBJECTS,
    ROLE_OBJECTS,
    Address,
    addresses,
    nowhere,
)
from tests.permissions.asking import (
    Answer,
    ask,
    fingerprints,
    first_difference,
    rows_touched,
    tables_written,
    taken_back,
    unspent_confirmations,
    without_passing,
)
from tests.permissions.calls import Call
from tests.permissions.expectation import METHODS, SAFE, Expected, answered, expected, staff_who_know
from tests.permissions.forgeries import FORGERIES
from tests.permissions.particulars import ALWAYS, CONFIRMED_BEFORE, LEAD_ON, NOT_YET, PREPARED, QUERIES
from tests.permissions.payloads import Payload, payload_for
from tests.permissions.rooms import committee_object
from tests.permissions.standing import (
    MADE_TO_STAND,
    fits_in,
    is_about_dossiers,
    relation_at,
    stand_as_asked,
    state_at,
    states_of,
)
from tests.permissions.world import VISITORS, Dossier, Visitor, World

POSITIONS = ("own", "same_organisation", "foreign", "archived", "missing", "wrong_state", "crossed")
POSITIONS_OF = {
    "": ("",),
    "item_id": ("missing", "own", "wrong_state"),
    "passkey_id": ("missing", "own", "foreign"),
    **dict.fromkeys(ROLE_OBJECTS, ("missing", "own")),
    **dict.fromkeys(PEOPLE_OBJECTS | COMMITTEE_OBJECTS, ("missing", "own", "foreign", "wrong_state")),
}
REFUSALS = frozenset({403, 404, 409, 422, 429})
UNDECLARED = "undeclared"
CODE_FIELDS = ("otp_code", "code")
WRITTEN_ABOUT_CODES = frozenset({"accounts_throttle", "audit_event"})
SET_UP = frozenset({"accounts_portalsession"})
CONFIRMATION = "/compte/confirmer/"
STEPS_OF_SIGN_IN = ("/connexion/",)


@dataclass
class Matrix:
    """All the calls of a world, made one address at a time."""

    world: World
    quick: bool = False  # of the methods that no action answers to, one stands for all
    addresses: int = 0
    calls: int = 0
    _missing: dict[tuple[str, ...], bytes] = field(default_factory=dict)

    @cached_property
    def untouched(self) -> dict[str, str]:
        """What every table holds before and after every call: each call is taken back."""
        return fingerprints()

    @cached_property
    def kinds(self) -> dict[str, list[Action]]:
        """The actions about each kind of object, found from the addresses."""
        found: dict[str, list[Action]] = {}
        for address in addresses():
            if address.action and address.object_kind:
                found.setdefault(address.object_kind, []).append(address.action)
        return found

    def problems(self, address: Address) -> Iterator[str]:
        """Everything that is wrong with the answers of this address."""
        if address.action is None and address.name != UNDECLARED:
            yield f"{address.name} (/{address.route}) declares no action of the table"
        self.addresses += 1
        before = rows_touched()
        tables_written.clear()
        for visitor in self.world.visitors.values():
            for position in self.positions(address):
                for method in self.methods(address):
                    call = self.call(address, method, visitor, position)
                    if call:
                        yield from (f"{call}: {problem}" for problem in self.judge(call))
        after = rows_touched()
        unseen = {table for table in after if after[table] != before.get(table, 0)} - tables_written - SET_UP
        if unseen:
            yield f"{address.name}: PostgreSQL counts writes of {sorted(unseen)} that no statement of a call explains"

    def methods(self, address: Address) -> tuple[str, ...]:
        """Which methods are tried on the address."""
        if not self.quick:
            return METHODS
        own = answered(address.action) if address.action else frozenset({"GET"})
        return tuple(method for method in METHODS if method in own or method == "PUT")

    def positions(self, address: Address) -> tuple[str, ...]:
        """Which objects the address is asked about. Missing comes first: the others are compared with it."""
        usual = ("missing", "own", "same_organisation", "foreign", "archived", "wrong_state")
        crossed = ("crossed",) if address.part else ()
        return POSITIONS_OF.get(address.object_kind, (*usual, *crossed))

    def call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call | None:
        """The cell, or None where the world has no such object (no state is wrong for an action of any state)."""
        action = address.action
        if visitor.ends_a_session and (action is None or method in answered(action)):
            ids = nowhere(address) if position == "missing" else self._some_ids(address, visitor)
            return Call(address, method, visitor, position, ids, Expected.SIGN_IN)
        # Another method is refused before any object is looked at: one that exists and one that does not say enough.
        if position not in {"", "missing", "own"} and (action is None or method not in answered(action)):
            return None
        if position == "":
            wanted = expected(action, method, roles=visitor.roles)
            return Call(address, method, visitor, position, nowhere(address), wanted)
        if position == "missing":
            wanted = expected(action, method, roles=visitor.roles, exists=False)
            return Call(address, method, visitor, position, nowhere(address), wanted)
        calls = {
            "item_id": self._item_call,
            "passkey_id": self._passkey_call,
            **dict.fromkeys(ROLE_OBJECTS, self._role_call),
            **dict.fromkeys(PEOPLE_OBJECTS, self._people_call),
            **dict.fromkeys(COMMITTEE_OBJECTS, self._committee_call),
        }
        return calls.get(address.object_kind, self._dossier_call)(address, method, visitor, position)

    def _some_ids(self, address: Address, visitor: Visitor) -> dict[str, str]:
        """Identifiers of something that exists."""
        return {
            **nowhere(address),
            **self.world.dossiers[VISITORS[visitor.name][2]["own"], "approved"].ids,
            **self.world.of_committee,
            "item_id": self.world.items["done"],
            **self.world.of_roles,
            "passkey_id": self.world.passkeys[visitor.name],
            **self.world.people.some(visitor.name),
        }

    def _item_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call:
        """Work that stopped has no team: it waits, or is done."""
        wanted = expected(address.action, method, roles=visitor.roles, knows=self._knows(address, visitor))
        ends = wanted is Expected.ALLOWED and position == "wrong_state"
        ids = {"item_id": self.world.items["done" if position == "wrong_state" else "needs_human"]}
        return Call(address, method, visitor, position, ids, Expected.DENIED if ends else wanted)

    def _passkey_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call:
        """A passkey exists for its person alone."""
        owner = visitor.name if position == "own" and visitor.person_id else "somebody_laboratory"
        wanted = expected(address.action, method, roles=visitor.roles, exists=owner == visitor.name)
        return Call(address, method, visitor, position, {"passkey_id": self.world.passkeys[owner]}, wanted)

    def _role_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call:
        """What is nobody's own, such as an event of the audit log: a role alone opens it."""
        wanted = expected(address.action, method, roles=visitor.roles)
        return Call(address, method, visitor, position, self.world.of_roles, wanted)

    def _committee_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call | None:
        """A session of the committee, which has no team, or a link that somebody declared."""
        found = committee_object(self.world, address, visitor, position)
        if found is None:
            return None
        ids, state, exists = found
        knows = self._knows(address, visitor)
        wanted = expected(address.action, method, roles=visitor.roles, state=state, exists=exists, knows=knows)
        return Call(address, method, visitor, position, ids, wanted)

    def _people_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call | None:
        """What an organisation keeps, or a person alone."""
        found = self.world.people.at(address.object_kind, visitor.name, VISITORS[visitor.name][0], position)
        if found is None:
            return None
        wanted = expected(
            address.action,
            method,
            roles=visitor.roles,
            relation=found.relation,
            state=found.state,
            exists=found.exists,
            knows=self._knows(address, visitor),
        )
        return Call(address, method, visitor, position, {address.object_kind: found.id}, wanted)

    def _dossier_call(self, address: Address, method: str, visitor: Visitor, position: str) -> Call | None:
        found = self.object_at(address, visitor, position)
        if found is None:
            return None
        wanted = expected(
            address.action,
            method,
            roles=visitor.roles,
            relation=relation_at(self.world, address, visitor, found),
            takes_part=self.world.takes_part(visitor, found),
            state=state_at(address, found),
            knows=self._knows(address, visitor),
        )
        ids = found.ids
        if position == "crossed":
            if wanted is not Expected.ALLOWED:
                return None
            ids = {**ids, address.part: self.foreign(visitor, found.state).ids[address.part]}
            wanted = Expected.DENIED
        return Call(address, method, visitor, position, ids, wanted)

    def object_at(self, address: Address, visitor: Visitor, position: str) -> Dossier | None:
        """The dossier of this position, in a state that fits the action or, for `wrong_state`, in one that does not."""
        teams = VISITORS[visitor.name][2]
        fits = [state for state in states_of(address) if fits_in(address, state)]
        if position == "archived":
            state = "withdrawn" if is_about_dossiers(address) else "closed"
            return self.world.dossiers[teams["own"], state]
        if position == "wrong_state":
            others = [state for state in states_of(address) if state not in fits]
            team = teams["own"] if self.world.teams[teams["own"]].get(visitor.name) else teams["foreign"]
            apart = address.action is not None and (address.action.independent or address.action.recusal)
            team = teams["foreign"] if apart else team
            return self.world.dossiers[team, others[0]] if others else None
        return self.world.dossiers[teams["own" if position == "crossed" else position], fits[0]]

    def foreign(self, visitor: Visitor, state: str) -> Dossier:
        """A dossier of people the visitor has nothing to do with."""
        return self.world.dossiers["others", state]

    def _knows(self, address: Address, visitor: Visitor) -> bool:
        return bool(staff_who_know(self.kinds[address.object_kind]) & visitor.roles)

    def judge(self, call: Call) -> Iterator[str]:
        """Make the call; what is wrong with the answer, in sentences."""
        if call.expected is Expected.NO_SUCH_METHOD:
            yield from self._method_problems(call)
            return
        with taken_back():
            stand_as_asked(call.address, call.ids, wanted=call.expected is Expected.ALLOWED)
            payload = self.payload(call)
            path = call.address.path(call.ids) + QUERIES.get(call.address.name, "")
            prepared = unspent_confirmations()
            answer = ask(call.visitor, call.method, path, payload, exact=call.is_denial)
            unspent = unspent_confirmations() if answer.tables or prepared else 0
        self.calls += 1
        if unspent > prepared + (call.address.name in LEAD_ON) or (unspent and call.is_done_now):
            yield "leaves a confirmation by the second factor that was not spent"
        yield from self._status_problems(call, answer, payload)
        if call.method not in SAFE and call.is_denial:
            yield from self._change_problems(call, answer)
        if call.expected in {Expected.MISSING, Expected.SIGN_IN} or call.position == "crossed":
            yield from self._difference_from_missing(call, answer)
        if call.expected is Expected.ALLOWED and call.method == "GET":
            yield from self._leaks(call, answer)
        if call.expected is Expected.ALLOWED and call.method not in SAFE:
            yield from self._forgery_problems(call)
            yield from self._second_factor_problems(call)
            yield from self._borrowed_problems(call)

    def _method_problems(self, call: Call) -> Iterator[str]:
        """Refused before anything is read: there is nothing to take back."""
        answer = ask(call.visitor, call.method, call.address.path(call.ids), Payload(writes=False))
        self.calls += 1
        if answer.status != 405 or answer.statements:
            yield f"answers {answer.status} after {answer.statements} statements"

    def payload(self, call: Call) -> Payload:
        """What a well-formed call sends."""
        action = call.address.action
        if call.method != "POST" or action is None or "POST" not in action.methods:
            return Payload(writes=False)
        return payload_for(call.address.name, self.world, call.visitor, call.ids)

    def _status_problems(self, call: Call, answer: Answer, payload: Payload) -> Iterator[str]:
        to_sign_in = answer.location.startswith(STEPS_OF_SIGN_IN)
        own_step = call.address.name.startswith("accounts:") and call.address.action is not None
        fits = {
            Expected.SIGN_IN: answer.status == 302 and to_sign_in,
            Expected.MISSING: answer.status == 404,
            Expected.DENIED: answer.status in REFUSALS or (call.position == "crossed" and answer.status == 302),
            Expected.ALLOWED: answer.status < 400 and (not to_sign_in or own_step),
        }
        if ALWAYS.get(call.address.name, answer.status) != answer.status and call.expected is Expected.ALLOWED:
            yield f"answers {answer.status}, not {ALWAYS[call.address.name]} as always"
        if (call.address.name == "readyz" and answer.status == 503) or (
            call.address.name in NOT_YET and answer.status == 404
        ):
            return
        if call.is_sensitive_download and not answer.location.startswith(CONFIRMATION):
            yield f"answers {answer.status} without the second factor"
        elif not fits[call.expected]:
            yield f"answers {answer.status} {answer.location}"
        elif call.expected is Expected.ALLOWED and call.method not in SAFE and payload.writes != bool(answer.tables):
            yield "writes nothing" if payload.writes else f"writes {sorted(answer.tables)}"

    def _change_problems(self, call: Call, answer: Answer) -> Iterator[str]:
        if answer.files:
            yield "is denied and writes a file"
        changed = self._changed(answer)
        if call.visitor.ends_a_session:
            changed -= {"accounts_portalsession", "audit_event"}
        if answer.status == 302:
            changed -= {"accounts_portalsession"}  # the sentence that the next page shows
        if changed:
            yield f"is denied and changes {sorted(changed)}"

    def _changed(self, answer: Answer) -> set[str]:
        """The tables that hold something else than before, but for what the payload itself prepared."""
        return {name for name, held in (answer.left or {}).items() if held != self.untouched[name]} - PREPARED

    def _difference_from_missing(self, call: Call, answer: Answer) -> Iterator[str]:
        """A foreign object must answer as a missing one does, byte for byte."""
        said = without_passing(answer.said, call.ids.values())
        if call.position == "crossed":
            nobody = replace(call, ids={**call.ids, call.address.part: str(uuid.uuid4())}, position="missing part")
            with taken_back():
                said_missing = ask(call.visitor, call.method, call.address.path(nobody.ids), self.payload(nobody)).said
            said_missing = without_passing(said_missing, nobody.ids.values())
        else:
            key = (call.visitor.name, call.address.name, call.method, call.expected)
            said_missing = self._missing.setdefault(key, said)
        if said != said_missing:
            yield f"differs from the answer for a missing object: {first_difference(said, said_missing)}"

    def _leaks(self, call: Call, answer: Answer) -> Iterator[str]:
        """A page never names an object that does not exist for its reader."""
        is_public = call.address.name.startswith("directory:")  # where the law has approved projects named to all
        if not call.visitor.roles & STAFF_ROLES and not is_public:
            for found in self.world.dossiers.values():
                hidden = {found.ids[name] for name in DOSSIER_OBJECTS & set(found.ids)} - set(call.ids.values())
                if self.world.signs_for(call.visitor, found):
                    hidden.discard(found.ids.get("agreement_id", ""))
                if not self.world.relation(call.visitor, found) and any(one.encode() in answer.said for one in hidden):
                    yield f"names a dossier of the team {found.team} ({found.state})"

    def _forgery_problems(self, call: Call) -> Iterator[str]:
        """The same call from somebody else's page."""
        with taken_back():
            payload, path = self.payload(call), call.address.path(call.ids)
            answer = ask(call.visitor, call.method, path, payload, forgery=True)
        self.calls += 1
        if answer.status != 403 or answer.tables:
            yield f"answers {answer.status} to a forged form and writes {sorted(answer.tables)}"

    def _second_factor_problems(self, call: Call) -> Iterator[str]:
        """The same call with a code that the person's application never showed."""
        if not call.address.action or not call.address.action.second_factor:
            return
        if call.address.name in CONFIRMED_BEFORE:
            yield from self._unconfirmed_problems(call)
            return
        yield from self._refusal_problems(call, self._with_wrong_code, "a wrong code", WRITTEN_ABOUT_CODES)

    def _unconfirmed_problems(self, call: Call) -> Iterator[str]:
        """The same call without the confirmation that was asked for before."""
        with taken_back():
            stand_as_asked(call.address, call.ids, wanted=True)
            payload, path = self.payload(call), call.address.path(call.ids)
            StepUp.objects.all().delete()
            answer = ask(call.visitor, call.method, path, payload, exact=True)
        self.calls += 1
        changed = self._changed(answer) - MADE_TO_STAND
        if not answer.location.startswith(CONFIRMATION) or changed:
            yield f"answers {answer.status} without confirmation and changes {sorted(changed)}"

    def _with_wrong_code(self, call: Call) -> Payload:
        payload = self.payload(call)
        field = next(name for name in CODE_FIELDS if name in payload.data)
        wrong = "000000" if payload.data[field] != "000000" else "000001"
        return replace(payload, data={**payload.data, field: wrong})

    def _borrowed_problems(self, call: Call) -> Iterator[str]:
        """The same call about something that is none of the caller's."""
        if call.address.name in FORGERIES:
            yield from self._refusal_problems(call, self._borrowed, "what is somebody else's", frozenset())

    def _borrowed(self, call: Call) -> Payload:
        return FORGERIES[call.address.name](self.world, call.visitor, call.ids)

    def _refusal_problems(
        self, call: Call, payload_of: Callable[[Call], Payload], what: str, written: frozenset[str]
    ) -> Iterator[str]:
        with taken_back():
            payload, path = payload_of(call), call.address.path(call.ids)
            answer = ask(call.visitor, call.method, path, payload, exact=True)
        self.calls += 1
        changed = self._changed(answer)
        if answer.status not in REFUSALS or changed - written:
            yield f"answers {answer.status} to {what} and changes {sorted(changed)}"
