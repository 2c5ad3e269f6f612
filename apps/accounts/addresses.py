"""Where a request comes from, whatever stands between."""

from django.conf import settings
from django.http import HttpRequest

from apps.accounts.rules import client_address


def visitor_address(request: HttpRequest) -> str:
    """The network address of the visitor; proxies are believed only if the setting TRUSTED_PROXIES names them."""
    peer, forwarded = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    return client_address(peer, forwarded, settings.TRUSTED_PROXIES)
