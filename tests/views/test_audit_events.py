"""A disclosure's pair of AuditEvents says on what it went, whether it arrived, and who they are."""

from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from streams.domain.agreement import Agreement
from streams.domain.codes import Basis, Category
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import HandoffId, Instant, NoticeId
from streams.views.audit_events import as_bundle
from streams.views.grounds import Ground, tell
from tests.domain.region import (
    DEFAULTS,
    EMPLOYMENT,
    PERSON,
    REGION,
    SOTE,
    at,
    statute,
    with_basis,
)
from tests.domain.speaker import Speaker
from tests.views.watched_hub import WatchedHub, watched

IDENTITY, CONTACT, NEEDS = DEFAULTS
LAW = "Act 1/2026 1 §"


def named(region: Agreement) -> Agreement:
    """Give the source an OID and a name."""
    known = region.agencies[EMPLOYMENT]._replace(oid="1.2.246.10.1", name_fi="Työllisyysalue")
    return region._replace(agencies={**region.agencies, EMPLOYMENT: known})


def exported(hub: WatchedHub, region: Agreement | None = REGION) -> list[dict[str, Any]]:
    hub.desk.catch_up(hub.engine)
    told = [tell(seen, lambda _digest, _at: region) for seen in hub.desk.disclosures(PERSON)]
    events = [each["resource"] for each in as_bundle(told, {"identity": "perustiedot"})["entry"]]
    for event in events:
        AuditEvent.model_validate(event)
    return events


def reported(
    hub: WatchedHub,
    speaker: Speaker,
    *kinds: type[DeliveryStarted | NoticeDelivered | NoticeUndeliverable],
) -> None:
    (notice,) = hub.deliveries("referral")
    about = NoticeId(notice.notice_id), HandoffId(str(notice.handoff_id))
    for day, kind in enumerate(kinds, start=1):
        hub.hear(speaker.dispatch(kind, at(day), *about, SOTE))


def details(entity: dict[str, Any]) -> dict[str, str]:
    return {each["type"].split(":")[-1]: each["valueString"] for each in entity["detail"]}


def test_what_has_not_left_has_no_pair(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))

    assert exported(hub) == []


@pytest.mark.parametrize(
    ("reports", "outcome", "said", "recorded"),
    [
        ((DeliveryStarted,), None, "left", at(1)),
        ((DeliveryStarted, NoticeUndeliverable), "8", "left", at(1)),
        ((DeliveryStarted, NoticeDelivered), "0", "arrived", at(2)),
    ],
)
def test_the_recipients_side_says_whether_it_arrived(
    hub: WatchedHub,
    reports: tuple[type[DeliveryStarted | NoticeDelivered | NoticeUndeliverable], ...],
    outcome: str | None,
    said: str,
    recorded: Instant,
) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    reported(hub, speaker, *reports)

    at_source, at_recipient = exported(hub)

    assert (at_source["outcome"], at_recipient.get("outcome")) == ("0", outcome)
    assert at_recipient["outcomeDesc"] == said
    days = {at(1): "2026-03-03T10:00:00+00:00", at(2): "2026-03-04T10:00:00+00:00"}
    assert at_source["period"]["start"] == at_source["recorded"] == days[at(1)]
    assert at_recipient["recorded"] == days[recorded]
    assert ("end" in at_recipient["period"]) is (said == "arrived")


def test_a_law_is_named_with_whether_it_was_checked_and_what_it_overrode() -> None:
    speaker = Speaker()
    rules = with_basis(
        statute((IDENTITY,), overrides=True)._replace(verified=True), statute((NEEDS,))
    )
    with watched(rules) as hub:
        hub.hear(speaker.prohibits(at(0), categories=(IDENTITY,)), speaker.refers(at(0, 1)))
        reported(hub, speaker, DeliveryStarted)
        entities = exported(hub, rules)[0]["entity"]

    identity, needs = entities[2:]
    assert details(identity) == {
        "carried": "true",
        "legal-basis": "statute",
        "law": LAW,
        "law-verified": "true",
        "overridden-prohibition": "K-1",
    }
    assert details(needs)["law-verified"] == "false"
    assert details(entities[1])["withheld"] == "contact no-basis"


def test_a_vital_interest_is_a_ground_without_statement_or_law(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.refers(at(0), basis=Basis.VITAL, categories=(Category.PLAN,)))
    reported(hub, speaker, DeliveryStarted)

    plan = exported(hub)[0]["entity"][2]

    # Nothing of it stood in the message.
    assert details(plan) == {"carried": "false", "legal-basis": "vital"}
    assert plan["description"] == "plan"


def test_agencies_are_named_by_their_oid_or_by_the_hubs_own_id(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    reported(hub, speaker, DeliveryStarted)

    source, recipient = exported(hub, named(REGION))[0]["agent"]

    assert source["who"] == {
        "type": "Organization",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.1"},
        "display": "Työllisyysalue",
    }
    assert recipient["who"] == {"identifier": {"system": "urn:saattaen:agency", "value": SOTE}}


def test_where_its_agreement_is_gone_a_disclosure_is_told_without_it(hub: WatchedHub) -> None:
    speaker = Speaker()
    hub.hear(speaker.consents(at(0)), speaker.refers(at(0, 1)))
    reported(hub, speaker, DeliveryStarted)

    event = exported(hub, None)[0]
    (seen,) = hub.desk.disclosures(PERSON)
    told = tell(seen, lambda _digest, _at: None)

    assert "purposeOfEvent" not in event
    assert event["agent"][0]["who"]["identifier"]["value"] == EMPLOYMENT
    assert (told.purpose, told.source) == (None, None)
    assert told.grounds[0] == Ground("identity", "consent", "S-1", None, None, None)
