"""What the generated charts speak of: tests, diagnoses, drugs, procedures and sentences, coded as a sender codes them.

Some are judged by the protocol; most are not, as in a real chart. Which of them mean anything is
for the value sets to say.
"""

from typing import Final, NamedTuple

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
_ICD: Final = "http://hl7.org/fhir/sid/icd-10-cm"
_RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
_CVX: Final = "http://hl7.org/fhir/sid/cvx"


class Test(NamedTuple):
    """A laboratory test: LOINC, name, unit, and the range of normal."""

    code: str
    name: str
    unit: str
    low: float
    high: float


class Concept(NamedTuple):
    """One thing under two code systems, and its Korean name."""

    name: str
    codes: tuple[tuple[str, str], ...]
    korean: str


JUDGED: Final = (
    Test("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 0.2, 1.2),
    Test("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 3.5, 5.2),
    Test("6301-6", "INR in Platelet poor plasma by Coagulation assay", "{INR}", 0.8, 1.2),
    Test("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 8, 40),
    Test("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 7, 40),
    Test("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.6, 1.2),
    Test("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 13, 17),
    Test("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 150, 400),
    Test("751-8", "Neutrophils [#/volume] in Blood by Automated count", "10*3/uL", 1.8, 7.5),
)
OTHER: Final = (
    Test("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 135, 145),
    Test("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 3.5, 5.1),
    Test("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", 98, 107),
    Test("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma", "mmol/L", 22, 29),
    Test("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", 7, 20),
    Test("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 70, 110),
    Test("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 8.6, 10.2),
    Test("2885-2", "Protein [Mass/volume] in Serum or Plasma", "g/dL", 6, 8.3),
    Test("6768-6", "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 40, 130),
    Test("2324-2", "Gamma glutamyl transferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 8, 61),
    Test("2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 120, 246),
    Test("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 4, 10),
    Test("787-2", "MCV [Entitic volume] by Automated count", "fL", 80, 100),
    Test("785-6", "MCH [Entitic mass] by Automated count", "pg", 27, 33),
    Test("788-0", "Erythrocyte distribution width [Ratio] by Automated count", "%", 11.5, 14.5),
    Test("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 120, 200),
    Test("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", 40, 150),
    Test("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 4, 5.6),
    Test("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 0, 5),
    Test("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", 0.4, 4.2),
    Test("8867-4", "Heart rate", "/min", 60, 100),
    Test("8310-5", "Body temperature", "Cel", 36, 37.5),
)
DIAGNOSES: Final = (
    Concept("Hepatocellular carcinoma", ((SNOMED, "109841003"), (_ICD, "C22.0")), "간세포암"),
    Concept("Secondary malignant neoplasm of lung", ((SNOMED, "94391008"), (_ICD, "C78.00")), "폐 전이"),
    Concept("Chronic hepatitis B", ((SNOMED, "61977001"), (_ICD, "B18.1")), "만성 B형 간염"),
    Concept("Cirrhosis of liver", ((SNOMED, "19943007"), (_ICD, "K74.60")), "간경변증"),
    Concept("Essential hypertension", ((SNOMED, "59621000"), (_ICD, "I10")), "고혈압"),
    Concept("Type 2 diabetes mellitus", ((SNOMED, "44054006"), (_ICD, "E11.9")), "제2형 당뇨병"),
    Concept("Hyperlipidemia", ((SNOMED, "55822004"), (_ICD, "E78.5")), "고지혈증"),
    Concept("Gastroesophageal reflux disease", ((SNOMED, "235595009"), (_ICD, "K21.9")), "위식도 역류 질환"),
    Concept("Low back pain", ((SNOMED, "279039007"), (_ICD, "M54.50")), "요통"),
    Concept("Cataract", ((SNOMED, "193570009"), (_ICD, "H26.9")), "백내장"),
    Concept("Allergic rhinitis", ((SNOMED, "61582004"), (_ICD, "J30.9")), "알레르기 비염"),
    Concept("Benign prostatic hyperplasia", ((SNOMED, "266569009"), (_ICD, "N40.0")), "전립선 비대증"),
)
DRUGS: Final = (
    Concept("entecavir 0.5 MG Oral Tablet", ((_RXNORM, "485434"),), "엔테카비르 정"),
    Concept("amlodipine 5 MG Oral Tablet", ((_RXNORM, "197361"),), "암로디핀 정"),
    Concept("metformin hydrochloride 500 MG Oral Tablet", ((_RXNORM, "861007"),), "메트포르민 정"),
    Concept("atorvastatin 20 MG Oral Tablet", ((_RXNORM, "617310"),), "아토르바스타틴 정"),
    Concept("omeprazole 20 MG Delayed Release Oral Capsule", ((_RXNORM, "198051"),), "오메프라졸 캡슐"),
    Concept("furosemide 40 MG Oral Tablet", ((_RXNORM, "313988"),), "푸로세미드 정"),
    Concept("tamsulosin hydrochloride 0.4 MG Oral Capsule", ((_RXNORM, "863669"),), "탐스로신 캡슐"),
)
PROCEDURES: Final = (
    Concept("Computed tomography of abdomen with contrast", ((SNOMED, "32962002"),), "복부 CT"),
    Concept("Esophagogastroduodenoscopy", ((SNOMED, "76009000"),), "위내시경"),
    Concept("Ultrasonography of abdomen", ((SNOMED, "45036003"),), "복부 초음파"),
    Concept("Electrocardiographic procedure", ((SNOMED, "29303009"),), "심전도"),
    Concept("Extraction of cataract", ((SNOMED, "54885007"),), "백내장 수술"),
)
VISIT: Final = Concept("Outpatient visit to hepatology", ((SNOMED, "185349003"),), "소화기내과 외래")
VACCINE: Final = Concept("Influenza, seasonal, injectable", ((_CVX, "141"),), "독감 예방접종")
IMAGING: Final = Concept("CT abdomen and pelvis with contrast", ((LOINC, "72531-7"),), "복부골반 CT")
NOTE: Final = Concept("Progress note", ((LOINC, "11506-3"),), "경과 기록")
SENTENCES: Final = (
    "The liver is nodular in outline with a hypervascular lesion of segment 8 showing washout in the delayed phase. ",
    "No new intrahepatic lesion is seen since the previous examination. ",
    "The main portal vein is patent. No ascites. The spleen is mildly enlarged. ",
    "Several small nodules of both lower lungs, the largest of 9 mm, in keeping with metastases. ",
    "Degenerative changes of the lumbar spine; no suspicious bone lesion. ",
    "Patient seen in clinic in good general condition; laboratory results were reviewed and the plan was discussed. ",
)
PATIENT: Final = {
    "resourceType": "Patient",
    "id": "8f6e2c1a-57d1-4a3e-9a57-0c3f5b1f2d10",
    "identifier": [{"use": "usual", "system": "urn:oid:1.2.840.114350.1.13.0.1.7.2", "value": "0012345678"}],
    "active": True,
    "name": [{"use": "official", "family": "Hong", "given": ["Gildong"], "text": "홍길동"}],
    "telecom": [{"system": "phone", "value": "02-555-0100", "use": "home"}],
    "gender": "male",
    "birthDate": "1961-04-11",
    "address": [{"use": "home", "city": "Seoul", "country": "KR", "postalCode": "03080"}],
}
