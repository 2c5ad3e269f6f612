"""Quality filters: the documented exclusions that users of the SNDS expect, on by default and visible.

A filter removes a row for a value that is known to be bad, never for the absence of a value: columns appear in the SNDS
over the years, and a code that was not yet recorded is not an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Filter(StrEnum):
    """The quality filters, named as in a definition."""

    DCIR_QUALIFIER = "dcir_expense_qualifier"
    DCIR_QUALIFIER_SENT = "dcir_expense_qualifier_sent"
    DCIR_SUPPLEMENTS = "dcir_supplements"
    DCIR_PUBLIC_ACTIVITY = "dcir_public_activity"
    DCIR_SIGNED_QUANTITIES = "dcir_signed_quantities"
    MCO_RETURN_CODES = "mco_return_codes"
    MCO_GROUPING_ERROR = "mco_grouping_error"
    MCO_SHARED_IDENTITY = "mco_shared_identity"
    MCO_DUPLICATE_FACILITIES = "mco_duplicate_facilities"
    ALD_NATURES = "ald_natures"


@dataclass(frozen=True, slots=True)
class FilterWords:
    """What a filter removes, in words, and the columns that it reads."""

    removes_fr: str
    removes_en: str
    columns: tuple[str, ...]

    def removes(self, language: str) -> str:
        """What is removed, in ``"fr"`` or ``"en"``."""
        return self.removes_fr if language == "fr" else self.removes_en


INFORMATION_ONLY = 71
"""Value of DPN_QLF and PRS_DPN_QLP for lines sent for information: the same care is already in the PMSI."""

FIRST_SUPPLEMENT = 2
"""From this value of CPL_MAJ_TOP on, a line is a supplement of another line and not care in itself."""

PUBLIC_ACTIVITY = 1
"""Value of ETE_IND_TAA for the activity of public hospitals that the PMSI records already."""

DUPLICATE_UNTIL = 2017
_SITES = """
130780521 130783236 130783293 130784234 130804297 600100101 690783154 690784137 690784152 690784178 690787478
750041543 750100018 750100042 750100075 750100083 750100091 750100109 750100125 750100166 750100208 750100216
750100232 750100273 750100299 750801441 750803447 750803454 830100558 910100015 910100023 920100013 920100021
920100039 920100047 920100054 920100062 930100011 930100037 930100045 940100027 940100035 940100043 940100050
940100068 950100016
"""
DUPLICATE_FACILITIES = tuple(_SITES.split())
"""FINESS of the sites of the hospitals of Paris, Marseille and Lyon: until 2017 their stays were sent under the site as
well as under the group, hence twice."""

ERROR_GROUP = "90"
"""Beginning of the GHM (GRG_GHM) of stays that could not be grouped."""

RETURN_CODES = (
    "NIR_RET",
    "NAI_RET",
    "SEX_RET",
    "SEJ_RET",
    "FHO_RET",
    "PMS_RET",
    "DAT_RET",
    "COH_NAI_RET",
    "COH_SEX_RET",
)
GOOD_RETURN = "0"

NOT_ALD_NATURES = (11, 12, 13)
"""IMB_ETM_NAT of rows that are work accidents, occupational diseases and invalidity: in the table, but not an ALD."""

FILTERS: Mapping[Filter, FilterWords] = {
    Filter.DCIR_QUALIFIER: FilterWords(
        "les lignes de soins transmises pour information (DPN_QLF = 71)",
        "care lines sent for information only (DPN_QLF = 71)",
        ("ER_PRS_F.DPN_QLF",),
    ),
    Filter.DCIR_QUALIFIER_SENT: FilterWords(
        "les lignes de soins transmises pour information (PRS_DPN_QLP = 71)",
        "care lines sent for information only (PRS_DPN_QLP = 71)",
        ("ER_PRS_F.PRS_DPN_QLP",),
    ),
    Filter.DCIR_SUPPLEMENTS: FilterWords(
        "les majorations et compléments d’actes (CPL_MAJ_TOP ≥ 2)",
        "supplements to other care lines (CPL_MAJ_TOP ≥ 2)",
        ("ER_PRS_F.CPL_MAJ_TOP",),
    ),
    Filter.DCIR_PUBLIC_ACTIVITY: FilterWords(
        "l’activité des hôpitaux publics, déjà dans le PMSI (ETE_IND_TAA = 1)",
        "the activity of public hospitals, already in the PMSI (ETE_IND_TAA = 1)",
        ("ER_ETE_F.ETE_IND_TAA",),
    ),
    Filter.DCIR_SIGNED_QUANTITIES: FilterWords(
        "parmi les critères, ce qu’une régularisation annule\u00a0: la somme des quantités signées du même produit ou "
        "acte, le même jour, n’est pas positive",
        "among the criteria, what a regularisation cancels: the signed quantities of the same product or act on the "
        "same day do not add up to more than 0",
        ("ER_PHA_F.PHA_ACT_QSN", "ER_BIO_F.BIO_ACT_QSN", "ER_PRS_F.PRS_ACT_QTE"),
    ),
    Filter.MCO_RETURN_CODES: FilterWords(
        "les séjours dont un code retour du chaînage n’est pas 0",
        "stays with a linkage return code other than 0",
        tuple(f"T_MCOaaC.{code}" for code in RETURN_CODES),
    ),
    Filter.MCO_GROUPING_ERROR: FilterWords(
        "les séjours groupés en erreur (GHM commençant par 90)",
        "stays grouped in error (GHM beginning with 90)",
        ("T_MCOaaB.GRG_GHM",),
    ),
    Filter.MCO_SHARED_IDENTITY: FilterWords(
        "les séjours dont l’identifiant désigne plusieurs personnes (jumeaux)",
        "stays whose identifier designates several persons (twins)",
        ("T_MCOaaC.NIR_ANO_17",),
    ),
    Filter.MCO_DUPLICATE_FACILITIES: FilterWords(
        "jusqu’en 2017, les séjours envoyés en double par les sites de l’AP-HP, de l’AP-HM et des HCL",
        "until 2017, the stays that sites of the hospitals of Paris, Marseille and Lyon sent twice",
        ("T_MCOaaC.ETA_NUM",),
    ),
    Filter.ALD_NATURES: FilterWords(
        "les exonérations qui ne sont pas des ALD (IMB_ETM_NAT 11, 12 ou 13)",
        "exemptions that are not long-term conditions (IMB_ETM_NAT 11, 12 or 13)",
        ("IR_IMB_R.IMB_ETM_NAT",),
    ),
}
DEFAULT_FILTERS: tuple[Filter, ...] = tuple(Filter)
