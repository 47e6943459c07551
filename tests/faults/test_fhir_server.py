"""A FHIR server that gives more than anybody needs."""

from typing import Final

from tests.acceptance import CANCER, PATIENT, bilirubin, bundle, condition, states
from tests.fetch_calls import BASE, Ehr, answered, fetching_call, fetching_client
from tests.http_calls import METASTASIS, SERVICE, Json, assessment_of, cards_of, open_chart, searchset

MANY: Final = 10_000
PAGE_SIZE: Final = 200
CHART: Final = bundle(PATIENT, condition(CANCER), condition(METASTASIS))


def results(first: int, last: int) -> list[Json]:
    return [{**bilirubin(1.1), "id": f"result-{at}"} for at in range(first, last)]


def observations(at: int) -> Json:
    """One page of many."""
    links = [{"relation": "self", "url": f"{BASE}/Observation?patient=p1"}]
    links += [{"relation": "next", "url": f"{BASE}/Observation?patient=p1&page={at + 1}"}]
    return searchset(results(at * PAGE_SIZE, (at + 1) * PAGE_SIZE), link=links)


def test_ten_thousand_observations() -> None:
    everything = searchset(results(0, MANY), "Observation?patient=p1")
    (whole,) = open_chart(CHART, observations=everything)
    sent = ("patient", "conditions")
    with Ehr(CHART, observations=answered(everything)):
        (card,) = cards_of(fetching_client().post(SERVICE, json=fetching_call(CHART, sent)))
    assert assessment_of(card) == assessment_of(whole)
    with Ehr(CHART, observations=[answered(observations(at)) for at in range(MANY // PAGE_SIZE)]) as ehr:
        (card,) = cards_of(fetching_client().post(SERVICE, json=fetching_call(CHART, sent)))
    assert states(assessment_of(card))["observations"] == "in-part"
    assert ehr.keys.count("observations") == 20
