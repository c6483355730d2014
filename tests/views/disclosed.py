"""What a watched hub tells of the disclosures of the small region's person."""

from streams.domain.ids import Instant
from streams.views.answers import DisclosureSeen
from tests.domain.region import PERSON
from tests.views.watched_hub import WatchedHub


def seen(
    hub: WatchedHub,
    what: str | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[DisclosureSeen]:
    """Give what was disclosed, withheld or recalled, or only one of these."""
    hub.desk.catch_up(hub.engine)
    found = hub.desk.disclosures(PERSON, since=since, until=until)
    return [each for each in found if what in (None, each.what)]
