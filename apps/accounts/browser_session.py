"""The session of a browser through the steps of sign-in. Its key changes at every step up."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

from django.contrib.auth import login
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django_otp import login as otp_login
from django_otp.models import Device

from apps.accounts.factors import seed_new
from apps.accounts.models import Person
from apps.accounts.rules import (
    SessionEnd,
    SessionLimits,
    browser_label,
    limits_for,
    session_end,
    session_left,
)
from apps.accounts.sealing import seal, unseal

_STARTED, _SEEN, _BROWSER = "started_at", "seen_at", "browser"
_SEED, _RECOVERY = "enrolment_seed", "recovery_codes"
# Activity is written once a minute at most: every page would otherwise cost a write.
_SEEN_PRECISION = timedelta(minutes=1)
_PASSWORD_BACKEND = "apps.accounts.backends.PersonBackend"  # noqa: S105  a class, not a password


def half_open(request: HttpRequest, person: Person) -> None:
    """The password was right: a session that can do nothing but go on to the second factor."""
    login(request, person, backend=_PASSWORD_BACKEND)
    _stamp(request)


def fully_open(request: HttpRequest, device: Device) -> None:
    """Both factors were right: a new key, and the limits count from now."""
    request.session.cycle_key()
    rotate_token(request)
    otp_login(request, device)
    request.session.pop(_SEED, None)
    _stamp(request)


def _stamp(request: HttpRequest) -> None:
    now = timezone.now().timestamp()
    label = browser_label(request.headers.get("User-Agent", ""))
    request.session.update({_STARTED: now, _SEEN: now, _BROWSER: label})


def touch(request: HttpRequest, person: Person) -> SessionEnd | None:
    """Note the activity of a session; why it has ended instead, when it has.

    Live fragments that a page fetches by itself are no activity: an open page alone keeps no session alive.
    """
    now = timezone.now()
    if _STARTED not in request.session:
        _stamp(request)
    started, seen = _moments(request)
    end = session_end(started=started, seen=seen, now=now, limits=_limits(person))
    by_itself = request.method == "GET" and request.headers.get("HX-Request")
    if end is None and not by_itself and now - seen >= _SEEN_PRECISION:
        request.session[_SEEN] = now.timestamp()
    return end


def _moments(request: HttpRequest) -> tuple[datetime, datetime]:
    """When the session was begun and when it was last used."""
    started, seen = (datetime.fromtimestamp(request.session[key], UTC) for key in (_STARTED, _SEEN))
    return started, seen


def _limits(person: Person) -> SessionLimits:
    verified = person.is_verified()
    return limits_for(person.staff_roles if verified else (), verified=verified)


def seconds_left(request: HttpRequest, person: Person, now: datetime | None = None) -> int:
    """For how many seconds after `now` (this moment, without) the session lasts if nothing more is done in it."""
    started, seen = _moments(request)
    left = session_left(started=started, seen=seen, now=now or timezone.now(), limits=_limits(person))
    return int(left.total_seconds())


def ends_at(request: HttpRequest, person: Person) -> int:
    """The moment at which the session ends if nothing more is done in it, in seconds since 1970."""
    _started, seen = _moments(request)
    return int(seen.timestamp()) + seconds_left(request, person, seen)


def extend(request: HttpRequest) -> None:
    """The person asked for more time: they are there."""
    request.session[_SEEN] = timezone.now().timestamp()


def enrolment_seed(request: HttpRequest, person: Person) -> bytes:
    """The seed being enrolled in this very session, made at first; sealed, since session rows are readable."""
    if _SEED not in request.session:
        request.session[_SEED] = _sealed(seed_new(), person)
    return _unsealed(request.session[_SEED], person)


def recovery_codes_keep(request: HttpRequest, person: Person, codes: tuple[str, ...]) -> None:
    """Hold the fresh recovery codes until the person says they have them, so that a reload loses nothing."""
    request.session[_RECOVERY] = _sealed("\n".join(codes).encode(), person)


def recovery_codes(request: HttpRequest, person: Person) -> list[str]:
    """The recovery codes to show, none once they were taken note of."""
    sealed = request.session.get(_RECOVERY)
    return _unsealed(sealed, person).decode().split("\n") if sealed else []


def recovery_codes_forget(request: HttpRequest) -> None:
    """The person has them: they are in clear nowhere any more."""
    request.session.pop(_RECOVERY, None)


def _sealed(secret: bytes, person: Person) -> str:
    return b64encode(seal(secret, context=f"session:{person.pk}")).decode()


def _unsealed(sealed: str, person: Person) -> bytes:
    return unseal(b64decode(sealed), context=f"session:{person.pk}")
