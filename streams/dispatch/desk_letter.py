"""A desk's message as a letter: plain text in Finnish, Swedish and English.

The first line is the subject. Nothing but ids and codes stands in it: a mailbox is no place for a
person's name, HETU, municipality or anything that somebody wrote of them.
"""

from streams.dispatch.desk_message import DeskMessage, Rendered, Told, acknowledging
from streams.dispatch.grouping import Ground
from streams.domain.calendar import DAY_US, HELSINKI, HOUR_US, moment
from streams.domain.ids import Instant
from streams.domain.silence import SILENCE

MEDIA_TYPE = "text/plain; charset=utf-8"
_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000
_GREETINGS = {
    Ground.RULE: (
        "Määräaika vaatii toimia.",
        "En frist kräver åtgärder.",
        "A clock needs action.",
    ),
    Ground.UNREACHABLE: (
        "Ilmoitukset eivät mene perille. Uusista määräajoista kerrotaan, kun yhteys toimii taas.",
        "Meddelanden når inte fram. Om nya frister berättas när förbindelsen fungerar igen.",
        "Notices do not get through. New clocks are told of when the connection works again.",
    ),
    Ground.HEARD_AGAIN: (
        "Yhteys toimii taas. Nämä määräajat ovat yhä auki.",
        "Förbindelsen fungerar igen. Dessa frister är ännu öppna.",
        "The connection works again. These clocks are still open.",
    ),
}
_SILENCE = (
    "Mitään ei ole tullut sovitussa ajassa. Yksittäisistä määräajoista kerrotaan myöhemmin.",
    "Ingenting har kommit inom avtalad tid. Om enskilda frister berättas senare.",
    "Nothing has come in the agreed time. Single clocks are told of later.",
)
_ABOUT = (
    "Vastuussa: {owner}. Sääntö: {rule}. Rooli: {role}.",
    "Ansvarig: {owner}. Regel: {rule}. Roll: {role}.",
    "Owed by: {owner}. Rule: {rule}. Role: {role}.",
)
_WHAT_TO_DO = (
    "Tee puuttuva toimi tai kuittaa nähdyksi kunkin kohdan komennolla.",
    "Gör det som fattas, eller kvittera som sedd med kommandot vid varje punkt.",
    "Do what is missing, or acknowledge with the command of each item.",
)
_SEVERAL = "useita / flera / several"


def write_letter(message: DeskMessage) -> Rendered:
    """Write a message as text; the same message always as the same text."""
    owner, rule = message.owner or "-", message.rule or _SEVERAL
    greetings = _SILENCE if message.rule == SILENCE else _GREETINGS[message.ground]
    lines = [f"Saattaen: eskalaatio, {owner}, {message.rule or message.ground} ({message.total})"]
    for greeting, about, to_do in zip(greetings, _ABOUT, _WHAT_TO_DO, strict=True):
        lines += ["", greeting, about.format(owner=owner, rule=rule, role=message.role), to_do]
    for number, told in enumerate(message.listed, start=1):
        lines += ["", *_item(number, told, message.role)]
    omitted = message.total - len(message.listed)
    if omitted:
        lines += ["", f"+ {omitted} muuta / andra / more"]
    lines += ["", f"{message.to} / {message.role} / {message.message_id}", ""]
    return "\n".join(lines).encode(), MEDIA_TYPE, ".txt"


def _item(number: int, told: Told, role: str) -> list[str]:
    lines = [
        f"{number}. {told.rule} / {told.rung}",
        f"   tunnus / id: {told.handoff_id or '-'}",
        f"   vastuussa / ansvarig / owed by: {told.owner or '-'}",
    ]
    if told.due_at is not None and told.late_us is not None:
        label = "myöhässä / försenad / late"
        if told.late_us < 0:
            label = "jäljellä / återstår / left"
        lines += [
            f"   määräaika / frist / due: {_local(told.due_at)}",
            f"   {label}: {_lasting(abs(told.late_us))} ({_local(told.told_at)})",
        ]
    if told.law_ref:
        lines.append(f"   laki / lag / law: {told.law_ref}")
    if told.clock:
        lines.append(f"   {acknowledging(told, role)}")
    return lines


def _local(at: Instant) -> str:
    local = moment(at).astimezone(HELSINKI)
    offset_h = int(local.strftime("%z")[:3])
    return f"{local.day}.{local.month}.{local.year} {local:%H.%M} (UTC{offset_h:+d})"


def _lasting(duration_us: int) -> str:
    if duration_us >= DAY_US:
        return f"{duration_us // DAY_US} d {duration_us % DAY_US // HOUR_US} h"
    if duration_us >= HOUR_US:
        return f"{duration_us // HOUR_US} h {duration_us % HOUR_US // _MINUTE_US} min"
    if duration_us >= _MINUTE_US:
        return f"{duration_us // _MINUTE_US} min"
    return f"{duration_us // _SECOND_US} s"
