"""Whose extracts the portal's own role sees: those of one's projects; staff sees all of them."""

from django.db import migrations

from apps.core.row_security import protected

SEEN = """
    project_id IN (
        SELECT g.content_object_id FROM projects_projectuserobjectpermission g WHERE g.user_id = hdh_person()
    )
    OR (SELECT hdh_has_role('steward', 'operator', 'auditor'))
"""


class Migration(migrations.Migration):
    dependencies = [("extracts", "0001_initial"), ("accounts", "0005_row_security"), ("projects", "0001_initial")]
    operations = [protected("extracts_extractrequest", seen=SEEN)]
