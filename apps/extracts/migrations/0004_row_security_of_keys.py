"""Which sealed keys the portal's own role sees: it reads and ends none but in the name of staff."""

from django.db import migrations

from apps.core.row_security import protected

SEEN = "(SELECT hdh_has_role('steward', 'operator', 'auditor'))"


class Migration(migrations.Migration):
    dependencies = [("extracts", "0003_sealed_keys"), ("accounts", "0005_row_security")]
    operations = [protected("extracts_sealedkey", seen=SEEN)]
