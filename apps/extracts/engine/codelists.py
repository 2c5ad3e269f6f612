"""The small code lists that the project knows by itself, with labels in our own words.

They name what a definition says in a sentence, and they are all that the synthetic SNDS contains. The complete lists of
a real copy are read from the copy itself (see ``nomenclature``). Products and their CIP13 numbers are invented, in a
range that no real product uses; ATC, ICD-10 and CCAM codes are real.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from .codes import System

ICD10_TEXT = """
A04|infection intestinale bactérienne|bacterial intestinal infection
A046|entérite à Yersinia|Yersinia enteritis
A09|gastro-entérite|gastroenteritis
A090|gastro-entérite d’origine infectieuse|infectious gastroenteritis
A41|septicémie|sepsis
A419|septicémie sans précision|unspecified sepsis
B24|infection par le VIH|HIV infection
C18|cancer du côlon|colon cancer
C187|cancer du côlon sigmoïde|sigmoid colon cancer
C189|cancer du côlon sans précision|unspecified colon cancer
C34|cancer du poumon|lung cancer
C341|cancer du lobe supérieur du poumon|upper lobe lung cancer
C349|cancer du poumon sans précision|unspecified lung cancer
C50|cancer du sein|breast cancer
C504|cancer du quadrant supéro-externe du sein|upper-outer quadrant breast cancer
C509|cancer du sein sans précision|unspecified breast cancer
C61|cancer de la prostate|prostate cancer
C67|cancer de la vessie|bladder cancer
C679|cancer de la vessie sans précision|unspecified bladder cancer
C78|métastase respiratoire ou digestive|respiratory or digestive metastasis
C787|métastase hépatique|liver metastasis
D50|anémie par carence en fer|iron deficiency anaemia
D509|anémie par carence en fer sans précision|unspecified iron deficiency anaemia
E03|hypothyroïdie|hypothyroidism
E039|hypothyroïdie sans précision|unspecified hypothyroidism
E10|diabète de type 1|type 1 diabetes
E101|diabète de type 1 avec acidocétose|type 1 diabetes with ketoacidosis
E109|diabète de type 1 sans complication|type 1 diabetes without complication
E11|diabète de type 2|type 2 diabetes
E110|diabète de type 2 avec coma|type 2 diabetes with coma
E112|diabète de type 2 avec atteinte rénale|type 2 diabetes with kidney complication
E113|diabète de type 2 avec atteinte oculaire|type 2 diabetes with eye complication
E115|diabète de type 2 avec atteinte vasculaire|type 2 diabetes with vascular complication
E118|diabète de type 2 avec complication non précisée|type 2 diabetes with unspecified complication
E119|diabète de type 2 sans complication|type 2 diabetes without complication
E14|diabète sans précision de type|diabetes of unspecified type
E149|diabète sans précision ni complication|unspecified diabetes without complication
E66|obésité|obesity
E669|obésité sans précision|unspecified obesity
E78|anomalie des lipides sanguins|blood lipid disorder
E780|hypercholestérolémie|hypercholesterolaemia
E86|déshydratation|dehydration
F00|démence de la maladie d’Alzheimer|dementia in Alzheimer’s disease
F20|schizophrénie|schizophrenia
F209|schizophrénie sans précision|unspecified schizophrenia
F32|épisode dépressif|depressive episode
F329|épisode dépressif sans précision|unspecified depressive episode
G20|maladie de Parkinson|Parkinson’s disease
G30|maladie d’Alzheimer|Alzheimer’s disease
G309|maladie d’Alzheimer sans précision|unspecified Alzheimer’s disease
G35|sclérose en plaques|multiple sclerosis
G40|épilepsie|epilepsy
G409|épilepsie sans précision|unspecified epilepsy
H25|cataracte liée à l’âge|age-related cataract
H251|cataracte nucléaire liée à l’âge|age-related nuclear cataract
I10|hypertension artérielle|hypertension
I20|angine de poitrine|angina pectoris
I209|angine de poitrine sans précision|unspecified angina pectoris
I21|infarctus du myocarde|myocardial infarction
I210|infarctus antérieur du myocarde|anterior myocardial infarction
I219|infarctus du myocarde sans précision|unspecified myocardial infarction
I25|cardiopathie ischémique chronique|chronic ischaemic heart disease
I251|athérosclérose coronaire|coronary atherosclerosis
I48|fibrillation auriculaire|atrial fibrillation
I50|insuffisance cardiaque|heart failure
I500|insuffisance cardiaque congestive|congestive heart failure
I509|insuffisance cardiaque sans précision|unspecified heart failure
I61|hémorragie intracérébrale|intracerebral haemorrhage
I619|hémorragie intracérébrale sans précision|unspecified intracerebral haemorrhage
I63|infarctus cérébral|cerebral infarction
I639|infarctus cérébral sans précision|unspecified cerebral infarction
I64|accident vasculaire cérébral non précisé|unspecified stroke
I70|athérosclérose|atherosclerosis
I702|athérosclérose des membres|atherosclerosis of the limbs
J18|pneumopathie|pneumonia
J189|pneumopathie sans précision|unspecified pneumonia
J44|bronchopneumopathie chronique obstructive|chronic obstructive pulmonary disease
J440|BPCO avec infection respiratoire|COPD with respiratory infection
J449|BPCO sans précision|unspecified COPD
J45|asthme|asthma
J459|asthme sans précision|unspecified asthma
J96|insuffisance respiratoire|respiratory failure
J961|insuffisance respiratoire chronique|chronic respiratory failure
K35|appendicite aiguë|acute appendicitis
K358|appendicite aiguë, autre|other acute appendicitis
K40|hernie inguinale|inguinal hernia
K409|hernie inguinale sans complication|inguinal hernia without complication
K50|maladie de Crohn|Crohn’s disease
K509|maladie de Crohn sans précision|unspecified Crohn’s disease
K74|fibrose et cirrhose du foie|liver fibrosis and cirrhosis
K746|cirrhose du foie|liver cirrhosis
K80|calculs biliaires|gallstones
K802|calcul de la vésicule sans inflammation|gallbladder stone without inflammation
L97|ulcère de jambe|leg ulcer
M05|polyarthrite rhumatoïde séropositive|seropositive rheumatoid arthritis
M059|polyarthrite rhumatoïde séropositive sans précision|unspecified seropositive rheumatoid arthritis
M16|arthrose de la hanche|osteoarthritis of the hip
M169|arthrose de la hanche sans précision|unspecified osteoarthritis of the hip
M17|arthrose du genou|osteoarthritis of the knee
M179|arthrose du genou sans précision|unspecified osteoarthritis of the knee
N18|maladie rénale chronique|chronic kidney disease
N184|maladie rénale chronique de stade 4|chronic kidney disease, stage 4
N185|maladie rénale chronique de stade 5|chronic kidney disease, stage 5
N39|autre affection urinaire|other urinary disorder
N390|infection urinaire|urinary tract infection
O80|accouchement unique spontané|single spontaneous delivery
O800|accouchement spontané par le sommet|spontaneous vertex delivery
O82|accouchement par césarienne|delivery by caesarean section
O821|césarienne en urgence|emergency caesarean section
R07|douleur de la gorge ou du thorax|throat or chest pain
R074|douleur thoracique sans précision|unspecified chest pain
R55|syncope|syncope
S06|lésion traumatique intracrânienne|intracranial injury
S060|commotion cérébrale|concussion
S72|fracture du fémur|fracture of the femur
S720|fracture du col du fémur|fracture of the neck of the femur
Z38|enfant né vivant|liveborn infant
Z380|enfant unique né à l’hôpital|single infant born in hospital
Z383|jumeau né à l’hôpital|twin born in hospital
Z49|soins comprenant une dialyse|care involving dialysis
Z491|hémodialyse|haemodialysis
Z51|autres soins médicaux|other medical care
Z511|chimiothérapie pour tumeur|chemotherapy for a tumour
Z515|soins palliatifs|palliative care
"""

CCAM_TEXT = """
ACQN001|IRM du crâne sans injection|head MRI without contrast
AAQP007|électroencéphalogramme standard|standard electroencephalogram
BFGA427|chirurgie de la cataracte avec implant|cataract surgery with lens implant
DAQM003|échocardiographie d’effort pharmacologique|pharmacological stress echocardiography
DDAF006|angioplastie coronaire avec pose de stent|coronary angioplasty with stent
DDQH009|coronarographie|coronary angiography
DEQP003|électrocardiogramme|electrocardiogram
EBQM001|échodoppler des artères du cou|doppler of the neck arteries
GLQP002|épreuve fonctionnelle respiratoire|lung function test
HHFA001|appendicectomie par voie iliaque|open appendicectomy
HHQE005|coloscopie totale|total colonoscopy
HLQM001|échographie du foie|liver ultrasound
HMFC004|cholécystectomie par cœlioscopie|laparoscopic cholecystectomy
JDQE001|cystoscopie|cystoscopy
JQGD010|accouchement par voie basse|vaginal delivery
JVJF004|séance d’hémodialyse|haemodialysis session
NBCA010|ostéosynthèse du col du fémur|fixation of the femoral neck
NEKA020|prothèse totale de hanche|total hip replacement
NFFC004|méniscectomie par arthroscopie|arthroscopic meniscectomy
NFKA007|prothèse totale de genou|total knee replacement
QEFA004|tumorectomie du sein|breast lump removal
QZFA036|exérèse d’une lésion de la peau|excision of a skin lesion
ZBQK002|radiographie du thorax|chest X-ray
ZCQM008|échographie de l’abdomen|abdominal ultrasound
"""

ATC_TEXT = """
A|appareil digestif et métabolisme|alimentary tract and metabolism
A02|médicaments de l’acidité gastrique|drugs for acid-related disorders
A02B|médicaments de l’ulcère et du reflux|drugs for ulcer and reflux
A02BC|inhibiteurs de la pompe à protons|proton pump inhibitors
A02BC01|oméprazole|omeprazole
A02BC05|ésoméprazole|esomeprazole
A10|médicaments du diabète|drugs used in diabetes
A10A|insulines|insulins
A10AB|insulines d’action rapide|fast-acting insulins
A10AB05|insuline asparte|insulin aspart
A10AE|insulines d’action lente|long-acting insulins
A10AE04|insuline glargine|insulin glargine
A10B|antidiabétiques oraux|oral glucose-lowering drugs
A10BA|biguanides|biguanides
A10BA02|metformine|metformin
A10BB|sulfamides hypoglycémiants|sulfonylureas
A10BB09|gliclazide|gliclazide
A10BH|inhibiteurs de la DPP-4|DPP-4 inhibitors
A10BH01|sitagliptine|sitagliptin
B|sang et organes hématopoïétiques|blood and blood-forming organs
B01|médicaments de la coagulation|antithrombotic drugs
B01A|médicaments de la coagulation|antithrombotic drugs
B01AA|antivitamines K|vitamin K antagonists
B01AA03|warfarine|warfarin
B01AC|antiagrégants plaquettaires|platelet inhibitors
B01AC06|acide acétylsalicylique à faible dose|low-dose aspirin
B01AF|anticoagulants oraux directs anti-Xa|direct factor Xa inhibitors
B01AF02|apixaban|apixaban
C|système cardiovasculaire|cardiovascular system
C03|diurétiques|diuretics
C03A|diurétiques thiazidiques|thiazide diuretics
C03AA03|hydrochlorothiazide|hydrochlorothiazide
C03C|diurétiques de l’anse|loop diuretics
C03CA01|furosémide|furosemide
C07|bêtabloquants|beta blockers
C07AB07|bisoprolol|bisoprolol
C08|inhibiteurs calciques|calcium channel blockers
C08CA01|amlodipine|amlodipine
C09|médicaments du système rénine-angiotensine|drugs acting on the renin-angiotensin system
C09A|inhibiteurs de l’enzyme de conversion|ACE inhibitors
C09AA04|périndopril|perindopril
C09AA05|ramipril|ramipril
C09C|antagonistes de l’angiotensine II|angiotensin II blockers
C09CA06|candésartan|candesartan
C10|hypolipidémiants|lipid-modifying drugs
C10AA|statines|statins
C10AA05|atorvastatine|atorvastatin
C10AA07|rosuvastatine|rosuvastatin
H|hormones systémiques|systemic hormones
H03|médicaments de la thyroïde|thyroid drugs
H03AA01|lévothyroxine|levothyroxine
J|anti-infectieux|anti-infectives
J01|antibiotiques|antibiotics
J01CA04|amoxicilline|amoxicillin
J01CR02|amoxicilline et acide clavulanique|amoxicillin and clavulanic acid
L|antinéoplasiques et immunomodulateurs|antineoplastic and immunomodulating drugs
L02|traitements hormonaux des cancers|hormonal cancer treatments
L02BG03|anastrozole|anastrozole
M|muscle et squelette|musculoskeletal system
M01|anti-inflammatoires|anti-inflammatory drugs
M01AE01|ibuprofène|ibuprofen
N|système nerveux|nervous system
N02|analgésiques|analgesics
N02BE01|paracétamol|paracetamol
N03|antiépileptiques|antiepileptics
N03AX14|lévétiracétam|levetiracetam
N04|antiparkinsoniens|drugs for Parkinson’s disease
N04BA02|lévodopa|levodopa
N05|psycholeptiques|psycholeptics
N05AX08|rispéridone|risperidone
N05BA12|alprazolam|alprazolam
N06|psychoanaleptiques|psychoanaleptics
N06A|antidépresseurs|antidepressants
N06AB06|sertraline|sertraline
N06AB10|escitalopram|escitalopram
R|système respiratoire|respiratory system
R03|médicaments de l’asthme et de la BPCO|drugs for asthma and COPD
R03AC02|salbutamol|salbutamol
R03AK07|formotérol et budésonide|formoterol and budesonide
"""

PRODUCT_STRENGTHS = ("1", "2")
"""Two invented products for each substance."""


NABM_TEXT = """
552|glycémie|blood glucose
592|créatinine|creatinine
996|exploration d’une anomalie lipidique|lipid profile
1104|hémogramme|full blood count
1208|TSH|thyroid-stimulating hormone
1577|hémoglobine glyquée (HbA1c)|glycated haemoglobin (HbA1c)
1804|protéine C réactive|C-reactive protein
5201|examen cytobactériologique des urines|urine culture
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A code and its labels."""

    code: str
    label_fr: str
    label_en: str

    def label(self, language: str) -> str:
        """The label in ``"fr"`` or ``"en"``."""
        return self.label_fr if language == "fr" else self.label_en


@dataclass(frozen=True, slots=True)
class Product:
    """An invented product: its CIP13, the ATC code of its substance, its name."""

    cip13: str
    atc: str
    name: str


def _codes(text: str) -> Mapping[str, Code]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return {code: Code(code, label_fr, label_en) for code, label_fr, label_en in rows}


def invented_cip13(number: int) -> str:
    """A CIP13 of an unused range, with its EAN-13 check digit."""
    body = f"3400999{number:05d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighted % 10}"


def _products() -> Iterator[Product]:
    substances = [code for code in CODES[System.ATC].values() if len(code.code) == 7]
    numbered = ((substance, strength) for substance in substances for strength in PRODUCT_STRENGTHS)
    for number, (substance, strength) in enumerate(numbered, start=1):
        yield Product(invented_cip13(number), substance.code, f"{substance.label_fr} {strength} (produit fictif)")


CODES: dict[System, Mapping[str, Code]] = {
    System.ICD10: _codes(ICD10_TEXT),
    System.CCAM: _codes(CCAM_TEXT),
    System.ATC: _codes(ATC_TEXT),
    System.NABM: _codes(NABM_TEXT),
}
PRODUCTS: tuple[Product, ...] = tuple(_products())
CODES[System.CIP13] = {product.cip13: Code(product.cip13, product.name, product.name) for product in PRODUCTS}


@cache
def label(system: System, code: str, language: str) -> str:
    """The label of a code that the project knows; an empty string for the others."""
    known = CODES[system].get(code)
    return known.label(language) if known else ""
