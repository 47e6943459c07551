"""What a suggestion may change: the drafts, the order of the chart that it names, and nothing of another patient."""

from typing import Any

import pytest

from cds_service.demo.orders import Orders, accept_suggestions

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}


def order(name: str, patient: str = "Patient/p1", **elements: object) -> dict[str, Any]:
    return {"resourceType": "ServiceRequest", "id": name, "subject": {"reference": patient}, **elements}


ORDERS = Orders((PATIENT, order("signed")), (order("draft-1"), order("draft-2")))


def accepted(**action: object) -> Orders:
    done = accept_suggestions(ORDERS, [{"actions": [action]}])
    assert done is not None
    return done


def refused(*actions: object) -> bool:
    """Whether a suggestion of these actions cannot be carried out."""
    return accept_suggestions(ORDERS, [{"actions": list(actions)}]) is None


def test_an_update_changes_the_draft_or_the_signed_order_it_names() -> None:
    assert accepted(type="update", resource=order("draft-2", note="x")).drafts[1]["note"] == "x"
    assert accepted(type="update", resource=order("signed", note="x")).chart[1]["note"] == "x"


@pytest.mark.parametrize("resource", [order("draft-1", "Patient/p2"), order("signed", "Patient/p2"), order("nowhere")])
def test_an_update_gives_no_order_to_another_patient_and_makes_none(resource: dict[str, Any]) -> None:
    assert refused({"type": "update", "resource": resource})


@pytest.mark.parametrize("name", ["ServiceRequest/draft-1", "draft-1"])
def test_a_delete_removes_a_draft_by_either_name(name: str) -> None:
    assert accepted(type="delete", resourceId=name).drafts == ORDERS.drafts[1:]


def test_a_delete_by_the_whole_resource_is_understood() -> None:
    assert accepted(type="delete", resource=order("draft-1")).drafts == ORDERS.drafts[1:]


@pytest.mark.parametrize("name", ["ServiceRequest/signed", "Patient/p1", "", "ServiceRequest/nowhere"])
def test_nothing_that_is_signed_is_deleted(name: str) -> None:
    assert refused({"type": "delete", "resourceId": name})


def test_what_is_created_is_a_draft_for_this_patient_under_a_free_id() -> None:
    made = accepted(type="create", resource={"resourceType": "ServiceRequest", "id": "draft-1"}).drafts[2]
    assert (made["id"], made["subject"]) == ("ordered-1", {"reference": "Patient/p1"})
    assert refused({"type": "create", "resource": order("x", "Patient/p2")})


@pytest.mark.parametrize("resource", [None, "x", [], {}, {"resourceType": "Condition"}, {"resourceType": 7}, PATIENT])
@pytest.mark.parametrize("kind", ["create", "update", "delete", "explode", None])
def test_what_is_no_order_is_not_carried_out(kind: object, resource: object) -> None:
    assert refused({"type": kind, "resource": resource})


def test_of_actions_that_belong_together_none_is_carried_out_alone() -> None:
    good = {"type": "delete", "resourceId": "draft-1"}
    for wrong in ({"type": "delete", "resourceId": "draft-9"}, {"type": "explode"}, "x"):
        assert refused(good, wrong)
        assert accept_suggestions(ORDERS, [{"actions": [good]}, {"actions": [wrong]}]) is None
    assert accept_suggestions(ORDERS, [{"actions": "x"}]) is None


def test_what_is_as_suggested_already_is_carried_out() -> None:
    as_it_is: list[dict[str, Any]] = [{"actions": [{"type": "update", "resource": order("draft-1")}]}]
    for suggestion in ({}, {"actions": []}, *as_it_is):
        assert accept_suggestions(ORDERS, [suggestion]) == ORDERS
