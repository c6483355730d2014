"""On which ground each category of a disclosure went, for which purpose, between whom.

The ledger names a statement or a law; whether anybody has checked that law, what an agency is
called and what the data was for stands in the agreement of that moment.
"""

from typing import NamedTuple

from streams.domain.agreement import Agency, Agreement
from streams.domain.codes import Basis, Category, Purpose, Service
from streams.domain.entry import Granted
from streams.domain.ids import AgencyId, StatementId
from streams.domain.legal_basis import Question
from streams.views.answers import DisclosureSeen
from streams.views.decisions import BY_LAW, is_checked
from streams.views.retelling import Rules
from streams.views.sheets import Row

_BY_STATEMENT = (Basis.CONSENT, Basis.SOTE_PERMIT)


class Ground(NamedTuple):
    """On what a category went: a statement, a law, or (neither) a vital interest.

    `verified` says whether anybody has checked the law against the statute; None where it is none,
    or its agreement is not at hand. `overrode` is the prohibition that it beat.
    """

    category: str
    basis: str
    statement_id: str | None
    law_ref: str | None
    verified: bool | None
    overrode: str | None


class DisclosureTold(NamedTuple):
    """A disclosure with what its agreement says of it; None where that is not at hand."""

    seen: DisclosureSeen
    purpose: str | None
    grounds: tuple[Ground, ...]
    source: Agency | None
    recipient: Agency | None


def tell(seen: DisclosureSeen, rules: Rules) -> DisclosureTold:
    """Tell on what ground a disclosure went; `rules` gives the versions that entries name."""
    agreement = rules(bytes.fromhex(seen.agreement_digest), seen.recorded_at)
    purpose = _purpose(seen, rules)
    return DisclosureTold(
        seen,
        purpose.value if purpose is not None else None,
        tuple([_ground(granted, seen, purpose, agreement) for granted in seen.basis]),
        agreement.agencies.get(AgencyId(seen.source)) if agreement is not None else None,
        agreement.agencies.get(AgencyId(seen.to)) if agreement is not None else None,
    )


def _purpose(seen: DisclosureSeen, rules: Rules) -> Purpose | None:
    asked_under = rules(bytes.fromhex(seen.asked_under), seen.asked_at)
    service = asked_under.service(Service(seen.service)) if asked_under is not None else None
    return service.purpose if service is not None else None


def _ground(
    row: Row, seen: DisclosureSeen, purpose: Purpose | None, agreement: Agreement | None
) -> Ground:
    overrode: str | None = row["overrode"]
    granted = Granted(
        Category(row["category"]),
        Basis(row["basis"]),
        row["rule"],
        StatementId(overrode) if overrode is not None else None,
    )
    verified: bool | None = None
    if agreement is not None and purpose is not None:
        source, to = AgencyId(seen.source), AgencyId(seen.to)
        question = Question(source, to, purpose, (), seen.recorded_at, vital=False)
        verified = is_checked(granted, question, agreement)
    return Ground(
        granted.category.value,
        granted.basis.value,
        granted.rule if granted.basis in _BY_STATEMENT else None,
        granted.rule if granted.basis in BY_LAW else None,
        verified,
        overrode,
    )
