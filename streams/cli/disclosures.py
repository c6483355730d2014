"""`saattaen disclosures`: who got what of a person's data, when and on what, and what came back."""

from collections.abc import Iterator

import click

from streams.cli import view_shapes
from streams.cli.failures import not_found
from streams.cli.kafka_options import DATABASE, AnyPlace, any_hub_options
from streams.cli.options import INSTANT, json_option
from streams.cli.output import BLANK, READABLE, local, print_json, print_table
from streams.cli.reading import ask_hub
from streams.cli.words import Words
from streams.domain.codes import Category
from streams.domain.ids import Instant, PersonId
from streams.views.answers import DisclosureSeen
from streams.views.audit_events import WORDS, as_bundle
from streams.views.disclosures import DISCLOSED, RECALLED, WITHHELD
from streams.views.fates import PENDING
from streams.views.grounds import DisclosureTold, Ground, tell

_COLUMNS = ("RECORDED", "TO", "HANDOFF, CATEGORY", "KIND, BASIS", "STATE")


@click.command(
    epilog=(
        "\b\nExamples:\n"
        "  saattaen disclosures --person p-0123456789ABCDEFGHJKMNPQRS --since 2026-01-01\n"
        "  saattaen disclosures --person p-0123456789ABCDEFGHJKMNPQRS --fhir"
    )
)
@any_hub_options(DATABASE)
@json_option
@click.option("--person", metavar="PERSON", required=True, help="Whose data (p-...).")
@click.option("--since", type=INSTANT, help="Only what was recorded at this instant or later.")
@click.option("--until", type=INSTANT, help="Only what was recorded before this instant.")
@click.option("--fhir", is_flag=True, help="A Bundle of FHIR R4B AuditEvents, two a disclosure.")
def disclosures(
    *,
    place: AnyPlace,
    person: str,
    since: int | None,
    until: int | None,
    fhir: bool,
    as_json: bool,
) -> None:
    """List who got what of a person's data, when and on which basis, the oldest first.

    Also what was held back and why, and what was fetched back. STATE says whether it left.
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
    if fhir:
        words = Words("fi")
        described = [category.value for category in Category] + [WORDS]
        print_json(as_bundle(told, {code: words("category", code) for code in described}))
    elif as_json:
        print_json([view_shapes.disclosure(each) for each in told])
    else:
        rows = [row for each in told for row in _rows(each)]
        print_table(_COLUMNS, rows, none="no such disclosures", width_max=READABLE)


def _rows(told: DisclosureTold) -> Iterator[tuple[str, ...]]:
    seen = told.seen
    kind = seen.kind or BLANK
    yield (local(seen.recorded_at), seen.to, seen.handoff_id, kind, _state(seen))
    grounds = {ground.category: ground for ground in told.grounds}
    categories = seen.categories if seen.what != WITHHELD else []
    words = [WORDS] if WORDS in seen.carried else []
    for category in [*categories, *words]:
        basis = _basis(grounds[category]) if category in grounds else BLANK
        yield (BLANK, BLANK, category, basis, _part_of(seen, category))
    for held in seen.withheld:
        yield (BLANK, BLANK, held["category"], held["rule"] or BLANK, f"withheld: {held['reason']}")


def _state(seen: DisclosureSeen) -> str:
    if seen.what == RECALLED:
        confirmed = seen.confirmed_at
        return f"confirmed {local(confirmed)}" if confirmed is not None else "not confirmed"
    if seen.what == WITHHELD:
        return WITHHELD
    at = seen.arrived_at if seen.arrived_at is not None else seen.left_at
    if at is not None:
        return f"{seen.reached} {local(at)}"
    return f"{seen.status}, never left" if seen.status != PENDING else PENDING


def _part_of(seen: DisclosureSeen, category: str) -> str:
    if seen.what != DISCLOSED:
        return BLANK
    recalls = [recall for recall in seen.recalls if category in recall.categories]
    if recalls:
        return "recalled" if recalls[-1].confirmed_at is not None else "recalled, not confirmed"
    return BLANK if category in seen.carried else "nothing to carry"


def _basis(ground: Ground) -> str:
    overrode = [f"over {ground.overrode}"] if ground.overrode is not None else []
    rule = ground.statement_id or ground.law_ref
    return " ".join([ground.basis, *([rule] if rule else []), *overrode])
