"""`saattaen consents`: what a person has said of their data, as of any instant."""

from typing import NamedTuple

import click

from streams.bootstrap.asking import entries_by
from streams.cli import view_shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import READABLE, print_fields, print_json, say
from streams.cli.reading import ask_hub
from streams.cli.words import Words, language_option
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId, Instant, PersonId
from streams.domain.statements import StatementKind
from streams.views.statements import STANDING, StatementSeen, statements


class _Telling(NamedTuple):
    """In whose words statements are told, and what the agreement calls the agencies."""

    words: Words
    agreement: Agreement


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen consents --person p-0123456789ABCDEFGHJKMNPQRS\n"
        "  saattaen consents --person p-0123456789ABCDEFGHJKMNPQRS --at 2026-02-09T12:00 --all\n"
        "  saattaen consents --person p-0123456789ABCDEFGHJKMNPQRS --language fi"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--person", metavar="PERSON", required=True, help="Whose (p-...).")
@click.option("--at", type=INSTANT, help="As of this instant (default: the hub's time).")
@click.option("--all", "every", is_flag=True, help="Those no longer in force, too.")
@language_option
def consents(
    *,
    place: AnyPlace,
    person: str,
    at: int | None,
    every: bool,
    language: str,
    as_json: bool,
) -> None:
    """List a person's consents, permits and prohibitions, the oldest first.

    As of an instant are those that the hub had recorded by then, in force then or later. JSON has
    the codes, in any language.
    """
    with ask_hub(place) as hub:
        whose = PersonId(person)
        if not hub.knows(whose):
            raise not_found(f"no person {person}: saattaen person-id gives a person's pseudonym")
        moment = Instant(at) if at is not None else hub.now()
        found = statements(entries_by(hub, whose, moment), moment)
        telling = _Telling(Words(language), hub.agreements.in_force(moment))
    shown = [seen for seen in found if every or seen.state in STANDING]
    if as_json:
        print_json([view_shapes.statement(seen) for seen in shown])
        return
    if not shown:
        say("no such statements" if every else "no statements in force (--all: those before, too)")
    for number, seen in enumerate(shown):
        if number:
            click.echo()
        print_fields(_fields(telling, seen), width_max=READABLE)


def _fields(telling: _Telling, seen: StatementSeen) -> list[tuple[str, object]]:
    words = telling.words
    recorder, at = _agency(telling, seen.recorder), words.time(seen.recorded_at)
    fields: list[tuple[str, object]] = [
        ("statement", seen.statement_id),
        ("kind", _kind(words, seen)),
        ("state", _state(words, seen)),
        ("given_by", words("giver", seen.given_by)),
        ("recorder", words("said", "recorded", agency=recorder, at=at)),
        ("from", _agencies(telling, seen.sources)),
        ("to", _agencies(telling, seen.recipients)),
        ("purposes", _listed(words, "purpose", seen.purposes, seen.kind)),
        ("categories", _listed(words, "category", seen.categories, seen.kind)),
    ]
    if seen.documents:
        fields.append(("documents", seen.documents))
    if seen.service_tasks:
        fields.append(("tasks", seen.service_tasks))
    fields.append(("valid", _valid(words, seen)))
    if seen.evidence_digest is not None:
        fields.append(("evidence", f"SHA-256 {seen.evidence_digest}"))
    fields.append(("origin", f"{seen.event_id} ({seen.entry_id})"))
    return [(words("said", name), value) for name, value in fields]


def _kind(words: Words, seen: StatementSeen) -> str:
    kind = words("statement", seen.kind)
    if seen.to_branch is None:
        return kind
    return words("said", "permit-to", kind=kind, branch=words("branch", seen.to_branch))


def _state(words: Words, seen: StatementSeen) -> str:
    state = words("standing", seen.state)
    if seen.ended_at is None:
        return state
    at, by = words.time(seen.ended_at), seen.ended_by or "?"
    return words("said", "ended", state=state, at=at, by=by)


def _valid(words: Words, seen: StatementSeen) -> str:
    begins = words.time(seen.valid_from) if seen.valid_from is not None else None
    ends = words.time(seen.valid_to) if seen.valid_to is not None else None
    if begins is not None and ends is not None:
        return words("said", "between", begins=begins, ends=ends)
    if begins is not None:
        return words("said", "since", begins=begins)
    return words("said", "until", ends=ends) if ends is not None else words("said", "always")


def _listed(words: Words, table: str, codes: tuple[str, ...], kind: str) -> str:
    if not codes:
        # A prohibition that names none forbids every one; a consent that names none permits none.
        return words("said", "every" if kind == StatementKind.PROHIBITION else "none")
    return ", ".join([words(table, code) for code in codes])


def _agencies(telling: _Telling, agencies: tuple[str, ...]) -> list[str]:
    if not agencies:
        return [telling.words("said", "any-agency")]
    return [_agency(telling, agency_id) for agency_id in agencies]


def _agency(telling: _Telling, agency_id: str) -> str:
    known = telling.agreement.agencies.get(AgencyId(agency_id))
    name = telling.words.agency(agency_id, known)
    return f"{name} ({agency_id})" if name != agency_id else name
