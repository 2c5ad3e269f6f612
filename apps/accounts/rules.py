"""Pure rules of people, organisations and sign-in: no Django here."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from apps.core.rules import STAFF_ROLES, Action, Allowed, Decision, Reason, Refused, Role, decide_by_table

_SIREN = re.compile(r"[0-9]{9}")
_TOTP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[A-Z2-7]{12}")
_FORM = ("GET", "POST")

ACTIONS: tuple[Action, ...] = (
    Action("session.sign_in", frozenset({Role.ANYONE}), methods=_FORM),
    Action("session.confirm", frozenset({Role.SIGNED_IN}), methods=_FORM),
    Action("session.identity_begin", frozenset({Role.ANYONE}), methods=("POST",)),
    Action("session.identity_return", frozenset({Role.ANYONE})),
    Action("session.passkey_options", frozenset({Role.SIGNED_IN}), methods=("POST",)),
    Action("session.passkey_confirm", frozenset({Role.SIGNED_IN}), methods=("POST",)),
    Action("session.enrol", frozenset({Role.SIGNED_IN}), methods=_FORM),
    Action("session.sign_out", frozenset({Role.ANYONE}), methods=("POST",)),
    Action("session.password_forgotten", frozenset({Role.ANYONE}), methods=_FORM),
    Action("session.password_reset", frozenset({Role.ANYONE}), methods=_FORM, second_factor=True),
    Action("session.recovery_ask", frozenset({Role.ANYONE}), methods=_FORM),
    Action("session.recovery_cancel", frozenset({Role.ANYONE}), methods=_FORM),
    Action("session.recovery_finish", frozenset({Role.ANYONE}), methods=_FORM),
    Action("recovery.list", frozenset({Role.STEWARD})),
    Action("recovery.read", frozenset({Role.STEWARD})),
    Action("recovery.approve", frozenset({Role.STEWARD}), methods=("POST",), second_factor=True),
    Action("recovery.refuse", frozenset({Role.STEWARD}), methods=("POST",)),
    Action("staff_role.list", frozenset({Role.STEWARD, Role.OPERATOR, Role.AUDITOR})),
    Action("staff_role.give", frozenset({Role.STEWARD, Role.OPERATOR}), methods=("POST",), second_factor=True),
    Action("staff_role.end", frozenset({Role.STEWARD, Role.OPERATOR}), methods=("POST",), second_factor=True),
    Action("language.choose", frozenset({Role.ANYONE}), methods=("POST",)),
    Action("account.read", frozenset({Role.PERSON})),
    Action("account.session_extend", frozenset({Role.PERSON}), methods=_FORM),
    Action("account.session_end", frozenset({Role.PERSON}), methods=("POST",)),
    Action("account.sessions_end", frozenset({Role.PERSON}), methods=("POST",)),
    Action("account.step_up", frozenset({Role.PERSON}), methods=_FORM, second_factor=True),
    Action("account.step_up_options", frozenset({Role.PERSON}), methods=("POST",)),
    Action("account.password_change", frozenset({Role.PERSON}), methods=_FORM, second_factor=True),
    Action("account.factor_replace", frozenset({Role.PERSON}), methods=_FORM, second_factor=True),
    Action("account.passkeys_read", frozenset({Role.PERSON})),
    Action("account.passkey_options", frozenset({Role.PERSON}), methods=("POST",)),
    Action("account.passkey_add", frozenset({Role.PERSON}), methods=("POST",), second_factor=True),
    Action("account.passkey_remove", frozenset({Role.PERSON}), methods=_FORM, second_factor=True),
    Action("account.identity_link", frozenset({Role.PERSON}), methods=("POST",), second_factor=True),
    Action("account.identity_unlink", frozenset({Role.PERSON}), methods=("POST",), second_factor=True),
    Action("account.recovery_codes_renew", frozenset({Role.PERSON}), methods=_FORM, second_factor=True),
    Action("account.recovery_codes_read", frozenset({Role.PERSON}), methods=_FORM),
)


def decide(command: str, roles: Iterable[Role], state: str = "") -> Decision:
    """Whether somebody with these roles may do this, by the accounts' part of the permission table."""
    return decide_by_table(ACTIONS, command, roles, state)


def decide_role_grant(*, giver_id: str, receiver_id: str) -> Decision:
    """Nobody gives a role to themselves (separation of duties); a blank giver is the installation itself."""
    if giver_id == receiver_id:
        return Refused((Reason("own_role"),))
    return Allowed()


class RecoveryStatus(StrEnum):
    """Where the recovery of an account stands, when both the password and the second factor may be lost."""

    ASKED = "asked"
    VOUCHED = "vouched"  # one steward checked who asks
    WAITING = "waiting"  # a second one did: the delay runs
    OPEN = "open"  # the link was sent
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"


RECOVERY_ACTIVE = frozenset({RecoveryStatus.ASKED, RecoveryStatus.VOUCHED, RecoveryStatus.WAITING, RecoveryStatus.OPEN})
RECOVERY_TO_APPROVE = frozenset({RecoveryStatus.ASKED, RecoveryStatus.VOUCHED})
RECOVERY_ANSWERED_WITHIN = timedelta(days=7)  # by stewards; then it is asked for anew
RECOVERY_OPEN_FOR = timedelta(days=1)
RESET_LINK_LIFE = timedelta(hours=1)


def decide_recovery_approval(*, by: str, person: str, first_by: str, status: RecoveryStatus) -> Decision:
    """Whether this steward may vouch for who asks: two different ones do, neither of them the person. All by their
    identifiers; `first_by` blank while nobody has.
    """
    reasons = []
    if by == person:
        reasons.append(Reason("own_recovery"))
    if by == first_by:
        reasons.append(Reason("same_steward"))
    if status not in RECOVERY_TO_APPROVE:
        reasons.append(Reason("state"))
    return Refused(tuple(reasons)) if reasons else Allowed()


def siren_is_valid(siren: str) -> bool:
    """Whether nine digits carry the right Luhn key (INSEE, SIRENE: every second digit doubled)."""
    if not _SIREN.fullmatch(siren):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(siren)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_current(starts_on: date, ends_on: date | None, today: date) -> bool:
    """Whether a mandate or role holds today; both of its days are included, no end means open."""
    return starts_on <= today and (ends_on is None or today <= ends_on)


def is_repetitive(password: str) -> bool:
    """Whether a password is one text repeated, or made of fewer than six different characters."""
    return len(set(password)) < 6 or password in (password + password)[1:-1]


# Whoever attacks this portal tries its own words first: the platform's, the data's and the procedure's.
OUR_WORDS = (
    "healthdatahub",
    "plateformedesdonneesdesante",
    "donneesdesante",
    "assurancemaladie",
    "cesrees",
    "portail",
    "portal",
    "recherche",
    "research",
    "chercheur",
    "sante",
    "health",
    "donnees",
    "data",
    "snds",
    "sniiram",
    "pmsi",
    "cnam",
    "cnil",
    "scaleway",
    "france",
    "hopital",
    "hospital",
    "motdepasse",
    "password",
    "bienvenue",
    "welcome",
    "hdh",
    "hub",
)
FEWEST_OWN_LETTERS = 8


def is_made_of_our_words(password: str) -> bool:
    """Whether fewer than eight letters of a password are left once the portal's words are taken out of it."""
    letters = "".join(filter(str.isalpha, unicodedata.normalize("NFKD", password.casefold())))
    left = letters
    for word in OUR_WORDS:
        left = left.replace(word, "")
    return left != letters and len(left) < FEWEST_OWN_LETTERS


CLAIMS_LEEWAY = timedelta(seconds=60)
OLDEST_CLAIMS = timedelta(minutes=10)


def claims_problem(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: datetime) -> str:
    """What speaks against an ID token whose signature and nonce are right; blank when nothing does.

    Source: OpenID Connect Core 1.0, section 3.1.3.7, rules 2, 3, 4, 5, 9 and 10.
    """
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    checks = {
        "issuer": claims.get("iss") != issuer,
        "audience": client_id not in audiences,
        "authorized_party": (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id,
        "expired": not _is_after(claims.get("exp"), now - CLAIMS_LEEWAY),
        "too_old": not _is_after(claims.get("iat"), now - OLDEST_CLAIMS),
        "too_early": _is_after(claims.get("iat"), now + CLAIMS_LEEWAY),
        "subject": not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255,
    }
    return next((problem for problem, found in checks.items() if found), "")


def _is_after(seconds: Any, moment: datetime) -> bool:
    return isinstance(seconds, int | float) and seconds > moment.timestamp()


@dataclass(frozen=True)
class BackOff:
    """How failures slow the next attempt down: `free` of them cost nothing, then `first` doubles up to `ceiling`.

    After `forget` without a failure the count starts again, so that nobody is ever shut out for good.
    """

    free: int
    first: timedelta
    ceiling: timedelta
    forget: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """How long to refuse attempts once this many have failed in a row."""
        if failures <= self.free:
            return timedelta(0)
        doublings = min(failures - self.free - 1, 30)
        return min(self.first * (1 << doublings), self.ceiling)


_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
ACCOUNT_BACK_OFF = BackOff(free=5, first=timedelta(seconds=5), ceiling=_QUARTER, forget=_DAY)
# Whole hospitals share one address: more room, and a shorter memory.
ADDRESS_BACK_OFF = BackOff(free=30, first=timedelta(seconds=5), ceiling=_QUARTER, forget=timedelta(hours=1))
FACTOR_BACK_OFF = BackOff(free=4, first=timedelta(seconds=5), ceiling=_QUARTER, forget=_DAY)
# All failures of a quarter of an hour together: a guesser with many addresses is slowed down, everybody else hardly.
# Messages that can be asked for without signing in: few, whoever asks and for whatever address.
ASKING_BACK_OFF = BackOff(free=3, first=timedelta(minutes=1), ceiling=timedelta(hours=1), forget=_DAY)
GLOBAL_BACK_OFF = BackOff(free=500, first=timedelta(seconds=1), ceiling=timedelta(seconds=4), forget=_QUARTER)


def global_window(now: datetime) -> str:
    """The name of the quarter of an hour whose failures are counted together."""
    return str(int(now.timestamp() // _QUARTER.total_seconds()))


def client_address(peer: str, forwarded: str, trusted: Iterable[str]) -> str:
    """The address of the visitor: the peer's, or what trusted proxies say of whom they speak for.

    `forwarded` is the header X-Forwarded-For, to which each proxy adds at the right: it is read from there, as long as
    the speaker is in one of the `trusted` networks. What a visitor wrote in it is never reached.
    """
    networks = [ip_network(network) for network in trusted]
    address = peer
    for said in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_within(address, networks):
            return address
        address = said
    return address


def _is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def address_group(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which belongs to one visitor."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


STEP_UP_LIFE = timedelta(minutes=5)  # between the confirmation by the second factor and the act it is for


@dataclass(frozen=True)
class Act:
    """What a confirmation by the second factor is for: one action, on one object, with one content (its hash)."""

    action: str
    object_id: str = ""
    content_hash: str = ""

    @property
    def challenge_purpose(self) -> str:
        """What a passkey's challenge for this act, and for no other, is kept under."""
        words = json.dumps([self.action, self.object_id, self.content_hash])
        return f"step_up:{hashlib.sha256(words.encode()).hexdigest()[:32]}"


CODE_SECONDS = 30  # RFC 6238, section 4.1: the default time step
CODE_TOLERANCE = 1  # steps accepted on either side, for clocks that disagree (RFC 6238, section 5.2)


class CodeKind(StrEnum):
    """What a person typed on the code page."""

    TOTP = "totp"
    RECOVERY = "recovery"


def code_normalised(typed: str) -> str:
    """The code without the spaces and hyphens that make it readable, in capitals."""
    return re.sub(r"[\s-]+", "", typed).upper()


def code_kind(code: str) -> CodeKind | None:
    """Whether a normalised code is a one-time code, a recovery code, or neither."""
    if _TOTP_CODE.fullmatch(code):
        return CodeKind.TOTP
    if _RECOVERY_CODE.fullmatch(code):
        return CodeKind.RECOVERY
    return None


def is_passkey_answer(typed: str) -> bool:
    """Whether what a form confirms with is a browser's answer to a passkey's challenge (JSON), and not a typed code."""
    return typed.lstrip().startswith("{")


def in_groups(text: str, size: int = 4) -> str:
    """The text in groups of `size` characters, so that it can be copied by hand."""
    return " ".join(text[place : place + size] for place in range(0, len(text), size))


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts: without activity, and altogether."""

    idle: timedelta
    absolute: timedelta


PERSON_LIMITS = SessionLimits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
STAFF_LIMITS = SessionLimits(idle=timedelta(minutes=15), absolute=timedelta(hours=8))


def limits_for(roles: Iterable[Role], *, verified: bool) -> SessionLimits:
    """The limits for these roles: shorter for staff, who see everybody's dossiers, and before the second factor."""
    if not verified:
        return HALF_OPEN_LIMITS
    return STAFF_LIMITS if STAFF_ROLES & frozenset(roles) else PERSON_LIMITS


HALF_OPEN_LIMITS = SessionLimits(idle=timedelta(minutes=10), absolute=timedelta(minutes=10))


class SessionEnd(StrEnum):
    """Why a session has ended by itself."""

    IDLE = "idle"
    ABSOLUTE = "absolute"


def session_end(*, started: datetime, seen: datetime, now: datetime, limits: SessionLimits) -> SessionEnd | None:
    """Whether a session begun at `started` and last active at `seen` is over at `now`, and why."""
    if now - started >= limits.absolute:
        return SessionEnd.ABSOLUTE
    if now - seen >= limits.idle:
        return SessionEnd.IDLE
    return None


def session_left(*, started: datetime, seen: datetime, now: datetime, limits: SessionLimits) -> timedelta:
    """How long the session lasts if nothing more is done in it; nothing is left of one that is over."""
    return max(min(seen + limits.idle, started + limits.absolute) - now, timedelta(0))


_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_label(user_agent: str) -> str:
    """A browser and system a person recognises, such as "Firefox, Linux"; empty parts are left out."""
    found = (next((name for mark, name in known if mark in user_agent), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))
