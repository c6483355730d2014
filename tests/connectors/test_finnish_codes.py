"""The Finnish wire codes are those of the shared table."""

import csv
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import finnish_codes as codes
from connectors.finnish_codes import nearest
from streams.domain.codes import Status
from streams.domain.event import HandoffAnswer
from tests.connectors.region import DATA

with (DATA / "domain" / "codes.csv").open(encoding="utf-8", newline="") as lines:
    SHARED = [(row["kind"], row["wire_fi"], row["code"]) for row in csv.DictReader(lines)]

TABLES: list[tuple[str, Mapping[str, Any], Mapping[Any, str]]] = [
    ("service", codes.SERVICES, codes.SERVICE_CODES),
    ("data_category", codes.CATEGORIES, codes.CATEGORY_CODES),
    ("reject_reason", codes.REJECT_REASONS, codes.REJECT_REASON_CODES),
    ("legal_basis", codes.BASES, codes.BASIS_CODES),
    ("priority", codes.PRIORITIES, codes.PRIORITY_CODES),
    ("purpose", codes.PURPOSES, codes.PURPOSE_CODES),
    ("milestone", codes.MILESTONES, codes.MILESTONE_CODES),
]


@pytest.mark.parametrize(("kind", "table", "inverse"), TABLES, ids=[kind for kind, *_ in TABLES])
def test_a_table_holds_what_the_shared_one_holds(
    kind: str, table: Mapping[str, StrEnum], inverse: Mapping[StrEnum, str]
) -> None:
    shared = {wire: code for of, wire, code in SHARED if of == kind}
    assert {wire: code.value for wire, code in table.items()} == shared
    assert {code: wire for wire, code in table.items()} == inverse
    enum = type(next(iter(table.values())))
    assert {code for code in enum if code.value != "unknown"} == set(inverse)


def test_every_status_has_a_code_of_its_own() -> None:
    assert set(codes.STATUS_CODES) == set(Status) - {Status.UNKNOWN}
    assert len(set(codes.STATUS_CODES.values())) == len(codes.STATUS_CODES)


def test_an_answer_is_an_event_about_a_handoff() -> None:
    assert set(codes.ANSWERS.values()) <= set(HandoffAnswer.__args__)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TYOKYVYN_ARVIONTI", "TYOKYVYN_ARVIOINTI"),
        ("tyokyvyn_arviointi", "TYOKYVYN_ARVIOINTI"),
        ("TYÖLLISYYSPALVELU", "TYOLLISYYSPALVELU"),
        ("TYOKYVYN_ARVIOINTI" * 100_000, "TYOKYVYN_ARVIOINTI"),
    ],
    ids=range(4),
)
def test_the_nearest_code_is_the_one_that_was_meant(code: str, expected: str) -> None:
    assert nearest(code, codes.SERVICES) == expected


@given(st.text(max_size=30), st.permutations(sorted(codes.SERVICES)))
def test_the_nearest_code_is_known_and_does_not_hang_on_order(code: str, known: list[str]) -> None:
    found = nearest(code, known)
    assert found in codes.SERVICES
    assert found == nearest(code, reversed(known))
