"""What the wellbeing services county's patient record system writes and reads: FHIR R4 Bundles.

A message Bundle: its header, then the Task or Consent, then what that refers to.
"""

from collections.abc import Mapping
from typing import Any, assert_never
from uuid import UUID, uuid5

import orjson

from connectors.local_time import iso
from streams.bootstrap.story.persons import Person
from streams.bootstrap.story.sayings import (
    Answer,
    Asked,
    ConfirmRecall,
    Consent,
    HandoffName,
    Heard,
    NameWorker,
    Reach,
    Refer,
    Saying,
    Spoken,
    WithdrawConsent,
)
from streams.domain.agreement import Agency
from streams.domain.codes import Category, Purpose
from streams.domain.ids import AgencyId, Instant

Json = dict[str, Any]

_IDS = UUID("b1f4ff0a-8f0b-5d0e-9a55-6f0a5f1f1a10")
_URI = "urn:ietf:rfc:3986"
_FULFIL = {"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}
_EVENTS: dict[type[Saying], str] = {
    Refer: "referral-request",
    Answer: "referral-response",
    NameWorker: "named-worker",
    ConfirmRecall: "recall",
    Consent: "consent",
    WithdrawConsent: "consent",
    Reach: "milestone",
}
_BY_THE_SOURCE = ("info-provided",)
_OWN_STATES = ("info-needed", "info-provided")
_HEARD = {
    "referral-request": "referral",
    "referral-update": "information",
    "named-worker": "information",
}
_TASKS = ("recall", "convene", "escalation", "refusal")


class SoteSystem:
    """The wellbeing services county's system."""

    format = "FHIR R4 message Bundle"

    def __init__(self, agencies: Mapping[AgencyId, Agency]) -> None:
        """Know the region's agencies by their OIDs."""
        self._agencies = agencies
        self._by_oid = {f"urn:oid:{agency.oid}": agency.agency_id for agency in agencies.values()}

    def write(self, me: Agency, spoken: list[Spoken]) -> bytes:
        """Write one Bundle a line."""
        return b"".join([orjson.dumps(self._bundle(me, each)) + b"\n" for each in spoken])

    def read(self, body: bytes) -> Heard:
        """Read the hub's Bundle."""
        entries: list[Json] = [entry["resource"] for entry in orjson.loads(body)["entry"]]
        header = entries[0]
        task = next(each for each in entries if each["resourceType"] == "Task")
        kind = _HEARD.get(header["eventCoding"]["code"], "status")
        coded = task["code"]["coding"][0]["code"]
        if coded in _TASKS:
            kind = coded
        elif _business_status(task) == "info-needed":
            kind = "information-request"
        return Heard(kind, _handoff_of(task), _hetu_of(entries), self._asked(task))

    def _asked(self, task: Json) -> Asked | None:
        found = [
            {part["url"]: part for part in extension["extension"]}
            for extension in task.get("extension", [])
            if extension["url"] == "urn:saattaen:missing-basis"
        ]
        if not found:
            return None
        recipient = found[0]["recipient"]["valueReference"]["identifier"]["value"]
        return Asked(
            self._by_oid[recipient],
            Purpose(found[0]["purpose"]["valueCode"]),
            tuple([Category(each["category"]["valueCode"]) for each in found]),
        )

    def _bundle(self, me: Agency, spoken: Spoken) -> Json:
        saying = spoken.saying
        about = _Message(spoken.message_id, spoken.at)
        focal = "consent" if isinstance(saying, Consent | WithdrawConsent) else "task"
        header: Json = {
            "resourceType": "MessageHeader",
            "id": about.own_id("header"),
            "eventCoding": {"system": "urn:saattaen:event", "code": _EVENTS[type(saying)]},
            "source": {"endpoint": f"urn:oid:{me.oid}", "name": "Potilastietojärjestelmä"},
            "sender": self._agency(me.agency_id),
            "focus": [{"reference": about.address(focal)}],
        }
        resources = {
            "header": header,
            **self._content(me.agency_id, saying, about),
            "patient": _patient(spoken.person, about),
        }
        return {
            "resourceType": "Bundle",
            "id": about.own_id("bundle"),
            "type": "message",
            "timestamp": iso(spoken.at),
            "entry": [
                {"fullUrl": about.address(place), "resource": resource}
                for place, resource in resources.items()
            ],
        }

    def _content(self, me: AgencyId, saying: Saying, about: "_Message") -> dict[str, Json]:
        match saying:
            case Refer():
                content = self._referral(me, saying, about)
            case Answer():
                content = {"task": self._answer(me, saying, about)}
            case NameWorker():
                content = self._worker(me, saying, about)
            case ConfirmRecall(handoff=handoff):
                task = about.task("completed", _own("recall"), handoff)
                content = {"task": task | {"owner": self._agency(me)}}
            case Consent():
                content = {"consent": self._consent(saying, about)}
            case WithdrawConsent(statement_id=statement_id):
                ended = about.consent(statement_id, "inactive")
                content = {"consent": ended | {"provision": {"type": "permit"}}}
            case Reach():
                content = {"task": self._step(me, saying, about)}
            case _:
                assert_never(saying)
        return content

    def _step(self, me: AgencyId, reach: Reach, about: "_Message") -> Json:
        task = about.task("completed", _own("milestone"), None)
        output = [_output("milestone") | {"valueCode": reach.milestone.value}]
        if reach.amount is not None:
            output.append(_output("milestone-amount") | {"valueInteger": reach.amount})
        return task | {"requester": self._agency(me), "output": output}

    def _referral(self, me: AgencyId, referral: Refer, about: "_Message") -> dict[str, Json]:
        task = about.task("requested", _FULFIL, None)
        task |= {"requester": self._agency(me), "focus": {"reference": about.address("request")}}
        if referral.to is not None:
            task["owner"] = self._agency(referral.to)
        task["input"] = [
            {
                "type": {"coding": [{"system": "urn:saattaen:data-category"}]},
                "valueCode": category.value,
            }
            for category in referral.categories
        ]
        service = {"system": "urn:saattaen:service", "code": referral.service.value}
        request: Json = {
            "resourceType": "ServiceRequest",
            "id": about.own_id("request"),
            "status": "active",
            "intent": "order",
            "code": {"coding": [service]},
            "subject": {"reference": about.address("patient")},
            "reasonCode": [{"text": referral.reason}],
        }
        return {"task": task, "request": request}

    def _answer(self, me: AgencyId, answer: Answer, about: "_Message") -> Json:
        own = answer.status in _OWN_STATES
        task = about.task("received" if own else answer.status, _FULFIL, answer.handoff)
        task["requester" if answer.status in _BY_THE_SOURCE else "owner"] = self._agency(me)
        if own:
            coding = {"system": "urn:saattaen:business-status", "code": answer.status}
            task["businessStatus"] = {"coding": [coding]}
        if answer.reason is not None:
            coding = {"system": "urn:saattaen:reject-reason", "code": answer.reason.value}
            task["statusReason"] = {"coding": [coding]}
        if answer.words and answer.status == "completed":
            task["output"] = [{"type": {"text": "outcome"}, "valueString": answer.words}]
        elif answer.words:
            task["note"] = [{"text": answer.words}]
        return task

    def _worker(self, me: AgencyId, worker: NameWorker, about: "_Message") -> dict[str, Json]:
        task = about.task("accepted", _own("named-worker"), worker.handoff)
        task |= {
            "requester": self._agency(me),
            "owner": {"reference": about.address("practitioner")},
        }
        practitioner: Json = {
            "resourceType": "Practitioner",
            "id": about.own_id("practitioner"),
            "name": [{"text": worker.name}],
            "qualification": [{"code": {"text": worker.role}}],
            "extension": [{"url": "urn:saattaen:unit", "valueString": worker.unit}],
        }
        return {"task": task, "practitioner": practitioner}

    def _consent(self, consent: Consent, about: "_Message") -> Json:
        provision: Json = {
            "type": "permit",
            "period": {"start": consent.begins.isoformat()},
            "actor": [{"reference": self._agency(to)} for to in consent.recipients],
            "purpose": [{"system": "urn:saattaen:purpose", "code": consent.purpose.value}],
            "class": [
                {"system": "urn:saattaen:data-category", "code": category.value}
                for category in consent.categories
            ],
        }
        if consent.ends is not None:
            provision["period"]["end"] = consent.ends.isoformat()
        given = about.consent(consent.statement_id, "active")
        return given | {"organization": [self._agency(consent.source)], "provision": provision}

    def _agency(self, agency: AgencyId) -> Json:
        known = self._agencies[agency]
        identifier = {"system": _URI, "value": f"urn:oid:{known.oid}"}
        return {"identifier": identifier, "display": known.name_fi}


class _Message:
    """The ids of one message's resources: each follows from the message's id and its place."""

    def __init__(self, message_id: str, at: Instant) -> None:
        self._message_id = message_id
        self._at = iso(at)

    def own_id(self, place: str) -> str:
        return str(uuid5(_IDS, f"{self._message_id}/{place}"))

    def address(self, place: str) -> str:
        return f"urn:uuid:{self.own_id(place)}"

    def task(self, status: str, code: Json, handoff: HandoffName | None) -> Json:
        task: Json = {
            "resourceType": "Task",
            "id": self.own_id("task"),
            "meta": {"versionId": "1"},
            "identifier": [{"value": self._message_id}],
            "status": status,
            "intent": "order",
            "code": {"coding": [code]},
            "for": {"reference": self.address("patient")},
            "authoredOn": self._at,
            "lastModified": self._at,
        }
        if handoff is not None and handoff.handoff_id is not None:
            named = {"system": "urn:saattaen:handoff", "value": handoff.handoff_id}
            task["identifier"].append(named)
        elif handoff is not None:
            task["basedOn"] = [{"type": "Task", "identifier": {"value": handoff.referral_id}}]
        return task

    def consent(self, statement_id: str, status: str) -> Json:
        return {
            "resourceType": "Consent",
            "id": self.own_id("consent"),
            "identifier": [{"value": statement_id}],
            "status": status,
            "patient": {"reference": self.address("patient")},
            "dateTime": self._at,
        }


def _own(code: str) -> Json:
    return {"system": "urn:saattaen:task", "code": code}


def _output(kind: str) -> Json:
    return {"type": {"coding": [{"system": f"urn:saattaen:{kind}"}]}}


def _patient(person: Person, about: _Message) -> Json:
    municipality = {"system": "urn:oid:1.2.246.537.6.21", "code": person.municipality}
    patient: Json = {
        "resourceType": "Patient",
        "id": about.own_id("patient"),
        "identifier": [{"system": "urn:oid:1.2.246.21", "value": person.hetu}],
        "name": [{"family": person.family_name, "given": person.given_names.split()}],
        "telecom": [{"system": "phone", "value": person.phone}],
        "extension": [
            {
                "url": "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code",
                "valueCoding": municipality,
            }
        ],
    }
    if person.protected:
        patient["meta"] = {"security": [{"code": "TURVAKIELTO"}]}
    return patient


def _business_status(task: Json) -> str:
    coding = task.get("businessStatus", {}).get("coding", [{}])
    return str(coding[0].get("code", ""))


def _handoff_of(task: Json) -> HandoffName:
    named = {each.get("system"): each["value"] for each in task["identifier"]}
    based_on = task.get("basedOn", [])
    own = based_on[0]["identifier"]["value"] if based_on else None
    return HandoffName(named.get("urn:saattaen:handoff"), own)


def _hetu_of(entries: list[Json]) -> str | None:
    for resource in entries:
        if resource["resourceType"] == "Patient":
            for identifier in resource.get("identifier", []):
                return str(identifier["value"])
    return None
