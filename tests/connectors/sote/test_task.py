"""What a Task says, and every way in which it can be wrong."""

from typing import Any

import pytest

from streams.domain.codes import Milestone, RejectReason
from streams.domain.path import MilestoneReached
from streams.promises.connector import Unreadable
from tests.connectors.sote.documents import (
    GONE,
    Json,
    accepted,
    changed,
    read,
    refused,
    resource,
    sample,
)

TASK = "Bundle.entry[1].resource"


def event_name(document: Json) -> str:
    return type(accepted(document).event).__name__


def nearest(document: Json) -> list[tuple[str, str | None]]:
    got = read(document)
    assert isinstance(got, Unreadable)
    return [(problem.pointer, problem.nearest) for problem in got.problems]


def ours(code: str) -> Json:
    return {"coding": [{"system": "urn:saattaen:task", "code": code}]}


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("received", "HandoffReceived"),
        ("accepted", "HandoffAccepted"),
        ("in-progress", "ServiceStarted"),
        ("on-hold", "ServicePaused"),
        ("completed", "ServiceCompleted"),
        ("failed", "ServiceFailed"),
        ("cancelled", "ReferralCancelled"),
        ("entered-in-error", "ReferralMarkedInError"),
    ],
)
def test_the_status_decides_what_a_task_is(status: str, event: str) -> None:
    assert event_name(changed("received", "Task", status=status)) == event


@pytest.mark.parametrize("code", [GONE, {"text": "fulfill"}, {"coding": [{"code": "recall"}]}])
def test_a_code_of_another_system_changes_nothing(code: object) -> None:
    assert event_name(changed("completed", "Task", code=code)) == "ServiceCompleted"


@pytest.mark.parametrize("status", [GONE, None, "", " "])
def test_a_missing_status_is_named(status: object) -> None:
    assert refused(changed("received", "Task", status=status)) == [
        ("missing-field", f"{TASK}.status")
    ]


@pytest.mark.parametrize(
    ("status", "near"),
    [("complete", "completed"), ("in-progres", "in-progress"), ("REJECTED", "rejected")],
)
def test_a_status_that_is_no_event_names_the_nearest(status: str, near: str) -> None:
    [(pointer, told)] = nearest(changed("received", "Task", status=status))
    assert pointer == f"{TASK}.status"
    assert told == near


def test_the_bare_tasks_pointer_begins_with_its_type() -> None:
    assert refused(changed("accepted", "Task", status="acepted")) == [
        ("unknown-code", "Task.status")
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [("recall", "requested"), ("milestone", "accepted"), ("named-worker", "completed")],
)
def test_the_hubs_own_tasks_have_one_status_each(code: str, status: str) -> None:
    document = changed("completed", "Task", code=ours(code), status=status)
    assert ("unknown-code", f"{TASK}.status") in refused(document)


def test_an_unknown_task_code_names_the_nearest_and_asks_for_nothing_more() -> None:
    document = changed("completed", "Task", code=ours("recal"))
    assert nearest(document) == [(f"{TASK}.code.coding[0].code", "recall")]


@pytest.mark.parametrize(
    ("code", "near"), [("info-need", "info-needed"), ("info-provide", "info-provided")]
)
def test_an_unknown_business_status_names_the_nearest(code: str, near: str) -> None:
    status = {"coding": [{"system": "urn:saattaen:business-status", "code": code}]}
    document = changed("received", "Task", businessStatus=status)
    assert nearest(document) == [(f"{TASK}.businessStatus.coding[0].code", near)]


def test_anothers_business_status_is_no_concern() -> None:
    status = {"coding": [{"system": "urn:ptj", "code": "x"}]}
    assert event_name(changed("received", "Task", businessStatus=status)) == "HandoffReceived"


def test_all_errors_of_a_message_come_at_once() -> None:
    document = changed(
        "rejected", "Task", for_={"reference": "urn:uuid:none"}, statusReason=GONE, identifier=[]
    )
    at = "Bundle.entry[0].resource"
    assert refused(document) == [
        ("unresolved-reference", f"{at}.for.reference"),
        ("missing-field", f"{at}.identifier"),
        ("missing-field", f"{at}.statusReason"),
        ("missing-field", f"{at}.basedOn"),
    ]


# Reasons, outcomes, milestones, workers


def test_a_reason_in_words_alone_is_other() -> None:
    document = changed("rejected", "Task", statusReason={"text": "Ei onnistu."})
    event: Any = accepted(document).event
    assert event.reason is RejectReason.OTHER


@pytest.mark.parametrize(
    "reason", [GONE, {}, {"text": " "}, {"text": 5}, {"coding": [{"system": "x", "code": "y"}]}]
)
def test_a_rejection_without_a_reason_is_refused(reason: object) -> None:
    at = "Bundle.entry[0].resource.statusReason"
    assert ("missing-field", at) in refused(changed("rejected", "Task", statusReason=reason))


def test_reason_and_notes_are_one_remark() -> None:
    document = changed("paused", "Task", note=[{"text": "a"}, {}, {"text": "b"}])
    assert accepted(document).details["remark"] == "Sairausloma.\na\nb"


def outputs(code: object, days: object) -> list[Json]:
    found = [{"type": {"coding": [{"system": "urn:saattaen:milestone"}]}, "valueCode": code}]
    amount = {"coding": [{"system": "urn:saattaen:milestone-amount"}]}
    return found if days is GONE else [*found, {"type": amount, "valueInteger": days}]


def test_benefit_days_are_counted() -> None:
    document = changed("milestone", "Task", output=outputs("sickness_benefit_days", 150))
    event = accepted(document).event
    assert isinstance(event, MilestoneReached)
    assert (event.milestone, event.amount) == (Milestone.SICKNESS_BENEFIT_DAYS, 150)


@pytest.mark.parametrize("days", [-1, "150", True, 1.5, 100_000, None])
def test_an_amount_is_a_whole_number_of_days(days: object) -> None:
    document = changed("milestone", "Task", output=outputs("sickness_benefit_days", days))
    assert refused(document) == [("bad-value", f"{TASK}.output[1].valueInteger")]


def test_a_milestone_that_counts_days_needs_them() -> None:
    document = changed("milestone", "Task", output=outputs("unemployment_benefit_days", GONE))
    assert refused(document) == [("missing-field", f"{TASK}.output")]


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (GONE, ("missing-field", f"{TASK}.output")),
        (outputs("plan_mad", GONE), ("unknown-code", f"{TASK}.output[0].valueCode")),
        (outputs(None, GONE), ("missing-field", f"{TASK}.output[0].valueCode")),
    ],
)
def test_a_milestone_names_a_known_step(output: object, problem: tuple[str, str]) -> None:
    assert refused(changed("milestone", "Task", output=output)) == [problem]


@pytest.mark.parametrize(
    ("owner", "problem"),
    [
        (GONE, ("missing-field", f"{TASK}.owner")),
        ({"type": "Practitioner"}, ("missing-field", f"{TASK}.owner.reference")),
        ({"reference": "#x"}, ("unresolved-reference", f"{TASK}.owner.reference")),
    ],
)
def test_a_named_worker_needs_somebody(owner: object, problem: tuple[str, str]) -> None:
    assert refused(changed("worker-named", "Task", owner=owner)) == [problem]


def test_a_worker_may_be_named_by_display_alone() -> None:
    document = changed("worker-named", "Task", owner={"display": "Sanna Ohjaaja"})
    assert accepted(document).details["worker_name"] == "Sanna Ohjaaja"


def test_a_patient_is_no_worker() -> None:
    document = sample("worker-named")
    task = resource(document, "Task")
    task["owner"] = task["for"]
    assert refused(document) == [("bad-value", f"{TASK}.owner.reference")]


def test_a_worker_may_be_named_through_a_role() -> None:
    document = sample("worker-named")
    practitioner = document["entry"][2]["fullUrl"]
    role = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": practitioner},
        "code": [{}, {"text": "omatyöntekijä"}],
    }
    document["entry"].append({"resource": role})
    resource(document, "Task")["owner"] = {"reference": "PractitionerRole/role"}
    details = accepted(document).details
    assert (details["worker_name"], details["worker_role"]) == ("Sanna Ohjaaja", "omatyöntekijä")
    role["practitioner"] = {"reference": "#nobody"}
    pointer = "Bundle.entry[4].resource.practitioner.reference"
    assert refused(document) == [("unresolved-reference", pointer)]


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ([{"family": "Ohjaaja", "given": ["Sanna"]}], "Sanna Ohjaaja"),
        ([{"given": ["Sanna"]}], "Sanna"),
        (GONE, None),
        ([{}], None),
    ],
)
def test_a_workers_name_is_text_or_its_parts(name: object, read_as: str | None) -> None:
    document = changed("worker-named", "Practitioner", name=name)
    if read_as is None:
        assert refused(document) == [("missing-field", "Bundle.entry[2].resource.name")]
    else:
        assert accepted(document).details["worker_name"] == read_as
