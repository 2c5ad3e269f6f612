import unicodedata
import uuid
from typing import Any

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

RANKS = """
UPDATE applications_application SET queue_rank = CASE
    WHEN status IN ('submitted', 'decision') THEN 0
    WHEN status IN ('approved', 'refused', 'withdrawn', 'discontinued') THEN 2
    ELSE 1 END
"""


def found_by_words(apps: Any, schema_editor: Any) -> None:
    """Write what each dossier is found by, as the services do from now on."""
    applications = apps.get_model("applications", "Application").objects.select_related("organisation")
    for application in applications.prefetch_related("members__person", "members__organisation").iterator(500):
        team = application.members.all()
        names = [f"{member.person.given_name} {member.person.family_name}" for member in team]
        homes = [member.organisation.name for member in team]
        parts = (application.number, application.title, application.organisation.name, *names, *homes)
        application.search_text = folded(" ".join(dict.fromkeys(parts)))
        application.save(update_fields=["search_text"])


def folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_committee_and_signatories"),
        ("applications", "0006_stages_guarded"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="ChecklistMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("round", models.PositiveSmallIntegerField()),
                ("item", models.CharField(max_length=40)),
                (
                    "mark",
                    models.CharField(
                        choices=[
                            ("good", "as it should be"),
                            ("wrong", "to be corrected"),
                            ("not_concerned", "not concerned"),
                        ],
                        max_length=14,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Obligation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField()),
                ("fulfilled_at", models.DateTimeField(null=True)),
                ("note", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="StageClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stage", models.CharField(max_length=20)),
                ("round", models.PositiveSmallIntegerField()),
                ("started_on", models.DateField()),
                ("due_on", models.DateField()),
                ("stopped_on", models.DateField(null=True)),
                ("ended_on", models.DateField(null=True)),
                ("extended_on", models.DateField(null=True)),
                ("extension_reason", models.TextField(blank=True)),
                ("reminded_on", models.DateField(null=True)),
                ("lapsed_at", models.DateTimeField(null=True)),
                ("silence", models.CharField(blank=True, max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="StageDocument",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=150)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("storage_key", models.CharField(max_length=32, unique=True)),
                ("uploaded_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="application",
            name="application_queue",
        ),
        migrations.AddField(
            model_name="application",
            name="assigned_to",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="due_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="application",
            name="queue_rank",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="application",
            name="search_text",
            field=models.TextField(blank=True),
        ),
        migrations.RunSQL(RANKS, migrations.RunSQL.noop),
        migrations.RunPython(found_by_words, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=models.Q(("round__gte", 1)),
                fields=["queue_rank", "due_on", "submitted_at", "id"],
                name="application_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=models.Q(("round__gte", 1)),
                fields=["status", "due_on", "submitted_at", "id"],
                name="application_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search_text"], name="application_search", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddField(
            model_name="checklistmark",
            name="application",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="checklist_marks",
                to="applications.application",
            ),
        ),
        migrations.AddField(
            model_name="checklistmark",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="obligation",
            name="application",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="obligations", to="applications.application"
            ),
        ),
        migrations.AddField(
            model_name="obligation",
            name="fulfilled_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="obligation",
            name="outcome",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="obligations", to="applications.stageoutcome"
            ),
        ),
        migrations.AddField(
            model_name="stageclock",
            name="application",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="clocks", to="applications.application"
            ),
        ),
        migrations.AddField(
            model_name="stageclock",
            name="extended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="stagedocument",
            name="application",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stage_documents",
                to="applications.application",
            ),
        ),
        migrations.AddField(
            model_name="stagedocument",
            name="outcome",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="document", to="applications.stageoutcome"
            ),
        ),
        migrations.AddConstraint(
            model_name="checklistmark",
            constraint=models.UniqueConstraint(fields=("application", "round", "item"), name="checklist_mark_once"),
        ),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="obligation_says_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fulfilled_at", None), ("fulfilled_by", None)),
                    models.Q(("fulfilled_at__isnull", False), ("fulfilled_by__isnull", False)),
                    _connector="OR",
                ),
                name="obligation_fulfilled_by_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageclock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on", None), ("stopped_on", None)),
                fields=("application",),
                name="stage_clock_one_runs",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageclock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("extended_by", None), ("extended_on", None), ("extension_reason", "")),
                    models.Q(
                        ("extended_by__isnull", False),
                        ("extended_on__isnull", False),
                        models.Q(("extension_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="stage_clock_extended_with_reasons",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageclock",
            constraint=models.CheckConstraint(
                condition=models.Q(("silence", ""), ("lapsed_at__isnull", False), _connector="OR"),
                name="stage_clock_silence_after_lapse",
            ),
        ),
    ]
