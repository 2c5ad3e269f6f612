"""What every template may know of the visitor's session."""

from django.http import HttpRequest

from apps.accounts import browser_session
from apps.accounts.models import Person


def session(request: HttpRequest) -> dict[str, int]:
    """When the session of somebody fully signed in ends, so that the page can warn before; the same on every page."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person) or not person.is_verified():
        return {}
    return {"session_ends": browser_session.ends_at(request, person)}
