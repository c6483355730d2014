"""The JSON shapes of what the views hold: handoffs, clocks, deliveries, disclosures, a trace."""

from collections.abc import Iterable

from streams.cli.shapes import Json, event, fact, iso, record, seconds
from streams.domain.entry import Notice
from streams.promises.engine import Stored
from streams.views.answers import ClockSeen, DeliverySeen, HandoffSeen, RungSeen
from streams.views.grounds import DisclosureTold
from streams.views.statements import StatementSeen

_NOT_SHOWN = ("recorded_at", "issued_in")


def handoff(seen: HandoffSeen) -> Json:
    """Show a handoff with its clocks."""
    return {
        "handoff_id": seen.handoff_id,
        "case_id": seen.case_id,
        "person": seen.person,
        "source": seen.source,
        "recipient": seen.recipient,
        "service": seen.service,
        "status": seen.status,
        "status_reason": seen.status_reason,
        "responsible": seen.responsible,
        "priority": seen.priority,
        "occurred_at": iso(seen.occurred_at),
        "recorded_at": iso(seen.recorded_at),
        "updated_at": iso(seen.updated_at),
        "next_due_at": iso(seen.next_due_at),
        "clocks": [clock(each) for each in seen.clocks],
        "missing_basis": seen.missing_basis,
    }


def clock(seen: ClockSeen) -> Json:
    """Show a clock with its rungs and all that moved it."""
    return {
        "clock_id": seen.clock_id,
        "rule": seen.rule,
        "handoff_id": seen.handoff_id,
        "state": seen.state,
        "started_at": iso(seen.started_at),
        "due_at": iso(seen.due_at),
        "ended_at": iso(seen.ended_at),
        "late_by_s": seconds(seen.late_by_us),
        "law_ref": seen.law_ref,
        "verified": seen.verified,
        "rungs": [_rung(rung) for rung in seen.rungs],
        "scope": seen.scope,
        "person": seen.person,
        "owner": seen.owner,
        "remark": seen.remark,
        "ended_by": seen.ended_by,
        "reported_late": seen.reported_late,
        "suspensions": [record(each) for each in seen.suspensions],
        "reprojections": [record(each) for each in seen.reprojections],
        "counted_days": seen.counted_days,
        "counted_at": iso(seen.counted_at),
    }


def _rung(seen: RungSeen) -> Json:
    # How an escalation stands depends on the time: `saattaen escalations` says it.
    return {name: value for name, value in record(seen).items() if name != "handling"}


def delivery(seen: DeliverySeen) -> Json:
    """Show a notice and its fate, without its body."""
    return {name: value for name, value in seen._asdict().items() if name not in _NOT_SHOWN}


def statement(seen: StatementSeen) -> Json:
    """Show one version of a statement, as of the instant it was asked for."""
    return {
        "statement_id": seen.statement_id,
        "kind": seen.kind,
        "state": seen.state,
        "given_by": seen.given_by,
        "recorded_by": seen.recorder,
        "from": list(seen.sources),
        "to": list(seen.recipients),
        "purposes": list(seen.purposes),
        "categories": list(seen.categories),
        "to_branch": seen.to_branch,
        "documents": seen.documents,
        "service_tasks": list(seen.service_tasks),
        "valid_from": iso(seen.valid_from),
        "valid_to": iso(seen.valid_to),
        "occurred_at": iso(seen.occurred_at),
        "recorded_at": iso(seen.recorded_at),
        "ended_at": iso(seen.ended_at),
        "ended_by": seen.ended_by,
        "evidence_digest": seen.evidence_digest,
        "event_id": seen.event_id,
        "entry_id": seen.entry_id,
    }


def disclosure(told: DisclosureTold) -> Json:
    """Show what was let go, held back or fetched back, on which basis, and whether it left."""
    seen = told.seen
    return {
        "what": seen.what,
        "notice_id": seen.notice_id,
        "kind": seen.kind,
        "handoff_id": seen.handoff_id,
        "case_id": seen.case_id,
        "person": seen.person,
        "source": seen.source,
        "to": seen.to,
        "service": seen.service,
        "purpose": told.purpose,
        "recorded_at": iso(seen.recorded_at),
        "entry_id": seen.entry_id,
        "agreement_digest": seen.agreement_digest,
        "categories": seen.categories,
        "basis": [record(ground) for ground in told.grounds],
        "carried": seen.carried,
        "withheld": seen.withheld,
        "status": seen.status,
        "left_at": iso(seen.left_at),
        "left_by": seen.left_by,
        "arrived_at": iso(seen.arrived_at),
        "arrived_by": seen.arrived_by,
        "recalls": [record(recall) for recall in seen.recalls],
        "confirmed_at": iso(seen.confirmed_at),
    }


def trace(
    person: str, case_id: str | None, entries: Iterable[Stored], fates: dict[str, str]
) -> Json:
    """Show a story: its entries in order; `fates` gives the status of every notice by its id."""
    return {
        "person": person,
        "case_id": case_id,
        "entries": [_entry(stored, fates) for stored in entries],
    }


def _entry(stored: Stored, fates: dict[str, str]) -> Json:
    entry = stored.entry
    return {
        "entry_id": entry.entry_id,
        "sequence": entry.sequence,
        "event": event(entry.event),
        "facts": [fact(stated) for stated in entry.facts],
        "deliveries": [_notice(notice, fates) for notice in entry.deliveries],
    }


def _notice(notice: Notice, fates: dict[str, str]) -> Json:
    return {
        "notice_id": notice.notice_id,
        "to": notice.to,
        "kind": notice.kind.value,
        "categories": [category.value for category in notice.categories],
        "withheld": [record(held) for held in notice.withheld],
        "status": fates[notice.notice_id],
    }
