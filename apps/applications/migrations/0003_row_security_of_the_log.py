"""Whose events the portal's own role sees: one's own, those of one's dossiers, of all dossiers for staff, all as auditor.

Here and not in the audit log's own migrations, because it takes dossiers and roles to say it. An event is also seen by
the transaction that writes it, which asks for its number.
"""

from django.db import migrations

from apps.core.row_security import protected

SEEN = """
    xid = pg_current_xact_id_if_assigned()
    OR actor = (SELECT hdh_person()::text)
    OR dossier_id IN (
        SELECT g.content_object_id FROM applications_applicationuserobjectpermission g WHERE g.user_id = hdh_person()
    )
    OR (dossier_id IS NOT NULL AND (SELECT hdh_has_role('steward', 'operator')))
    OR (SELECT hdh_has_role('auditor'))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0002_separation_of_duties"),
        ("accounts", "0005_row_security"),
        ("audit", "0002_append_only"),
    ]
    operations = [protected("audit_event", seen=SEEN, added="true")]
