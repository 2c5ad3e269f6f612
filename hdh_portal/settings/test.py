"""Settings of the test suite."""

import os

from hdh_portal.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Bells ring in the air: tests run the outbox themselves, or start real workers with a broker of their own.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "memory://")
ALIKE_SECONDS = 0  # the test of equal answers sets it
# Static files come straight from their sources, so that a test never sees yesterday's.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
# Documents are taken without a scanner, but where a test sets one.
UNSCANNED_DOCUMENTS = True
