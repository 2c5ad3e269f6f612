"""French regions and the departments they hold, as coded in BEN_RES_DPT (three characters).

Source: official geographical code (INSEE), regions in force since 1 January 2016. Corsica appears in the SNDS under
several codes (02A, 02B, 020, 201, 202, 209) according to the scheme that fed the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A region: its INSEE code, its name in both languages and its departments."""

    code: str
    name_fr: str
    name_en: str
    departments: tuple[str, ...]

    def name(self, language: str) -> str:
        """The name in ``"fr"`` or ``"en"``."""
        return self.name_fr if language == "fr" else self.name_en


def _region(code: str, name_fr: str, departments: str, name_en: str = "") -> Region:
    return Region(code, name_fr, name_en or name_fr, tuple(departments.split()))


_ALL = (
    _region("01", "Guadeloupe", "971"),
    _region("02", "Martinique", "972"),
    _region("03", "Guyane", "973", "French Guiana"),
    _region("04", "La Réunion", "974", "Réunion"),
    _region("06", "Mayotte", "976"),
    _region("11", "Île-de-France", "075 077 078 091 092 093 094 095"),
    _region("24", "Centre-Val de Loire", "018 028 036 037 041 045"),
    _region("27", "Bourgogne-Franche-Comté", "021 025 039 058 070 071 089 090"),
    _region("28", "Normandie", "014 027 050 061 076", "Normandy"),
    _region("32", "Hauts-de-France", "002 059 060 062 080"),
    _region("44", "Grand Est", "008 010 051 052 054 055 057 067 068 088"),
    _region("52", "Pays de la Loire", "044 049 053 072 085"),
    _region("53", "Bretagne", "022 029 035 056", "Brittany"),
    _region("75", "Nouvelle-Aquitaine", "016 017 019 023 024 033 040 047 064 079 086 087"),
    _region("76", "Occitanie", "009 011 012 030 031 032 034 046 048 065 066 081 082"),
    _region("84", "Auvergne-Rhône-Alpes", "001 003 007 015 026 038 042 043 063 069 073 074"),
    _region("93", "Provence-Alpes-Côte d’Azur", "004 005 006 013 083 084"),
    _region("94", "Corse", "02A 02B 020 201 202 209", "Corsica"),
)
REGIONS: Mapping[str, Region] = {region.code: region for region in _ALL}


def departments_of(regions: tuple[str, ...]) -> tuple[str, ...]:
    """The department codes of these region codes, sorted. Unknown regions raise ``KeyError``."""
    return tuple(sorted(code for region in regions for code in REGIONS[region].departments))
