"""What this service offers (CDS Hooks "Discovery"), and the prefetch it asks for (contract 4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cds_service.trial.protocol import TrialProtocol
from fhir_profiles.record import Source

PREFETCH: Mapping[str, str] = {
    "patient": "Patient/{{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "observations": (
        "Observation?patient={{context.patientId}}&category=laboratory,vital-signs,survey,exam,social-history,imaging"
    ),
    "procedures": "Procedure?patient={{context.patientId}}",
    "medicationRequests": ("MedicationRequest?patient={{context.patientId}}&_include=MedicationRequest:medication"),
    "medicationStatements": (
        "MedicationStatement?patient={{context.patientId}}&_include=MedicationStatement:medication"
    ),
    "medicationAdministrations": "MedicationAdministration?patient={{context.patientId}}",
    "allergies": "AllergyIntolerance?patient={{context.patientId}}",
    "diagnosticReports": "DiagnosticReport?patient={{context.patientId}}&category=RAD",
    "serviceRequests": "ServiceRequest?patient={{context.patientId}}&status=active",
    "researchSubjects": "ResearchSubject?individual={{context.patientId}}&_include=ResearchSubject:study",
    "encounters": "Encounter?patient={{context.patientId}}&status=finished",
}
_DISCLAIMER = "Decision support for research, not a medical device."
# Without these a chart opening is answered with 412; every other absent key only leaves lines open.
REQUIRED = (Source.PATIENT, Source.CONDITIONS, Source.OBSERVATIONS)
KEY_OF_SOURCE: dict[Source, str] = {
    Source.PATIENT: "patient",
    Source.CONDITIONS: "conditions",
    Source.OBSERVATIONS: "observations",
}


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its id and the hook it serves."""

    id: str
    hook: str
    title: str
    description: str


def services(protocol: TrialProtocol) -> tuple[Service, ...]:
    """The services, one a hook."""
    name = f"{protocol.name} ({protocol.id})"
    return (
        Service(
            id="cotsom-patient-view",
            hook="patient-view",
            title=f"{protocol.name} trial match and next steps",
            description=(
                f"Says whether the patient may qualify for {name}, what is missing, and when; for an enrolled patient, "
                f"what the protocol wants next. {_DISCLAIMER}"
            ),
        ),
        Service(
            id="cotsom-order-select",
            hook="order-select",
            title=f"{protocol.name} order check while choosing",
            description=f"Checks the selected draft orders against {name}. {_DISCLAIMER}",
        ),
        Service(
            id="cotsom-order-sign",
            hook="order-sign",
            title=f"{protocol.name} order check before signing",
            description=f"Checks every draft order against {name} and offers the corrected order. {_DISCLAIMER}",
        ),
    )


def discovery(protocol: TrialProtocol, *, fetches: bool) -> Mapping[str, object]:
    """The discovery document, with the attributes of CDS Hooks 2.0.1 and 3.0.

    `fetches`: the site agreed on servers from which what is not prefetched may be fetched.
    """
    usage = _PREFETCH_OR_ACCESS if fetches else _PREFETCH_ONLY
    return {"services": [_described(service, protocol, usage) for service in services(protocol)]}


_PREFETCH_ONLY: Final = "Prefetch is required: this service is set up to read no FHIR server."
_PREFETCH_OR_ACCESS: Final = (
    "Send the prefetch. What it lacks is fetched with the fhirServer and fhirAuthorization of the call, from servers "
    "agreed on with this service and within the scopes for reading that the token has; what can be had neither way "
    "stays unknown, and a call without patient, conditions or observations is answered with 412."
)


def _described(service: Service, protocol: TrialProtocol, usage: str) -> Mapping[str, object]:
    return {
        "id": service.id,
        "hook": service.hook,
        "hookVersion": "1.0",
        "version": protocol.version,
        "title": service.title,
        "description": service.description,
        "usageRequirements": usage,
        "prefetch": dict(PREFETCH),
    }
