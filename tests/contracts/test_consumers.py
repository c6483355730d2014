"""The table of consumers says what the code does: nobody reads or makes a contract unnamed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.consumers import (
    CONNECTORS,
    DESK,
    DIRECTLY,
    DISPATCH,
    HUB_EVENTS,
    NORMALISE,
    ROUTE,
    VIEW,
    touched_by,
)
from streams.contracts.declarations import declared
from streams.contracts.event import event_classes
from streams.contracts.registry import written_records

ROOT = Path(__file__).parents[2]
ROOMS = {
    "streams/engines/kafka": (ROUTE, DISPATCH, VIEW, DESK),
    "streams/dispatch": (DISPATCH,),
    "streams/normalise": (NORMALISE,),
    "streams/views": (VIEW, DESK),
}
"""Where stages have their code; the first is the transport that three of them share."""
DECODES = {
    "decode_entry": "LedgerEntry",
    "decode_notice": "Notice",
    "decode_state": "PersonState",
    "decode_closed": "ClosedState",
    "decode_dead_letter": "DeadLetter",
}
EVENTS = frozenset(event_classes())


def read_in(tree: ast.AST) -> Iterator[str]:
    """Name the records that code decodes: by the decoder of one, or by a codec of its class."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name in DECODES:
            yield DECODES[name]
        elif name == "decode_event":
            yield from EVENTS
        elif name == "codec_of" and isinstance(node.args[0], ast.Name):
            yield from {node.args[0].id} & {*written_records()}


def unnamed(tree: ast.AST, stages: tuple[str, ...]) -> set[str]:
    """Find what code decodes that the table gives to none of its stages."""
    return {record for record in read_in(tree) if not {*DIRECTLY[record]} & {*stages}}


def trees(folder: str) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in sorted((ROOT / folder).rglob("*.py"))]


def names_in(folder: str) -> set[str]:
    """Name what a folder's code mentions, and what the connectors' code that it imports does."""
    found: set[str] = set()
    waiting, seen = [folder], set()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        files = [ROOT / f"{place}.py"] if (ROOT / f"{place}.py").is_file() else []
        for node in [n for tree in trees(place) for n in ast.walk(tree)] + [
            n for file in files for n in ast.walk(ast.parse(file.read_text()))
        ]:
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("connectors"):
                waiting.append((node.module or "").replace(".", "/"))
    return found


def test_every_contract_that_is_written_on_its_own_is_in_the_table() -> None:
    assert set(DIRECTLY) == set(written_records())


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_stage_decodes_names_the_stage(room: str) -> None:
    found = [unnamed(tree, ROOMS[room]) for tree in trees(room)]
    assert set().union(*found) == set()


@pytest.mark.parametrize(
    "code",
    [
        "state = decode_state(data)",
        "state = person.decode_state(data)",
        "passed = codec_of(Watermark).decode(data)",
        "event = decode_event(name, data)",
    ],
)
def test_a_stage_that_decodes_what_the_table_does_not_say_is_seen(code: str) -> None:
    assert unnamed(ast.parse(code), (VIEW,))
    assert not unnamed(ast.parse(code), (ROUTE,))


@pytest.mark.parametrize("agency", CONNECTORS)
def test_a_connector_makes_every_event_of_an_agency_and_renders_notices(agency: str) -> None:
    made = names_in(f"connectors/{agency}") & (EVENTS | {"Notice"})
    named = {record for record, whom in DIRECTLY.items() if f"connectors/{agency}" in whom}
    assert made == named == (EVENTS - HUB_EVENTS) | {"Notice"}


def test_every_connector_is_in_the_table() -> None:
    mappings = {path.parent.name for path in (ROOT / "connectors").glob("*/README.md")}
    assert mappings == set(CONNECTORS)


def test_what_stands_in_others_touches_whom_they_touch() -> None:
    assert touched_by("ClosedState") == (ROUTE,)
    assert touched_by("Watermark") == (NORMALISE, ROUTE)
    assert touched_by("Rung") == (ROUTE, DISPATCH, VIEW, DESK)
    everybody = touched_by("SealedPart")
    assert {NORMALISE, ROUTE, DISPATCH, VIEW, DESK} < set(everybody)
    assert touched_by("NoSuchContract") == ()


def test_every_contract_touches_somebody() -> None:
    assert [name for name in declared() if not touched_by(name)] == []
