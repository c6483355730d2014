"""The contract's codes as FHIR messages carry them: by their own names."""

from enum import StrEnum
from typing import TypeVar

from streams.domain.codes import (
    Basis,
    Category,
    Milestone,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.statements import StatementKind

Code = TypeVar("Code", bound=StrEnum)


def _known(codes: type[Code]) -> dict[str, Code]:
    return {code.value: code for code in codes if code.value != "unknown"}


SERVICES = _known(Service)
CATEGORIES = _known(Category)
REJECT_REASONS = _known(RejectReason)
BASES = _known(Basis)
PURPOSES = _known(Purpose)
MILESTONES = _known(Milestone)
PRIORITIES = {
    **_known(Priority),
    # FHIR has two more; both are asked for sooner than routine.
    "asap": Priority.URGENT,
    "stat": Priority.URGENT,
}
STATEMENT_KINDS = {
    "outside-sote": StatementKind.CONSENT,
    "inside-sote": StatementKind.PERMIT,
    # The contract's and the Finnish names of the same two bases.
    "consent": StatementKind.CONSENT,
    "sote_permit": StatementKind.PERMIT,
    "suostumus": StatementKind.CONSENT,
    "luovutuslupa": StatementKind.PERMIT,
}
COUNTED_MILESTONES = (Milestone.SICKNESS_BENEFIT_DAYS, Milestone.UNEMPLOYMENT_BENEFIT_DAYS)


def in_contract_order(codes: list[Code], known: dict[str, Code]) -> tuple[Code, ...]:
    """Give each code once, in the contract's order: how a sender lists them is no content."""
    return tuple(code for code in dict.fromkeys(known.values()) if code in codes)
