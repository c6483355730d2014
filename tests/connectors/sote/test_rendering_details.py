"""Whatever an agency's people write into the details, a notice stays a valid FHIR message."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.codes import NoticeKind
from streams.domain.ids import AgencyId
from tests.connectors.region import LAPPEENRANTA, SOTE
from tests.connectors.sote.notices import EVERY_KIND, EVERYTHING
from tests.connectors.sote.test_rendering import rendered

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs")), min_size=1, max_size=9
)


@given(
    st.sampled_from(list(NoticeKind)),
    st.dictionaries(st.sampled_from(sorted(EVERYTHING)), TEXT),
    st.sampled_from([SOTE, LAPPEENRANTA]),
)
def test_whatever_the_details_the_notice_is_valid(
    kind: NoticeKind, details: dict[str, str], to: AgencyId
) -> None:
    known: Any = details
    rendered(EVERY_KIND[kind]._replace(to=to), known)
