"""WSGI entry point of the portal (gunicorn)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hdh_portal.settings.dev")
application = get_wsgi_application()

from apps.applications.services.strays import strays_erase_soon  # noqa: E402  needs Django ready

strays_erase_soon()
