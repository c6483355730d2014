"""`saattaen explain disclosure`: which of a handoff's data may go, on what, and what is missing."""

from typing import NamedTuple

import click

from streams.bootstrap.asking import AskedHub, agreement_at, entries_by
from streams.cli import view_shapes
from streams.cli.failures import CONFLICT, CommandError, not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import READABLE, print_fields, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.shapes import Json, iso, record
from streams.cli.words import Words, language_option
from streams.domain.entry import Act, MissingBasis
from streams.domain.ids import AgencyId, HandoffId, Instant, PersonId
from streams.views.decisions import ORDER, CategoryTold, DecisionTold, Link, explain_disclosure
from streams.views.retelling import RulesGoneError


class _Telling(NamedTuple):
    """What is told of a decision, in whose words."""

    words: Words
    why: DecisionTold


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen explain disclosure h-0123456789ABCDEFGHJKMNPQRS --language fi\n"
        "  saattaen explain disclosure h-0123456789ABCDEFGHJKMNPQRS --at 2026-02-09T12:00 --json"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option(
    "--at", type=INSTANT, help="As of this instant (default: now, by the agreement at hand)."
)
@language_option
@click.argument("handoff", metavar="HANDOFF")
def disclosure(
    *, place: AnyPlace, handoff: str, at: int | None, language: str, as_json: bool
) -> None:
    """Say which of a handoff's data may go to its recipient, on what, and what is missing.

    The decision is made again, from the person's statements and the agreement of that instant; the
    same instant always gives the same answer.
    """
    with ask_hub(place) as hub:
        why = _asked(hub, HandoffId(handoff), Instant(at) if at is not None else None)
    telling = _Telling(Words(language), why)
    if as_json:
        print_json(_shape(telling))
    else:
        _tell(telling)


def _asked(hub: AskedHub, handoff_id: HandoffId, at: Instant | None) -> DecisionTold:
    seen = hub.desk.handoff(handoff_id)
    if seen is None:
        raise not_found(f"no handoff {handoff_id}: saattaen handoffs lists those there are")
    moment = at if at is not None else hub.now()
    told = entries_by(hub, PersonId(seen.person), moment)
    if at is None:
        agreement = hub.agreements.in_force(moment)
    else:
        found = agreement_at(hub, told, moment)
        if found is None:
            raise _gone(hub, "the agreement of that instant")
        agreement = found
    try:
        why = explain_disclosure(told, handoff_id, moment, agreement, hub.bygone.in_force)
    except RulesGoneError as gone:
        raise _gone(hub, f"an agreement (digest {gone.digest.hex()[:16]})") from None
    if why is None:
        raise not_found(
            f"{handoff_id} was not opened yet at {iso(moment)}: it was at {iso(seen.recorded_at)}"
        )
    return why


def _gone(hub: AskedHub, what: str) -> CommandError:
    return CommandError(
        CONFLICT,
        f"{what} is not at hand, and nothing can be decided again without it: {hub.bygone.mend()}",
    )


def _shape(telling: _Telling) -> Json:
    words, why = telling
    question = why.question
    return {
        "handoff_id": why.handoff_id,
        "case_id": why.case_id,
        "person": why.person,
        "at": iso(question.at),
        "language": words.language,
        "status": why.status,
        "service": why.service,
        "source": question.source,
        "recipient": question.recipient,
        "purpose": question.purpose.value,
        "vital": question.vital,
        "to_branch": why.to_branch,
        "service_task": question.service_task or None,
        "documents": len(question.documents),
        "typ_member": why.typ_member,
        "protected": why.protected,
        "agreement_digest": why.agreement.digest.hex(),
        "categories": [
            {
                "category": told.category,
                "decision": told.decision,
                "basis": told.basis,
                "reason": told.reason,
                "chain": [record(link) for link in told.chain],
                "missing": [{**record(act), "said": _act(telling, act)} for act in told.missing],
                "said": _why(telling, told),
            }
            for told in why.categories
        ],
        "statements": [view_shapes.statement(seen) for seen in why.statements],
        "decided": [record(each) for each in why.decided],
    }


def _tell(telling: _Telling) -> None:
    words, why = telling
    head = [(words("asked", name), value) for name, value in _head(telling)]
    print_fields(head, width_max=READABLE)
    click.echo()
    rows = [
        (words("category", told.category), words("decision", told.decision), _why(telling, told))
        for told in why.categories
    ]
    columns = [words("asked", name) for name in ("category", "decision", "why")]
    print_table(columns, rows, none="", width_max=READABLE)


def _head(telling: _Telling) -> list[tuple[str, object]]:
    words, why = telling
    question = why.question
    in_force = [
        f"{words('statement', seen.kind)} {seen.statement_id} ({seen.recorder})"
        for seen in why.statements
    ]
    marks = [
        ("typ_member", why.typ_member),
        ("protected", why.protected),
        ("vital", question.vital),
    ]
    person = [words("asked", name) for name, holds in marks if holds]
    service = words("service", why.service)
    if why.to_branch is not None:
        service += f" ({words('branch', why.to_branch)})"
    decided = list(dict.fromkeys([words.time(each.recorded_at) for each in why.decided]))
    return [
        ("handoff", why.handoff_id),
        ("service", service),
        ("from", _agency(telling, question.source)),
        ("to", _agency(telling, question.recipient)),
        ("purpose", words("purpose", question.purpose.value)),
        ("status", words("happening", why.status)),
        ("as_of", words.time(question.at)),
        ("person", person or words("asked", "ordinary")),
        ("statements", in_force or words("asked", "none")),
        ("agreement", why.agreement.digest.hex()[:16]),
        ("decided", decided),
    ]


def _why(telling: _Telling, told: CategoryTold) -> str:
    words = telling.words
    said = [words("behind", told.reason)] if told.reason is not None else []
    # A non-disclosure order is the reason itself; there is no more to it.
    said += [_link(telling, link) for link in told.chain if link.what != ORDER]
    if told.missing:
        acts = words("chain", "and").join([_act(telling, act) for act in told.missing])
        said.append(words("chain", "missing", acts=acts))
    elif told.reason is not None:
        said.append(words("chain", "nothing"))
    return "; ".join(said)


def _link(telling: _Telling, link: Link) -> str:
    words = telling.words
    checked = "verified" if link.verified else "not_verified"
    return words(
        "chain",
        f"{link.role}-{link.what}",
        kind=words("statement", link.kind or "prohibition"),
        id=link.statement_id or "",
        recorder=link.recorder or "?",
        law=link.law_ref or "",
        checked=words("sentence", checked),
        source=_name(telling, telling.why.question.source),
    )


def _act(telling: _Telling, act: MissingBasis) -> str:
    words = telling.words
    code = f"{act.act.value}-{act.ask_for.value}" if act.act is Act.GIVE else act.act.value
    return words(
        "act",
        code,
        source=_name(telling, act.source),
        recipient=_name(telling, act.recipient),
        purpose=words("purpose", act.purpose.value),
        category=words("category", act.category.value),
        rule=act.rule,
    )


def _agency(telling: _Telling, agency_id: AgencyId) -> str:
    name = _name(telling, agency_id)
    return f"{name} ({agency_id})" if name != agency_id else name


def _name(telling: _Telling, agency_id: AgencyId) -> str:
    return telling.words.agency(agency_id, telling.why.agreement.agencies.get(agency_id))
