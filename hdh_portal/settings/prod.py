"""Production: refuses to start on anything that only suits development (hdh_portal/settings/startup.py says what)."""

import os

from django.core.exceptions import ImproperlyConfigured

from hdh_portal.settings.startup import production_problems

if _problems := production_problems(os.environ):
    raise ImproperlyConfigured("The portal does not start in production:\n  " + "\n  ".join(_problems))

from hdh_portal.settings.base import *  # noqa: F403

DEBUG = False
DEMO_MODE = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# TLS ends at the proxy, whose address gunicorn trusts by FORWARDED_ALLOW_IPS (docker/README.md).
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-hdh_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-hdh_csrf"
MESSAGE_COOKIE_NAME = "__Host-hdh_messages"
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_NAME = "__Host-hdh_language"
