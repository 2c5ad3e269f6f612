"""The catalogue as text: one block a table, one line a column.

First line of a block: name, dataset, partitioning, link | French title | English title.
Other lines: name, type, flag | French title | English title, where the flag is ``id`` (identifies directly, is never
delivered), a family of potential identifiers, or ``COLUMN:kind`` (a pseudonym, made by the project, of that column).
"""

from collections.abc import Mapping

DATASET_TITLES: Mapping[str, tuple[str, str]] = {
    "beneficiaries": ("Bénéficiaires", "Beneficiaries"),
    "dcir": ("Soins de ville et autres soins remboursés (DCIR)", "Community care and other reimbursed care (DCIR)"),
    "mco": ("Séjours hospitaliers de court séjour (PMSI MCO)", "Acute hospital stays (PMSI MCO)"),
    "cepidc": ("Causes médicales de décès (CépiDc)", "Medical causes of death (CépiDc)"),
    "nomenclatures": ("Nomenclatures", "Nomenclatures"),
}

_CLAIM_KEYS = """
DCT_ORD_NUM int id | Numéro du décompte | Number of the statement
FLX_DIS_DTD date id | Mois de mise à disposition du flux | Month the feed was made available
FLX_TRT_DTD date id | Date d’entrée dans le système d’information | Date of entry into the information system
FLX_EMT_TYP int id | Type d’émetteur du flux | Type of sender of the feed
FLX_EMT_NUM int id | Numéro d’émetteur du flux | Number of the sender of the feed
FLX_EMT_ORD int id | Numéro de séquence du flux | Sequence number of the feed
ORG_CLE_NUM str id | Organisme qui a liquidé la prestation | Fund that processed the claim
PRS_ORD_NUM int id | Rang de la prestation dans le décompte | Rank of the line in the statement
REM_TYP_AFF int id | Type de remboursement affiné | Detailed type of reimbursement
"""

_STAY_KEYS = """
ETA_NUM str id | Numéro FINESS de l’établissement | FINESS number of the hospital
RSA_NUM int id | Numéro du résumé de séjour | Number of the stay summary
ETA_ID str ETA_NUM:facility | Pseudonyme de l’établissement | Pseudonym of the hospital
"""

TABLE_TEXTS: tuple[str, ...] = (
    """IR_BEN_R beneficiaries whole beneficiary | Référentiel des bénéficiaires | Beneficiary referential
BEN_NIR_PSA str id | Identifiant du bénéficiaire dans le SNDS | Identifier of the beneficiary in the SNDS
BEN_RNG_GEM int id | Rang gémellaire | Twin rank
BEN_NIR_ANO str id | NIR pseudonymisé | Pseudonymised national number
BEN_IDT_ANO str id | Identifiant anonymisé du bénéficiaire | Anonymised identifier of the beneficiary
ASS_NIR_ANO str id | Matricule pseudonymisé de l’ouvreur de droits | Pseudonymised number of the policy holder
BEN_IDT_TOP str | Présence du NIR pseudonymisé | Whether the pseudonymised national number exists
BEN_CDI_NIR str | Nature du NIR (normal, provisoire, fictif) | Nature of the number (normal, provisional, dummy)
BEN_NAI_ANN int birth | Année de naissance | Year of birth
BEN_NAI_MOI str birth | Mois de naissance | Month of birth
BEN_SEX_COD int | Sexe (1 masculin, 2 féminin) | Sex (1 male, 2 female)
BEN_RES_DPT str | Département de résidence | Department of residence
BEN_RES_COM str commune | Commune de résidence | Commune of residence
BEN_DCD_DTE date death_date | Date de décès | Date of death
BEN_DCD_AME str death_date | Année et mois de décès | Year and month of death
ORG_AFF_BEN str | Organisme d’affiliation | Fund of affiliation
BEN_TOP_CNS str | A consommé des soins depuis 2006 | Has used care since 2006
BEN_DTE_INS date | Date d’entrée dans le référentiel | Date of entry into the referential
BEN_DTE_MAJ date | Date de dernière mise à jour | Date of last update
""",
    """IR_IMB_R beneficiaries whole beneficiary | Affections de longue durée | Long-term conditions
BEN_NIR_PSA str id | Identifiant du bénéficiaire dans le SNDS | Identifier of the beneficiary in the SNDS
BEN_RNG_GEM int id | Rang gémellaire | Twin rank
IMB_ALD_DTD date care_date | Début de l’exonération | Start of the exemption
IMB_ALD_DTF date care_date | Fin de l’exonération | End of the exemption
IMB_ALD_NUM int | Numéro de l’ALD sur la liste | Number of the condition on the list
IMB_ETM_NAT int | Nature de l’exonération | Nature of the exemption
MED_MTF_COD str | Motif médical (CIM-10) | Medical reason (ICD-10)
MED_NCL_IDT str | Nomenclature du motif médical | Code system of the medical reason
IMB_MLP_TAB str | Tableau de maladie professionnelle | Table of occupational diseases
IMB_MLP_BTR str | Tableau de maladie professionnelle, bis ou ter | Table of occupational diseases, bis or ter
IMB_SDR_LOP str | Localisation du syndrome | Location of the syndrome
INS_DTE date | Date d’enregistrement | Date of recording
UPD_DTE date | Date de mise à jour | Date of update
""",
    f"""ER_PRS_F dcir flux_month claim | Prestations remboursées | Reimbursed care lines
{_CLAIM_KEYS.strip()}
BEN_NIR_PSA str id | Identifiant du bénéficiaire dans le SNDS | Identifier of the beneficiary in the SNDS
BEN_RNG_GEM int id | Rang gémellaire | Twin rank
PFS_EXE_NUM str id | Numéro du professionnel exécutant | Number of the professional who gave the care
PFS_PRE_NUM str id | Numéro du professionnel prescripteur | Number of the prescriber
PRS_MTT_NUM str id | Numéro du médecin traitant | Number of the attending doctor
ETB_PRE_FIN str id | Numéro FINESS de l’établissement prescripteur | FINESS number of the prescribing facility
PFS_EXE_ID str PFS_EXE_NUM:professional | Pseudonyme du professionnel exécutant | Pseudonym of the professional
PFS_PRE_ID str PFS_PRE_NUM:professional | Pseudonyme du professionnel prescripteur | Pseudonym of the prescriber
ETB_PRE_ID str ETB_PRE_FIN:facility | Pseudonyme de l’établissement prescripteur | Pseudonym of the prescribing facility
EXE_SOI_DTD date care_date | Date de début des soins | Start date of care
EXE_SOI_DTF date care_date | Date de fin des soins | End date of care
EXE_SOI_AMD str | Année et mois de début des soins | Year and month of the start of care
EXE_SOI_AMF str | Année et mois de fin des soins | Year and month of the end of care
PRE_PRE_DTD date care_date | Date de prescription | Date of prescription
PRE_PRE_AMD str | Année et mois de prescription | Year and month of prescription
PRS_NAT_REF int | Nature de la prestation | Nature of the care
BSE_PRS_NAT int | Nature de la prestation de base | Nature of the basic care
PRS_ACT_QTE num | Quantité de l’acte de base | Quantity of the basic act
PRS_ACT_NBR num | Dénombrement des actes de base | Count of basic acts
PRS_ACT_CFT num | Coefficient de l’acte | Coefficient of the act
PRS_PAI_MNT num | Montant de la dépense | Amount spent
BSE_REM_BSE num | Base de remboursement | Basis of reimbursement
BSE_REM_MNT num | Montant remboursé | Amount reimbursed
PRS_DEP_MNT num | Montant du dépassement | Amount above the tariff
RGO_REM_TAU num | Taux de remboursement | Rate of reimbursement
DPN_QLF int | Qualificatif de la dépense | Qualifier of the expense
PRS_DPN_QLP int | Qualificatif de la dépense transmis | Qualifier of the expense as sent
CPL_MAJ_TOP int | Complément ou majoration d’une autre ligne | Supplement to another line
EXO_MTF int | Motif d’exonération | Reason for exemption
RGO_ASU_NAT int | Nature d’assurance | Nature of the insurance
PSE_SPE_COD int | Spécialité de l’exécutant | Specialty of the professional
PSE_ACT_NAT int | Activité de l’exécutant | Activity of the professional
PSP_SPE_COD int | Spécialité du prescripteur | Specialty of the prescriber
PSP_ACT_NAT int | Activité du prescripteur | Activity of the prescriber
BEN_SEX_COD int | Sexe (1 masculin, 2 féminin) | Sex (1 male, 2 female)
BEN_AMA_COD int | Âge au moment des soins | Age at the time of care
BEN_NAI_ANN int birth | Année de naissance | Year of birth
BEN_RES_DPT str | Département de résidence | Department of residence
BEN_RES_COM str commune | Commune de résidence | Commune of residence
BEN_CMU_TOP int | Complémentaire santé solidaire | State-funded complementary cover
BEN_CDI_NIR str | Nature du NIR (normal, provisoire, fictif) | Nature of the number (normal, provisional, dummy)
RGM_COD int | Régime | Scheme
RGM_GRG_COD int | Grand régime | Main scheme
ORG_CLE_NEW str | Organisme de liquidation actuel | Current processing fund
""",
    f"""ER_PHA_F dcir flux_month claim | Médicaments délivrés en ville | Drugs dispensed in community care
{_CLAIM_KEYS.strip()}
PHA_ORD_NUM int | Rang de la ligne de pharmacie | Rank of the pharmacy line
PHA_PRS_C13 int | Code CIP13 du médicament | CIP13 code of the drug
PHA_PRS_IDE int | Ancien code CIP à 7 chiffres | Former 7-digit CIP code
PHA_ACT_QSN int | Nombre de boîtes (signé) | Number of boxes (signed)
PHA_ACT_PRU num | Prix unitaire | Unit price
PHA_DEC_TOP str | Médicament déconditionné | Sold by the unit
PHA_DEC_QSU int | Quantité déconditionnée (signée) | Quantity sold by the unit (signed)
PHA_DEC_PRU num | Prix unitaire de l’unité déconditionnée | Price of one unit
PHA_MOD_PRN str | Mode de prescription | Mode of prescription
PHA_SUB_MTF int | Motif de substitution | Reason for substitution
PHA_SEQ_RNV int | Rang de renouvellement | Rank of the renewal
PHA_CPA_PCP str | Condition particulière de prise en charge | Special condition of cover
ORG_CLE_NEW str | Organisme de liquidation actuel | Current processing fund
""",
    f"""ER_CAM_F dcir flux_month claim | Actes médicaux en ville (CCAM) | Medical acts in community care (CCAM)
{_CLAIM_KEYS.strip()}
CAM_ORD_NUM int | Rang de la ligne d’acte | Rank of the act line
CAM_PRS_IDE str | Code CCAM | CCAM code
CAM_ACT_COD str | Code d’activité | Activity code
CAM_TRT_PHA int | Phase de traitement | Phase of treatment
CAM_ACT_PRU num | Prix unitaire de l’acte | Unit price of the act
CAM_REM_BSE num | Base de remboursement | Basis of reimbursement
CAM_ASS_COD str | Code d’association d’actes | Code of association of acts
CAM_MOD_COD str | Modificateurs | Modifiers
CAM_DOC_EXT str | Extension documentaire | Documentary extension
CAM_REM_COD str | Remboursement exceptionnel | Exceptional reimbursement
CAM_QUA_DEN str | Localisation dentaire | Dental location
CAM_GRI_TAR str | Grille tarifaire | Tariff grid
ORG_CLE_NEW str | Organisme de liquidation actuel | Current processing fund
""",
    f"""ER_BIO_F dcir flux_month claim | Biologie en ville (NABM) | Biology in community care (NABM)
{_CLAIM_KEYS.strip()}
BIO_ORD_NUM int | Rang de la ligne de biologie | Rank of the biology line
BIO_PRS_IDE int | Code NABM de l’acte | NABM code of the act
BIO_ACT_QSN int | Nombre d’actes (signé) | Number of acts (signed)
ORG_CLE_NEW str | Organisme de liquidation actuel | Current processing fund
""",
    f"""ER_ETE_F dcir flux_month claim | Établissements des prestations | Facilities of care lines
{_CLAIM_KEYS.strip()}
ETB_EXE_FIN str id | Numéro FINESS de l’établissement exécutant | FINESS number of the facility that gave the care
ETB_EXE_ID str ETB_EXE_FIN:facility | Pseudonyme de l’établissement exécutant | Pseudonym of the facility
ETE_CAT_COD int | Catégorie de l’établissement | Category of the facility
ETE_TYP_COD int | Type de l’établissement | Type of the facility
ETE_IND_TAA int | Indicateur de tarification à l’activité | Indicator of activity-based pricing
ETE_GHS_NUM int | Numéro de GHS | Tariff group number (GHS)
ETE_MCO_DDP str | Discipline de prestation | Discipline of care
MDT_COD int | Mode de traitement | Mode of treatment
PRS_PPU_SEC int | Secteur privé ou public | Private or public sector
ORG_CLE_NEW str | Organisme de liquidation actuel | Current processing fund
""",
    f"""T_MCOaaB mco year stay | Séjours | Stays
{_STAY_KEYS.strip()}
GRG_GHM str | Groupe homogène de malades (GHM) | Diagnosis-related group (GHM)
GRG_RET str | Code retour du groupage | Return code of the grouping
GHS_NUM int | Numéro de GHS | Tariff group number (GHS)
DGN_PAL str | Diagnostic principal | Principal diagnosis
DGN_REL str | Diagnostic relié | Related diagnosis
SEJ_NBJ int | Durée du séjour en jours | Length of stay in days
SEJ_TYP str | Type de séjour | Type of stay
ENT_MOD str | Mode d’entrée | Mode of entry
ENT_PRV str | Provenance | Origin
SOR_MOD str | Mode de sortie | Mode of discharge
SOR_DES str | Destination | Destination
SOR_ANN int | Année de sortie | Year of discharge
SOR_MOI str care_date | Mois de sortie | Month of discharge
AGE_ANN int | Âge en années | Age in years
AGE_JOU int | Âge en jours (moins d’un an) | Age in days (under one year)
COD_SEX str | Sexe (1 masculin, 2 féminin) | Sex (1 male, 2 female)
BDI_DEP str | Département de résidence | Department of residence
BDI_COD str commune | Code géographique de résidence | Geographical code of residence
NBR_DGN int | Nombre de diagnostics associés | Number of associated diagnoses
NBR_RUM int | Nombre d’unités médicales | Number of medical units
NBR_ACT int | Nombre d’actes | Number of acts
NBR_SEA int | Nombre de séances | Number of sessions
UHCD_TOP str | Passage en unité de courte durée | Short-stay unit
""",
    f"""T_MCOaaC mco year stay | Chaînage et dates des séjours | Linkage and dates of stays
{_STAY_KEYS.strip()}
NIR_ANO_17 str id | Identifiant du patient, égal à BEN_NIR_PSA | Identifier of the patient, equal to BEN_NIR_PSA
NIR_ANO_MAM str id | Identifiant mère-enfant | Mother-child identifier
SEJ_NUM int id | Rang du séjour du patient | Rank of the patient’s stay
EXE_SOI_DTD date care_date | Date d’entrée | Date of entry
EXE_SOI_DTF date care_date | Date de sortie | Date of discharge
EXE_SOI_AMD str | Année et mois d’entrée | Year and month of entry
EXE_SOI_AMF str | Année et mois de sortie | Year and month of discharge
ENT_DAT date care_date | Date d’entrée (format d’origine) | Date of entry (original form)
SOR_DAT date care_date | Date de sortie (format d’origine) | Date of discharge (original form)
SOR_ANN int | Année de sortie | Year of discharge
SOR_MOI str care_date | Mois de sortie | Month of discharge
RNG_NAI int | Rang de naissance | Birth rank
NIR_RET str | Code retour\u00a0: numéro de sécurité sociale | Return code: national number
NAI_RET str | Code retour\u00a0: date de naissance | Return code: date of birth
SEX_RET str | Code retour\u00a0: sexe | Return code: sex
SEJ_RET str | Code retour\u00a0: numéro de séjour | Return code: number of the stay
FHO_RET str | Code retour\u00a0: fusion des fichiers hospitaliers | Return code: merging of hospital files
PMS_RET str | Code retour\u00a0: fusion avec le PMSI | Return code: merging with the PMSI
DAT_RET str | Code retour\u00a0: date d’entrée | Return code: date of entry
COH_NAI_RET str | Code retour\u00a0: cohérence de la naissance | Return code: consistency of birth
COH_SEX_RET str | Code retour\u00a0: cohérence du sexe | Return code: consistency of sex
""",
    f"""T_MCOaaD mco year stay | Diagnostics associés des séjours | Associated diagnoses of stays
{_STAY_KEYS.strip()}
DGN_ASS_NUM int | Rang du diagnostic | Rank of the diagnosis
ASS_DGN str | Diagnostic associé | Associated diagnosis
RSS_NUM str | Version du format du résumé | Version of the form of the summary
""",
    f"""T_MCOaaA mco year stay | Actes des séjours (CCAM) | Acts of stays (CCAM)
{_STAY_KEYS.strip()}
CDC_ACT str | Code CCAM | CCAM code
EXT_PMSI str | Extension PMSI | PMSI extension
PHA_ACT str | Phase | Phase
ACV_ACT str | Activité | Activity
MOD_ACT str | Modificateurs | Modifiers
DOC_ACT str | Extension documentaire | Documentary extension
ANP_ACT str | Association non prévue | Unplanned association
REM_EXP_ACT str | Remboursement exceptionnel | Exceptional reimbursement
ENT_DAT_DEL int | Délai en jours depuis l’entrée | Days since entry
NBR_EXE_ACT int | Nombre de réalisations | Number of times done
RUM_SEQ str | Rang de l’unité médicale | Rank of the medical unit
RSS_NUM str | Version du format du résumé | Version of the form of the summary
""",
    f"""T_MCOaaUM mco year stay | Passages dans les unités médicales | Times spent in medical units
{_STAY_KEYS.strip()}
UM_ORD_NUM int | Rang du passage dans le séjour | Rank of the time in the stay
UM_TYP str | Type d’hospitalisation de l’unité | Type of care of the unit
AUT_TYP1_UM str | Type d’autorisation de l’unité | Type of authorisation of the unit
AUT_TYP2_UM str | Second type d’autorisation de l’unité | Second type of authorisation of the unit
DGN_PAL str | Diagnostic principal du passage | Principal diagnosis of the time spent
DGN_REL str | Diagnostic relié du passage | Related diagnosis of the time spent
PAR_DUR_SEJ int | Durée du passage en jours | Days spent in the unit
DGN_ASS_NBR int | Nombre de diagnostics associés du passage | Number of associated diagnoses of the time spent
ACT_RUM_NBR int | Nombre d’actes du passage | Number of acts of the time spent
RSS_NUM str | Version du format du résumé | Version of the form of the summary
""",
    """KI_CCI_R cepidc whole death | Décès et cause initiale | Deaths and underlying cause
DCD_IDT_ENC str id | Identifiant encodé du décès | Encoded identifier of the death
BEN_IDT_ANO str id | Identifiant anonymisé du bénéficiaire | Anonymised identifier of the beneficiary
BEN_NIR_ANO str id | NIR pseudonymisé | Pseudonymised national number
DCD_IDT_TOP int | Décès apparié au référentiel | Death matched with the referential
FLX_PER_ANN int | Année de décès | Year of death
BEN_DCD_DTE date death_date | Date de décès | Date of death
BEN_DCD_AME str death_date | Année et mois de décès | Year and month of death
DCD_CIM_COD str | Cause initiale (CIM-10) | Underlying cause (ICD-10)
DCD_LIE_COD int | Lieu du décès | Place of death
DCD_DPT_COD str | Département de décès | Department of death
DCD_COM_COD str death_commune | Commune de décès | Commune of death
BEN_SEX_COD int | Sexe (1 masculin, 2 féminin) | Sex (1 male, 2 female)
BEN_NAI_ANN int birth | Année de naissance | Year of birth
BEN_NAI_MOI str birth | Mois de naissance | Month of birth
BEN_RES_DPT str | Département de résidence | Department of residence
BEN_RES_COM str commune | Commune de résidence | Commune of residence
CER_VER_NUM int | Version du certificat | Version of the certificate
TYP_CER_COD int | Type de certificat | Type of certificate
""",
    """IR_PHA_R nomenclatures whole nobody | Référentiel des médicaments | Drug referential
PHA_CIP_C13 int | Code CIP13 | CIP13 code
PHA_CIP_UCD int | Code UCD | UCD code
PHA_ATC_CLA str | Classe ATC | ATC class
PHA_ATC_LIB str | Libellé de la classe ATC | Label of the ATC class
PHA_ATC_L03 str | Libellé de la classe ATC à trois caractères | Label of the three-character ATC class
PHA_EPH_CLA str | Classe EphMRA | EphMRA class
PHA_EPH_LIB str | Libellé de la classe EphMRA | Label of the EphMRA class
PHA_MED_NOM str | Nom du médicament | Name of the drug
PHA_SUB_DOS str | Dosage | Strength
PHA_DOS_UNI str | Unité du dosage | Unit of the strength
PHA_UPC_NBR int | Nombre d’unités par boîte | Units per box
""",
)
