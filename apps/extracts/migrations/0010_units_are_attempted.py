"""How often each unit was begun."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("extracts", "0009_waits_for_a_steward")]
    operations = [
        migrations.AddField("extractunit", "attempts", models.PositiveSmallIntegerField(default=0)),
    ]
