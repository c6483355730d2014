"""The contract's codes as FHIR messages carry them: by their own names."""

from enum import StrEnum
from typing import TypeVar

from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    Priority,
    Purpose,
    RejectReason,
    Service,
)
from streams.domain.statements import GivenBy, StatementKind

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
_CONSENT = (StatementKind.CONSENT, Branch.UNKNOWN)
_PERMIT = (StatementKind.PERMIT, Branch.UNKNOWN)
CONSENT_CATEGORIES = {
    "outside-sote": _CONSENT,
    "inside-sote": _PERMIT,
    "health-to-social": (StatementKind.PERMIT, Branch.SOCIAL),
    "social-to-health": (StatementKind.PERMIT, Branch.HEALTH),
    # The contract's and the Finnish names of the same two bases.
    "consent": _CONSENT,
    "sote_permit": _PERMIT,
    "suostumus": _CONSENT,
    "luovutuslupa": _PERMIT,
}
"""What a Consent of a category is, and where its data goes."""
REPRESENTATIVES = {
    "guardian": GivenBy.GUARDIAN,
    "proxy": GivenBy.PROXY,
    # HL7 v3 RoleCode: guardian and parents, then powers of attorney and an agreed representative.
    "GUARD": GivenBy.GUARDIAN,
    "PRN": GivenBy.GUARDIAN,
    "NPRN": GivenBy.GUARDIAN,
    "MTH": GivenBy.GUARDIAN,
    "FTH": GivenBy.GUARDIAN,
    "POWATT": GivenBy.PROXY,
    "DPOWATT": GivenBy.PROXY,
    "HPOWATT": GivenBy.PROXY,
    "SPOWATT": GivenBy.PROXY,
    "RESPRSN": GivenBy.PROXY,
}
"""Relationship of a RelatedPerson to the person: as what they speak."""
COUNTED_MILESTONES = (Milestone.SICKNESS_BENEFIT_DAYS, Milestone.UNEMPLOYMENT_BENEFIT_DAYS)


def in_contract_order(codes: list[Code], known: dict[str, Code]) -> tuple[Code, ...]:
    """Give each code once, in the contract's order: how a sender lists them is no content."""
    return tuple(code for code in dict.fromkeys(known.values()) if code in codes)
