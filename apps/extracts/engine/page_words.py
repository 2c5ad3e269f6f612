"""The words of the pages that go with a delivery, in Markdown and in HTML."""

from collections.abc import Mapping

from .words import Language

PAGE_WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Extraction du SNDS",
        "synthetic": "Données synthétiques\u00a0: aucune personne réelle.",
        "intro": "Chaque table est un dossier, chaque partition un fichier Parquet. Les identifiants sont remplacés "
        "par des pseudonymes propres à ce projet\u00a0: ils joignent les tables entre elles et rien d’autre.",
        "definition": "Ce qui a été demandé",
        "flow": "Population, critère après critère",
        "filters": "Filtres de qualité",
        "risk": "Risque de réidentification",
        "risk_intro": "Pour chaque table, ce qu’un tiers peut déjà savoir de quelqu’un, un peu plus à chaque "
        "ligne\u00a0: l’effectif du plus petit groupe de personnes semblables (k), combien sont seules, et combien de "
        "valeurs sensibles différentes le groupe le moins varié contient (l).",
        "risk_header": "| Table | Variables connues | k | Personnes seules | l |",
        "before": "valeurs exactes\u00a0:",
        "identifiers": "Identifiants potentiels livrés",
        "exact": "valeurs exactes",
        "none": "Aucun.",
        "header": "| Variable | Contenu |",
        "rows": "lignes",
        "off": "non appliqué",
        "removed": "lignes écartées de la livraison",
        "step": "Critère",
        "persons": "Personnes",
        "filter": "Écarte",
        "chart": "Part des personnes seules\u202f; le tableau qui suit dit la même chose",
        "line": "Ligne",
        "known": "Variables connues",
        "alone": "Seules",
        "exact_k": "k, valeurs exactes",
        "exact_alone": "Seules, valeurs exactes",
        "key": "En bleu, tel que livré\u202f; en gris, avec les valeurs exactes.",
        "family": "Famille",
        "columns": "Variables",
        "precision": "Précision",
        "proof": "Empreintes",
        "definition_hash": "Définition",
        "source_release": "Version de la source",
    },
    "en": {
        "title": "Extract of the SNDS",
        "synthetic": "Synthetic data: no real person.",
        "intro": "Each table is a folder, each partition a Parquet file. Identifiers are replaced by pseudonyms of "
        "this project: they join the tables to each other and to nothing else.",
        "definition": "What was asked for",
        "flow": "Population, criterion after criterion",
        "filters": "Quality filters",
        "risk": "Risk of re-identification",
        "risk_intro": "For each table, what somebody may already know of a person, a little more on each line: the "
        "size of the smallest group of persons alike (k), how many are alone, and how many different sensitive values "
        "the least varied group holds (l).",
        "risk_header": "| Table | Variables known | k | Persons alone | l |",
        "before": "exact values:",
        "identifiers": "Potential identifiers delivered",
        "exact": "exact values",
        "none": "None.",
        "header": "| Variable | Content |",
        "rows": "rows",
        "off": "not applied",
        "removed": "rows left out of the delivery",
        "step": "Criterion",
        "persons": "Persons",
        "filter": "Removes",
        "chart": "Share of persons alone; the table that follows says the same",
        "line": "Line",
        "known": "Variables known",
        "alone": "Alone",
        "exact_k": "k, exact values",
        "exact_alone": "Alone, exact values",
        "key": "In blue, as delivered; in grey, with exact values.",
        "family": "Family",
        "columns": "Variables",
        "precision": "Precision",
        "proof": "Fingerprints",
        "definition_hash": "Definition",
        "source_release": "Release of the source",
    },
}
