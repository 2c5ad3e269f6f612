"""Where messages wait for the next page."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class MessageCookie(CookieStorage):
    """Django's signed cookie under our own name: in production one that belongs to this host alone."""

    cookie_name = settings.MESSAGE_COOKIE_NAME
