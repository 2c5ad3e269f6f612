"""The first version of the conditions of use, to be replaced on its page by the text that the platform adopts."""

from datetime import date
from typing import Any

from django.db import migrations

FRENCH = """En acceptant ces conditions, je m’engage\u00a0:

1. à n’utiliser les données que pour le projet autorisé, dans les limites de son habilitation et de sa durée\u202f;
2. à ne jamais chercher à identifier une personne, ni à rapprocher les données d’une autre source non autorisée\u202f;
3. à ne sortir de l’espace de travail que des résultats anonymes, par une demande d’export approuvée, et à ne rien \
recopier, photographier ou transcrire autrement\u202f;
4. à garder pour moi seul mon mot de passe et mon second facteur, et à ne laisser personne travailler sous mon nom\u202f;
5. à signaler sans délai à la plateforme toute perte, tout accès indu et toute réidentification, même fortuite\u202f;
6. à suivre la formation avant tout accès, puis chaque année, et à signaler la fin de mon mandat.

Je sais que mes accès, mes requêtes et mes exports sont enregistrés et m’imputables, que mes droits cessent avec mon \
mandat ou mon habilitation, et que tout manquement entraîne leur retrait et peut être puni par la loi."""
ENGLISH = """By accepting these conditions, I undertake:

1. to use the data for the authorised project only, within the limits of its entitlement and of its duration;
2. never to try to identify a person, nor to link the data with another source that is not authorised;
3. to take nothing but anonymous results out of the workspace, by an approved export request, and to copy, photograph \
or transcribe nothing by other means;
4. to keep my password and my second factor to myself, and to let nobody work under my name;
5. to report without delay to the platform any loss, any undue access and any re-identification, even by chance;
6. to follow the training before any access, then every year, and to report the end of my mandate.

I know that my accesses, queries and exports are recorded and attributable to me, that my rights end with my mandate or \
my entitlement, and that any breach leads to their withdrawal and may be punished by law."""


def publish(apps: Any, schema_editor: Any) -> None:
    conditions = apps.get_model("people", "ConditionsOfUse")
    conditions.objects.get_or_create(
        version=1, defaults={"in_force_from": date(2026, 1, 1), "text_fr": FRENCH, "text_en": ENGLISH}
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
