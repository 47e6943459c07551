"""Reads the record of one patient as a site in Seoul does."""

import json

from cds_service.loading import load_vocabulary
from cds_service.settings import Settings, read_zone
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import PatientRecord
from tests.acceptance import Json, bundle

VOCABULARY = load_vocabulary(Settings())


def read(*resources: Json) -> PatientRecord:
    return read_record(decode_body(json.dumps(bundle(*resources)).encode()), VOCABULARY, read_zone("Asia/Seoul"))
