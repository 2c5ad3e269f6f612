"""The committee sees the events of dossiers, as stewards and operators do (0003_row_security_of_the_log)."""

from importlib import import_module

from django.db import migrations

before = import_module("apps.applications.migrations.0003_row_security_of_the_log").SEEN
SEEN = before.replace(
    "hdh_has_role('steward', 'operator')",
    "hdh_has_role('steward', 'operator', 'committee_member', 'committee_secretary')",
)


class Migration(migrations.Migration):
    dependencies = [("applications", "0007_documents"), ("accounts", "0006_committee_and_signatories")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY seen ON audit_event USING ({SEEN})", f"ALTER POLICY seen ON audit_event USING ({before})"
        ),
        # No row of this table is ever changed or removed; the policies say the same as for seeing.
        migrations.RunSQL(
            f"ALTER POLICY changed ON audit_event USING ({SEEN}); ALTER POLICY removed ON audit_event USING ({SEEN})",
            f"ALTER POLICY changed ON audit_event USING ({before}); ALTER POLICY removed ON audit_event USING ({before})",
        ),
    ]
