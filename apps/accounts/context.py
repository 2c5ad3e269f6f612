"""What every template may know of the visitor's session."""

from django.http import HttpRequest

from apps.accounts import browser_session
from apps.accounts.models import Person


def session(request: HttpRequest) -> dict[str, int]:
    """For how many seconds the session of somebody fully signed in lasts, so that the page can warn before its end."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person) or not person.is_verified():
        return {}
    return {"session_seconds": browser_session.seconds_left(request, person)}
