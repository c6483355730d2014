"""`saattaen disclosures`: who got what of a person's data, when and on what, and what came back."""

from collections.abc import Iterator

import click

from streams.cli import view_shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import BLANK, READABLE, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.words import Words, language_option
from streams.domain.codes import Category
from streams.domain.ids import Instant, PersonId
from streams.views.answers import DisclosureSeen
from streams.views.audit_events import WORDS, as_bundle
from streams.views.disclosures import DISCLOSED, RECALLED, WITHHELD
from streams.views.fates import PENDING
from streams.views.grounds import DisclosureTold, Ground, tell

_COLUMNS = ("recorded", "to", "data", "basis", "state")


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen disclosures --person p-0123456789ABCDEFGHJKMNPQRS --since 2026-01-01\n"
        "  saattaen disclosures --person p-0123456789ABCDEFGHJKMNPQRS --fhir\n"
        "  saattaen disclosures --person p-0123456789ABCDEFGHJKMNPQRS --language sv"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--person", metavar="PERSON", required=True, help="Whose data (p-...).")
@click.option("--since", type=INSTANT, help="Only what was recorded at this instant or later.")
@click.option("--until", type=INSTANT, help="Only what was recorded before this instant.")
@click.option("--fhir", is_flag=True, help="A Bundle of FHIR R4B AuditEvents, two a disclosure.")
@language_option
def disclosures(
    *,
    place: AnyPlace,
    person: str,
    since: int | None,
    until: int | None,
    fhir: bool,
    language: str,
    as_json: bool,
) -> None:
    """List who got what of a person's data, when and on which basis, the oldest first.

    Also what stayed behind and why, and what was recalled. The state says whether it left. JSON has
    the codes, in any language.
    """
    with ask_hub(place) as hub:
        if not hub.knows(PersonId(person)):
            raise not_found(f"no person {person}: saattaen person-id gives a person's pseudonym")
        found = hub.desk.disclosures(
            PersonId(person),
            since=Instant(since) if since is not None else None,
            until=Instant(until) if until is not None else None,
        )
        rules = hub.bygone.in_force
        told = [tell(seen, rules) for seen in found]
    words = Words(language)
    if fhir:
        print_json(as_bundle(told, _described()))
    elif as_json:
        print_json([view_shapes.disclosure(each) for each in told])
    else:
        columns = [words("disclosed", name) for name in _COLUMNS]
        rows = [row for each in told for row in _rows(words, each)]
        print_table(columns, rows, none="no such disclosures", width_max=READABLE)


def _described() -> dict[str, str]:
    """Say what each category is, in Finnish like the notice of disclosure that the law asks for."""
    words = Words("fi")
    return {code: words("category", code) for code in [*map(str, Category), WORDS]}


def _rows(words: Words, told: DisclosureTold) -> Iterator[tuple[str, ...]]:
    seen = told.seen
    to = words.agency(seen.to, told.recipient)
    kind = words("notice", seen.kind) if seen.kind is not None else BLANK
    yield (words.time(seen.recorded_at), to, seen.handoff_id, kind, _state(words, seen))
    grounds = {ground.category: ground for ground in told.grounds}
    categories = seen.categories if seen.what != WITHHELD else []
    free_text = [WORDS] if WORDS in seen.carried else []
    for category in [*categories, *free_text]:
        basis = _basis(words, grounds[category]) if category in grounds else BLANK
        said = words("category", category)
        yield (BLANK, BLANK, said, basis, _part_of(words, seen, category))
    behind = words("disclosed", "withheld") if seen.what != WITHHELD else BLANK
    for held in seen.withheld:
        reason = words("behind", held["reason"])
        reason = f"{reason} ({held['rule']})" if held["rule"] else reason
        yield (BLANK, BLANK, words("category", held["category"]), reason, behind)


def _state(words: Words, seen: DisclosureSeen) -> str:
    if seen.what == RECALLED:
        if seen.confirmed_at is None:
            return words("disclosed", "not-confirmed")
        return words("disclosed", "confirmed", at=words.time(seen.confirmed_at))
    if seen.what == WITHHELD:
        return words("disclosed", "withheld")
    at = seen.arrived_at if seen.arrived_at is not None else seen.left_at
    if at is not None:
        return words("disclosed", seen.reached or "left", at=words.time(at))
    status = words("fate", seen.status or PENDING)
    return status if seen.status == PENDING else words("disclosed", "never-left", status=status)


def _part_of(words: Words, seen: DisclosureSeen, category: str) -> str:
    if seen.what != DISCLOSED:
        return BLANK
    recalls = [recall for recall in seen.recalls if category in recall.categories]
    if recalls:
        is_confirmed = recalls[-1].confirmed_at is not None
        return words("disclosed", "recalled" if is_confirmed else "recalled-not-confirmed")
    return BLANK if category in seen.carried else words("disclosed", "nothing-to-carry")


def _basis(words: Words, ground: Ground) -> str:
    basis = words("basis", ground.basis)
    rule = ground.statement_id or ground.law_ref
    if rule is not None:
        basis = f"{basis} {rule}"
    if ground.overrode is None:
        return basis
    return words("disclosed", "over", basis=basis, rule=ground.overrode)
