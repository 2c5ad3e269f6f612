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
    MCO_RETURN_CODES = "mco_return_codes"
    MCO_GROUPING_ERROR = "mco_grouping_error"
    MCO_SHARED_IDENTITY = "mco_shared_identity"
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
    Filter.ALD_NATURES: FilterWords(
        "les exonérations qui ne sont pas des ALD (IMB_ETM_NAT 11, 12 ou 13)",
        "exemptions that are not long-term conditions (IMB_ETM_NAT 11, 12 or 13)",
        ("IR_IMB_R.IMB_ETM_NAT",),
    ),
}
DEFAULT_FILTERS: tuple[Filter, ...] = tuple(Filter)
