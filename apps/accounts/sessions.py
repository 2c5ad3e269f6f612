"""Server-side sessions in PostgreSQL whose rows name their person (setting SESSION_ENGINE)."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from apps.accounts.models import PortalSession


class SessionStore(DatabaseStore):
    """Django's database sessions, with the person beside the data."""

    @classmethod
    def get_model_class(cls) -> type[PortalSession]:
        return PortalSession

    def create_model_instance(self, data: dict[str, Any]) -> PortalSession:
        row = cast(PortalSession, super().create_model_instance(data))
        row.person_id = data.get(SESSION_KEY)
        return row
