"""A desk's message as JSON, for a duty system behind a webhook; the shape is stable.

    {"type": "escalations", "message_id": "m-...", "agency": "kela", "role": "coordinator",
     "cause": {"ground": "rule" | "unreachable" | "heard-again",
               "owner": "kela" | null, "rule": "acceptance" | null},
     "count": 1,
     "escalations": [
       {"notice_id": "n-...", "clock_id": "c-..." | null, "rule": "acceptance", "rung": "breach",
        "handoff_id": "h-..." | null, "owner": "kela" | null,
        "due_at": "2026-03-02T14:00:00+02:00" | null, "told_at": "2026-03-02T14:00:01+02:00",
        "late_s": 1 | null, "law_ref": "..." | null,
        "acknowledge": "saattaen escalations acknowledge c-... breach --by coordinator" | null}]}

`rule` of the cause is null where there are several, `late_s` is less than 0 before the due time.
At most 50 are listed; `count` is how many there are. Nothing but ids and codes stands in it. The
same message always has the same id and bytes, save that a repeat after a crash may list only those
that the hub does not know to be told.
"""

import orjson

from streams.dispatch.desk_message import DeskMessage, Rendered, Told, acknowledging
from streams.domain.calendar import HELSINKI, moment
from streams.domain.ids import Instant

MEDIA_TYPE = "application/json"
_SECOND_US = 1_000_000


def write_document(message: DeskMessage) -> Rendered:
    """Write a message as JSON."""
    document = {
        "type": "escalations",
        "message_id": message.message_id,
        "agency": message.to,
        "role": message.role,
        "cause": {
            "ground": message.ground.value,
            "owner": message.owner,
            "rule": message.rule or None,
        },
        "count": message.total,
        "escalations": [_escalation(told, message.role) for told in message.listed],
    }
    return orjson.dumps(document), MEDIA_TYPE, ".json"


def _escalation(told: Told, role: str) -> dict[str, str | int | None]:
    return {
        "notice_id": told.notice_id,
        "clock_id": told.clock or None,
        "rule": told.rule,
        "rung": told.rung,
        "handoff_id": told.handoff_id,
        "owner": told.owner,
        "due_at": _local(told.due_at) if told.due_at is not None else None,
        "told_at": _local(told.told_at),
        "late_s": told.late_us // _SECOND_US if told.late_us is not None else None,
        "law_ref": told.law_ref or None,
        "acknowledge": acknowledging(told, role) if told.clock else None,
    }


def _local(at: Instant) -> str:
    return moment(at).astimezone(HELSINKI).isoformat()
