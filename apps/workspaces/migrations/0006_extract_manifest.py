from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0005_budget_alerts"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="extract_manifest",
            field=models.CharField(blank=True, db_default="", max_length=64),
        ),
    ]
