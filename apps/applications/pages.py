"""The pages of a dossier as data: which fields, of which kind, required when. Pure.

A dossier keeps the version of the specification it was started with, so that a later version changes nothing to it.
What is published or read by people carries both languages here, beside its meaning.
"""

from collections.abc import Mapping

from apps.applications.form_spec import Choice, Condition, Field, Kind, PageSpec, Specification, Text

TITLE = PageSpec(
    "title",
    Text("Titre", "Title"),
    Text("Comment votre projet sera désigné dans tous les échanges.", "How your project is called in every exchange."),
    (
        Field(
            "title",
            Kind.TEXT,
            Text("Titre du projet", "Title of the project"),
            Text("Une phrase qui dit la question étudiée.", "One sentence that says the question studied."),
            max_length=200,
        ),
        Field(
            "acronym",
            Kind.TEXT,
            Text("Acronyme", "Acronym"),
            Text("S’il y en a un.", "If there is one."),
            required=False,
            max_length=30,
        ),
    ),
)

SUMMARY = PageSpec(
    "summary",
    Text("Résumé public", "Public summary"),
    Text(
        "Ce résumé est destiné au public : des mots simples, sans sigle inexpliqué.",
        "This summary is meant for the public: plain words, no unexplained abbreviation.",
    ),
    (
        Field(
            "summary_fr",
            Kind.LONG_TEXT,
            Text("Résumé en français", "Summary in French"),
            Text(
                "Ce que vous cherchez, sur qui, avec quelles données.",
                "What you look for, about whom, with which data.",
            ),
            max_length=4000,
        ),
        Field(
            "summary_en",
            Kind.LONG_TEXT,
            Text("Résumé en anglais", "Summary in English"),
            Text("Pour les lecteurs qui ne lisent pas le français.", "For readers who do not read French."),
            required=False,
            max_length=4000,
        ),
    ),
)

PURPOSE = PageSpec(
    "purpose",
    Text("Finalité", "Purpose"),
    Text("Pourquoi ces données, et au bénéfice de qui.", "Why these data, and for whose benefit."),
    (
        Field(
            "purpose_kind",
            Kind.CHOICE,
            Text("Nature du projet", "Kind of project"),
            choices=(
                Choice("research", Text("Recherche ou étude", "Research or study")),
                Choice("evaluation", Text("Évaluation de soins ou de produits", "Evaluation of care or products")),
                Choice(
                    "steering", Text("Pilotage ou surveillance sanitaire", "Steering of, or watch over, public health")
                ),
                Choice("other", Text("Autre", "Other")),
            ),
        ),
        Field(
            "purpose_other",
            Kind.TEXT,
            Text("Précisez la nature du projet", "Say which kind of project"),
            max_length=200,
            when=Condition("purpose", "purpose_kind", "other"),
        ),
        Field(
            "objectives",
            Kind.LONG_TEXT,
            Text("Objectifs", "Objectives"),
            Text(
                "L’objectif principal, puis les objectifs secondaires.", "The main objective, then the secondary ones."
            ),
            max_length=4000,
        ),
        Field(
            "public_interest",
            Kind.LONG_TEXT,
            Text("Intérêt public", "Public interest"),
            Text(
                "Ce que les patients, les soignants ou la société y gagnent, et comment les résultats seront publiés.",
                "What patients, carers or society gain, and how the results will be published.",
            ),
            max_length=4000,
        ),
        Field(
            "funded",
            Kind.CHOICE,
            Text("Le projet est-il financé par un tiers ?", "Is the project funded by a third party?"),
            choices=(Choice("no", Text("Non", "No")), Choice("yes", Text("Oui", "Yes"))),
        ),
        Field(
            "funders",
            Kind.LONG_TEXT,
            Text("Financeurs", "Funders"),
            Text("Un financeur par ligne.", "One funder per line."),
            max_length=1000,
            when=Condition("purpose", "funded", "yes"),
        ),
        Field(
            "no_forbidden_purpose",
            Kind.CONFIRMATION,
            Text(
                "Je confirme que le projet ne poursuit aucune des deux finalités interdites",
                "I confirm that the project pursues neither of the two forbidden purposes",
            ),
            Text(
                "La promotion de produits de santé auprès des professionnels ou des établissements ; l’exclusion de "
                "garanties d’assurance ou la modification de cotisations d’une personne ou d’un groupe (article "
                "L. 1461-1 du code de la santé publique).",
                "Promoting health products to professionals or establishments; excluding a person or a group from "
                "insurance cover or changing what they pay (article L. 1461-1 of the French public health code).",
            ),
        ),
    ),
)

TEAM = PageSpec(
    "team",
    Text("Équipe", "Team"),
    Text(
        "Qui porte le projet et qui accédera à l’espace de travail. Chaque personne a déjà un compte sur le portail.",
        "Who leads the project and who will enter the workspace. Each person already has an account on the portal.",
    ),
    (
        Field(
            "processing_by",
            Kind.CHOICE,
            Text("Qui met en œuvre le traitement ?", "Who runs the data work?"),
            choices=(
                Choice(
                    "own",
                    Text(
                        "Le responsable de traitement, avec sa propre équipe", "The data controller, with its own team"
                    ),
                ),
                Choice("other", Text("Un responsable de mise en œuvre distinct", "A separate implementing body")),
            ),
        ),
        Field(
            "implementing_body",
            Kind.TEXT,
            Text("Responsable de mise en œuvre", "Implementing body"),
            Text("Laboratoire de recherche ou bureau d’études.", "Research laboratory or consultancy."),
            max_length=200,
            when=Condition("team", "processing_by", "other"),
        ),
        Field(
            "experience",
            Kind.LONG_TEXT,
            Text("Compétences de l’équipe", "Skills of the team"),
            Text(
                "Ce qui permet à l’équipe de travailler sur ces données.",
                "What makes the team able to work on these data.",
            ),
            required=False,
            max_length=2000,
        ),
    ),
)

POPULATION = PageSpec(
    "population",
    Text("Population", "Population"),
    Text(
        "Qui entre dans l’étude. Chaque critère se relit en une phrase ; c’est exactement ce qui sera extrait.",
        "Who enters the study. Each criterion reads back as a sentence; it is exactly what will be extracted.",
    ),
    (
        Field(
            "population",
            Kind.POPULATION,
            Text("Critères de la population", "Criteria of the population"),
            Text("Au moins un critère.", "At least one criterion."),
        ),
    ),
)

VARIABLES = PageSpec(
    "variables",
    Text("Variables", "Variables"),
    Text(
        "Ne demandez que ce dont l’étude a besoin : chaque table est justifiée, chaque identifiant potentiel l’est en "
        "particulier.",
        "Ask only for what the study needs: each table is justified, and each potential identifier on its own.",
    ),
    (
        Field(
            "scope",
            Kind.SCOPE,
            Text("Tables et variables demandées", "Tables and variables requested"),
            Text("Les identifiants directs ne sont jamais fournis.", "Direct identifiers are never provided."),
        ),
    ),
)

PERIOD = PageSpec(
    "period",
    Text("Période", "Period"),
    Text(
        "Les années de données étudiées, puis les dates d’accès de l’équipe.",
        "The years of data studied, then the dates between which the team has access.",
    ),
    (
        Field(
            "data_from",
            Kind.DATE,
            Text("Données à partir du", "Data from"),
            Text("Les données commencent en 2006.", "The data begin in 2006."),
            earliest="2006-01-01",
        ),
        Field("data_to", Kind.DATE, Text("Données jusqu’au", "Data until"), not_before="data_from", longest_years=20),
        Field("access_from", Kind.DATE, Text("Accès de l’équipe à partir du", "Access of the team from")),
        Field(
            "access_to",
            Kind.DATE,
            Text("Accès de l’équipe jusqu’au", "Access of the team until"),
            Text("Dix ans au plus.", "Ten years at most."),
            not_before="access_from",
            longest_years=10,
        ),
    ),
)

ATTACHMENTS = PageSpec(
    "attachments",
    Text("Pièces jointes", "Attachments"),
    Text(
        "PDF, DOCX, ODT, TXT, PNG ou JPEG, 10 Mo au plus par fichier. Aucune donnée de patient.",
        "PDF, DOCX, ODT, TXT, PNG or JPEG, at most 10 MB a file. No patient data.",
    ),
    (
        Field(
            "protocol",
            Kind.DOCUMENT,
            Text("Protocole", "Protocol"),
            Text("Le protocole scientifique complet.", "The complete scientific protocol."),
        ),
        Field(
            "implementing_declaration",
            Kind.DOCUMENT,
            Text("Déclaration du responsable de mise en œuvre", "Declaration of the implementing body"),
            when=Condition("team", "processing_by", "other"),
        ),
        Field(
            "interests",
            Kind.DOCUMENT,
            Text("Déclaration d’intérêts", "Declaration of interests"),
            required=False,
        ),
        Field(
            "information_notice",
            Kind.DOCUMENT,
            Text("Note d’information des personnes", "Information notice for the persons concerned"),
            required=False,
        ),
        Field("other", Kind.DOCUMENT, Text("Autre document", "Other document"), required=False),
    ),
)

SPECIFICATIONS: Mapping[int, Specification] = {
    1: Specification(1, (TITLE, SUMMARY, PURPOSE, TEAM, POPULATION, VARIABLES, PERIOD, ATTACHMENTS)),
}
CURRENT = max(SPECIFICATIONS)


def specification(version: int = CURRENT) -> Specification:
    """The specification of this version. Raises KeyError for one that never was."""
    return SPECIFICATIONS[version]
