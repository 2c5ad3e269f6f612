"""The Celery application: a doorbell in front of the outbox rows, never the truth (see apps/core/outbox.py)."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hdh_portal.settings.dev")

app = Celery("hdh_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Celery would replace the root handlers; the structured logs of Django's settings stay."""
