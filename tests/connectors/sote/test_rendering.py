"""Every notice is a valid FHIR message, says no more than it may, and never changes."""

from collections.abc import Iterator

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle

from connectors.local_time import read_instant
from streams.domain.answers import (
    HandoffAccepted,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    ServiceCompleted,
    WorkerNamed,
)
from streams.domain.codes import (
    NoticeKind,
    Priority,
    RejectReason,
    Service,
    Status,
)
from streams.domain.entry import Act, Notice
from streams.domain.ids import AgencyId, NoticeId
from streams.domain.referral import ReferralSubmitted
from streams.promises.connector import Details, OpenNotice, Reading
from tests.connectors.region import IMATRA, LAPPEENRANTA, NOW, REGION, SOTE
from tests.connectors.sote.documents import CONNECTOR, Json, resource
from tests.connectors.sote.notices import (
    ANSWER,
    DISCLOSED,
    DUE,
    EVERY_KIND,
    EVERYTHING,
    HAPPENED,
    HETU,
    IDENTITY,
    MISSING,
    PERSON,
    PROTECTED,
    REFERRAL,
)


def rendered(notice: Notice, details: Details) -> Json:
    """Render a notice, and hold it against the library's own model of FHIR R4B."""
    raw = CONNECTOR.render(OpenNotice(notice, details, NOW), REGION)
    Bundle.model_validate_json(raw)
    bundle: Json = orjson.loads(raw)
    return bundle


def read_back(notice: Notice, details: Details, agency: AgencyId) -> Reading:
    """Read a rendered notice as if that agency had sent it."""
    [message] = CONNECTOR.split(orjson.dumps(rendered(notice, details)))
    got = CONNECTOR.read(message, agency, REGION, NOW)
    assert isinstance(got, Reading), got
    return got


def kinds(bundle: Json) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


def coded(task: Json, field: str) -> tuple[str, str]:
    coding = task[field]["coding"][0]
    return coding["system"], coding["code"]


def extensions(task: Json, name: str) -> list[Json]:
    return [found for found in task.get("extension", []) if found["url"].endswith(f":{name}")]


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("details", [{}, PERSON, EVERYTHING], ids=["bare", "person", "everything"])
@pytest.mark.parametrize("to", [SOTE, LAPPEENRANTA, IMATRA])
def test_every_notice_is_a_valid_fhir_message(
    kind: NoticeKind, details: Details, to: AgencyId
) -> None:
    bundle = rendered(EVERY_KIND[kind]._replace(to=to), details)
    assert kinds(bundle)[:2] == ["MessageHeader", "Task"]
    header = resource(bundle, "MessageHeader")
    assert header["focus"] == [{"reference": bundle["entry"][1]["fullUrl"]}]
    assert "salainen" not in orjson.dumps(bundle).decode()


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_notice_with_nothing_but_its_receiver_is_valid_too(kind: NoticeKind) -> None:
    bare = EVERY_KIND[kind]._replace(
        handoff_id=None,
        case_id=None,
        referral_id=None,
        source=None,
        recipient=None,
        service=None,
        priority=None,
        detail="",
        due_at=None,
        categories=(),
        withheld=(),
        missing=(),
        declines=(),
    )
    assert kinds(rendered(bare, {}))[:2] == ["MessageHeader", "Task"]
    rendered(bare, EVERYTHING)


def test_the_same_notice_is_the_same_bytes() -> None:
    opened = OpenNotice(REFERRAL, EVERYTHING, NOW)
    assert CONNECTOR.render(opened, REGION) == CONNECTOR.render(opened, REGION)


def test_two_notices_share_no_id() -> None:
    def own_ids(notice: Notice) -> Iterator[str]:
        bundle = rendered(notice, PERSON)
        yield bundle["id"]
        yield from (entry["resource"]["id"] for entry in bundle["entry"])

    other = REFERRAL._replace(notice_id=NoticeId("n-1123456789ABCDEFGHJKMNPQRS"))
    found = [*own_ids(REFERRAL), *own_ids(other)]
    assert len(set(found)) == len(found)


def test_every_reference_of_a_notice_is_in_it() -> None:
    bundle = rendered(EVERY_KIND[NoticeKind.REFERRAL], EVERYTHING)
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    references = set(orjson.dumps(bundle).decode().split('"reference":"')[1:])
    assert references
    assert {reference.split('"')[0] for reference in references} <= urls


# The referral


def test_a_referral_reads_back_as_the_referral_it_was() -> None:
    details: Details = {**PERSON, "reason": "Työkyky alentunut.", "remark": "Soittakaa."}
    got = read_back(REFERRAL, details, LAPPEENRANTA)
    event = got.event
    assert isinstance(event, ReferralSubmitted)
    assert event.recipient == SOTE
    assert event.service is Service.WORK_ABILITY_ASSESSMENT
    assert event.priority is Priority.URGENT
    assert event.categories == DISCLOSED
    assert event.envelope.occurred_at == HAPPENED
    assert got.details == details


def test_a_referral_carries_only_what_it_was_given() -> None:
    bundle = rendered(REFERRAL, {"hetu": HETU})
    patient = resource(bundle, "Patient")
    assert sorted(patient) == ["id", "identifier", "resourceType"]
    assert "reasonCode" not in resource(bundle, "ServiceRequest")


def test_a_referral_of_a_protected_person_reads_back_as_protected() -> None:
    got = read_back(PROTECTED, IDENTITY, LAPPEENRANTA)
    assert isinstance(got.event, ReferralSubmitted)
    assert got.event.envelope.protected
    assert got.event.envelope.municipality == ""
    assert got.details == IDENTITY
    assert not read_back(REFERRAL, PERSON, LAPPEENRANTA).event.envelope.protected


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_the_non_disclosure_order_is_told_wherever_the_person_is_named(kind: NoticeKind) -> None:
    protected = rendered(EVERY_KIND[kind]._replace(protected=True), IDENTITY)
    [label] = resource(protected, "Patient")["meta"]["security"]
    assert label == {
        "system": "https://hl7.fi/fhir/finnish-base-profiles/CodeSystem/fi-base-security-label-cs",
        "code": "TURVAKIELTO",
    }
    assert "meta" not in resource(rendered(EVERY_KIND[kind], IDENTITY), "Patient")


def test_a_referral_names_handoff_notice_and_case() -> None:
    task = resource(rendered(REFERRAL, PERSON), "Task")
    assert task["identifier"] == [
        {"system": "urn:saattaen:notice", "value": REFERRAL.notice_id},
        {"system": "urn:saattaen:handoff", "value": REFERRAL.handoff_id},
    ]
    assert task["groupIdentifier"] == {"system": "urn:saattaen:case", "value": REFERRAL.case_id}
    assert (task["status"], task["intent"]) == ("requested", "order")
    assert "basedOn" not in task


def test_what_has_no_field_of_its_own_is_a_named_detail() -> None:
    task = resource(rendered(REFERRAL, {"benefit_code": "TMTUKI"}), "Task")
    coding = {"system": "urn:saattaen:detail", "code": "benefit_code"}
    assert {"type": {"coding": [coding]}, "valueString": "TMTUKI"} in task["input"]


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_recipient_hears_nothing_of_what_was_withheld(kind: NoticeKind) -> None:
    told = REFERRAL._replace(kind=kind, missing=(MISSING,))
    task = resource(rendered(told, PERSON), "Task")
    assert extensions(task, "withheld") == extensions(task, "missing-basis") == []
    assert b'"plan"' not in CONNECTOR.render(OpenNotice(told, PERSON, NOW), REGION)


def test_the_source_hears_what_was_withheld_and_how_to_mend_it() -> None:
    waiting = REFERRAL._replace(
        to=LAPPEENRANTA, kind=NoticeKind.STATUS, detail="awaiting-basis", missing=(MISSING,)
    )
    task = resource(rendered(waiting, {}), "Task")
    [withheld] = extensions(task, "withheld")
    assert withheld["extension"] == [
        {"url": "category", "valueCode": "plan"},
        {"url": "reason", "valueCode": "no-basis"},
    ]
    [missing] = extensions(task, "missing-basis")
    told = {part["url"]: part for part in missing["extension"]}
    assert told["act"]["valueCode"] == "give"
    assert "rule" not in told
    assert told["category"]["valueCode"] == "plan"
    assert told["ask-for"]["valueCode"] == "consent"
    assert told["purpose"]["valueCode"] == "work_ability"
    recipient = told["recipient"]["valueReference"]["identifier"]["value"]
    assert recipient == "urn:oid:1.2.246.10.91000013"


@pytest.mark.parametrize(("act", "rule"), [(Act.LIFT, "K-1"), (Act.BEGIN, "Laki 381/2023")])
def test_the_source_hears_what_to_lift_and_under_which_law_to_begin(act: Act, rule: str) -> None:
    missing = MISSING._replace(act=act, rule=rule)
    waiting = REFERRAL._replace(to=LAPPEENRANTA, kind=NoticeKind.STATUS, withheld=())
    task = resource(rendered(waiting._replace(missing=(missing,)), {}), "Task")
    [told] = extensions(task, "missing-basis")
    parts = {part["url"]: part for part in told["extension"]}
    assert (parts["act"]["valueCode"], parts["rule"]["valueString"]) == (act.value, rule)


# Answers


def test_an_acceptance_reads_back() -> None:
    got = read_back(ANSWER, PERSON, SOTE)
    assert isinstance(got.event, HandoffAccepted)
    assert got.event.handoff_id == REFERRAL.handoff_id
    by_referral = read_back(ANSWER._replace(handoff_id=None), PERSON, SOTE).event
    assert isinstance(by_referral, HandoffAccepted)
    assert by_referral.referral_id == "L-1"


def test_a_rejection_reads_back_with_reason_and_words() -> None:
    notice = ANSWER._replace(detail="rejected", reason="no-capacity")
    got = read_back(notice, {**PERSON, "remark": "Jono on pitkä."}, SOTE)
    assert isinstance(got.event, HandoffRejected)
    assert got.event.reason is RejectReason.NO_CAPACITY
    assert got.details["remark"] == "Jono on pitkä."


def test_an_outcome_reads_back() -> None:
    notice = ANSWER._replace(detail="completed")
    got = read_back(notice, {**PERSON, "outcome": "Työkokeilu alkaa."}, SOTE)
    assert isinstance(got.event, ServiceCompleted)
    assert got.details["outcome"] == "Työkokeilu alkaa."


@pytest.mark.parametrize(
    ("kind", "speaker", "event"),
    [
        (NoticeKind.INFORMATION_REQUEST, SOTE, InformationRequested),
        (NoticeKind.INFORMATION, LAPPEENRANTA, InformationProvided),
    ],
)
def test_a_question_and_its_answer_read_back(
    kind: NoticeKind, speaker: AgencyId, event: type[object]
) -> None:
    notice = ANSWER._replace(kind=kind, detail="info-needed")
    got = read_back(notice, {**PERSON, "remark": "B-lausunto?"}, speaker)
    assert type(got.event) is event
    assert got.details["remark"] == "B-lausunto?"


def test_a_named_worker_reads_back() -> None:
    worker: Details = {
        **PERSON,
        "worker_name": "Sanna Ohjaaja",
        "worker_role": "omatyöntekijä",
        "worker_unit": "Keskusta",
    }
    notice = ANSWER._replace(kind=NoticeKind.INFORMATION, detail="worker-named")
    got = read_back(notice, worker, SOTE)
    assert isinstance(got.event, WorkerNamed)
    assert got.details == worker


def test_categories_that_came_later_bring_the_referral_with_them() -> None:
    notice = REFERRAL._replace(kind=NoticeKind.INFORMATION, detail="basis-found", withheld=())
    bundle = rendered(notice, {"reason": "Selkäkipu."})
    assert resource(bundle, "ServiceRequest")["reasonCode"] == [{"text": "Selkäkipu."}]
    assert kinds(bundle) == ["MessageHeader", "Task", "ServiceRequest", "Patient"]


@pytest.mark.parametrize(
    ("detail", "status", "business"),
    [
        (Status.AWAITING_BASIS, "requested", "awaiting-basis"),
        (Status.UNDELIVERABLE, "requested", "undeliverable"),
        (Status.INFO_NEEDED, "received", "info-needed"),
        ("something-new", "requested", "something-new"),
    ],
)
def test_a_status_that_fhir_lacks_is_a_business_status(
    detail: str, status: str, business: str
) -> None:
    task = resource(rendered(ANSWER._replace(detail=detail), {}), "Task")
    assert task["status"] == status
    assert coded(task, "businessStatus") == ("urn:saattaen:business-status", business)


@pytest.mark.parametrize("status", [s for s in Status if s.value in {"on-hold", "cancelled"}])
def test_a_status_of_fhirs_is_itself(status: Status) -> None:
    notice = ANSWER._replace(detail=status, reason="basis-withdrawn")
    task = resource(rendered(notice, {"remark": "x"}), "Task")
    assert task["status"] == status
    assert "businessStatus" not in task
    assert coded(task, "statusReason") == ("urn:saattaen:reason", "basis-withdrawn")
    assert task["statusReason"]["text"] == "x"


# What the hub itself asks for


def test_a_recall_asks_its_recipient_to_stop_using_the_categories() -> None:
    notice = REFERRAL._replace(kind=NoticeKind.RECALL, detail="basis-withdrawn", due_at=DUE)
    task = resource(rendered(notice, PERSON), "Task")
    assert coded(task, "code") == ("urn:saattaen:task", "recall")
    assert task["status"] == "requested"
    categories = [item["valueCode"] for item in task["input"] if "valueCode" in item]
    assert categories == [Service.WORK_ABILITY_ASSESSMENT, *DISCLOSED]
    assert read_instant(task["restriction"]["period"]["end"]) == DUE


def test_an_escalation_tells_rung_rule_and_due_time() -> None:
    notice = EVERY_KIND[NoticeKind.ESCALATION]._replace(
        to=IMATRA, detail="breach", reason="acceptance", declines=()
    )
    task = resource(rendered(notice, {}), "Task")
    assert coded(task, "code") == ("urn:saattaen:task", "escalation")
    rungs = [i for i in task["input"] if i["type"]["coding"][0]["system"] == "urn:saattaen:rung"]
    assert [rung["valueCode"] for rung in rungs] == ["breach"]
    assert coded(task, "statusReason") == ("urn:saattaen:reason", "acceptance")
    assert task["owner"]["display"] == "Imatran työllisyysalue"
    [party] = extensions(task, "party")
    assert party["valueReference"]["display"] == "Etelä-Karjalan hyvinvointialue"


def test_a_convening_brings_every_decline() -> None:
    task = resource(rendered(EVERY_KIND[NoticeKind.CONVENE]._replace(detail="stall"), {}), "Task")
    assert coded(task, "code") == ("urn:saattaen:task", "convene")
    declines = extensions(task, "decline")
    reasons = [
        part["valueCode"] for d in declines for part in d["extension"] if "valueCode" in part
    ]
    assert reasons == ["no-capacity", "not-eligible"]


def test_a_refusal_is_an_operation_outcome_that_names_the_refused_message() -> None:
    notice = ANSWER._replace(kind=NoticeKind.REFUSAL, detail="terminal", reason="L-2026-00007")
    bundle = rendered(notice, {})
    [issue] = resource(bundle, "OperationOutcome")["issue"]
    assert issue["code"] == "business-rule"
    assert issue["details"]["coding"] == [{"system": "urn:saattaen:rule", "code": "terminal"}]
    assert issue["expression"] == ["Task.status"]
    header = resource(bundle, "MessageHeader")
    assert header["response"]["identifier"] == "L-2026-00007"
    assert header["response"]["details"] == {"reference": bundle["entry"][2]["fullUrl"]}
    task = resource(bundle, "Task")
    assert "statusReason" not in task
    assert task["input"][-1]["valueString"] == "L-2026-00007"
    assert task["focus"] == {"reference": bundle["entry"][2]["fullUrl"]}


def test_a_refused_statement_is_pointed_at_as_a_consent() -> None:
    notice = ANSWER._replace(kind=NoticeKind.REFUSAL, detail="no-such-statement", reason="L-1")
    [issue] = resource(rendered(notice, {}), "OperationOutcome")["issue"]
    assert issue["expression"] == ["Consent.identifier"]


def test_a_message_id_that_fhir_could_not_bear_is_no_response_id() -> None:
    notice = ANSWER._replace(kind=NoticeKind.REFUSAL, detail="terminal", reason="S-1/active")
    bundle = rendered(notice, {})
    assert "response" not in resource(bundle, "MessageHeader")
    assert resource(bundle, "Task")["input"][-1]["valueString"] == "S-1/active"


def test_an_agency_that_has_left_the_agreement_is_still_named() -> None:
    gone = AgencyId("kela.old")
    bundle = rendered(REFERRAL._replace(to=gone, source=gone), {})
    header = resource(bundle, "MessageHeader")
    assert header["destination"][0]["endpoint"] == "urn:saattaen:agency:kela.old"
    assert resource(bundle, "Task")["requester"]["identifier"]["value"] == gone
