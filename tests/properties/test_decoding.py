"""Whatever JSON comes in: it is refused as unreadable, or judged; and one bad resource leaves its neighbours read."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import UnreadableBody, decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Fact, PatientRecord
from tests.properties.charts import AS_OF, PRODUCT, ZONE, Chart, bundle, read, share
from tests.properties.records import charts

Draw = Callable[[st.SearchStrategy[Any]], Any]

_WORDS: Final = (
    "Bundle",
    "Patient",
    "Observation",
    "entry",
    "resource",
    "resourceType",
    "id",
    "code",
    "2026-13-45",
    "1e999999",
    "",
)
_LEAVES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(_WORDS),
    st.text(max_size=12),
)
ANY_JSON: Final = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_WORDS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def swallow(body: bytes) -> None:
    """Reads and judges a body; whatever it is, it is judged or refused as unreadable."""
    try:
        record = read_record(decode_body(body), PRODUCT.vocabulary, ZONE)
    except UnreadableBody:
        return
    assess(PRODUCT.protocol, record, Moment(AS_OF, ZONE))


@share(0.4)
@given(value=ANY_JSON)
def test_any_json_is_judged_or_refused(value: object) -> None:
    swallow(json.dumps(value).encode())


@share(0.15)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_judged_or_refused(body: bytes) -> None:
    swallow(body)


@share(0.1)
@given(chart=charts(), cut=st.integers(0, 8000))
def test_a_body_cut_short_is_refused(chart: Chart, cut: int) -> None:
    whole = bundle(chart)
    with pytest.raises(UnreadableBody):
        decode_body(whole[: cut % len(whole)])


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"resourceType":"Bundle","entry":[{"resource":' * 20_000, b'{"a":' * 100_000]
)
def test_a_body_nested_too_deeply_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode_body(body)


def places(element: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything inside a JSON value."""
    if isinstance(element, Mapping):
        inner: Sequence[tuple[str | int, object]] = list(element.items())
    else:
        inner = list(enumerate(element)) if isinstance(element, (list, tuple)) else []
    return [path] + [place for key, value in inner for place in places(value, (*path, key))]


def replaced(element: Any, path: tuple[str | int, ...], value: object) -> Any:  # noqa: ANN401 - any JSON
    """The JSON with another value at a path."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(element, Mapping):
        return {**element, key: replaced(element[str(key)], rest, value)}
    return [replaced(inner, rest, value) if number == key else inner for number, inner in enumerate(element)]


@share(0.15)
@given(chart=charts(), at=st.integers(0, 10_000), garbage=ANY_JSON)
def test_a_mutated_bundle_is_judged_or_refused(chart: Chart, at: int, garbage: object) -> None:
    whole = json.loads(bundle(chart))
    possible = places(whole)
    swallow(json.dumps(replaced(whole, possible[at % len(possible)], garbage)).encode())


def facts(record: PatientRecord, but: str) -> list[Fact]:
    """Every fact of the record that rests on another resource."""
    shelves = (record.conditions, record.procedures, record.courses, record.allergies, record.results)
    return [fact for shelf in shelves for _, found in sorted(shelf.items()) for fact in found if fact.reference != but]


@share(0.15)
@given(chart=charts(), which=st.integers(1, 30), name=st.integers(0, 30), garbage=ANY_JSON)
def test_a_bad_resource_leaves_its_neighbours_read(chart: Chart, which: int, name: int, garbage: object) -> None:
    number = 1 + which % (len(chart) - 1)
    bad = dict(chart[number])
    names = sorted(bad.keys() - {"id", "resourceType"})
    bad[names[name % len(names)]] = garbage
    reference = f"{bad['resourceType']}/{bad['id']}"
    after = read((*chart[:number], bad, *chart[number + 1 :]))
    assert facts(after, reference) == facts(read(chart), reference)
    assert after.patient == read(chart).patient
