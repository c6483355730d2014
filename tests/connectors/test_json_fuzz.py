"""Nothing that a sender can send raises, and nothing of it shows in an error."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.employment import EmploymentConnector
from connectors.typ import TypConnector
from streams.promises.connector import Reading, Unreadable
from tests.connectors.region import LAPPEENRANTA, NOW, REGION, WIRE

pytestmark = pytest.mark.usefixtures("unmeasured")

SAMPLES = [
    path.read_bytes()
    for folder in ("employment", "typ", "statements/employment", "statements/typ")
    for path in sorted((WIRE / folder).glob("*.*json"))
]
EVENTS: list[dict[str, Any]] = [
    event
    for raw in SAMPLES
    for event in (json.loads(line) for line in (raw.splitlines() if b"\n{" in raw else [raw]))
    if isinstance(event, dict)
]
CODES = {"malformed", "too-large", "too-deep", "missing-field", "bad-value", "bad-time"}
CODES |= {"hetu-format", "hetu-check", "hetu-not-allowed", "unknown-code", "unknown-agency"}
BROKEN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "\0", "\ufeff", "9" * 400, "PERUSTIEDOT", "2026-02-09", "9100001-3"]),
    st.lists(st.one_of(st.none(), st.text(max_size=4), st.just({})), max_size=4),
    st.dictionaries(
        st.sampled_from(["ytunnus", "oid", "alue", "sektori", "x"]), st.text(max_size=9)
    ),
)


def take(raw: bytes) -> list[Reading | Unreadable]:
    readings: list[Reading | Unreadable] = []
    for connector in (EmploymentConnector(), TypConnector()):
        messages = connector.split(raw)
        assert messages
        readings += [connector.read(m, LAPPEENRANTA, REGION, NOW) for m in messages]
    for reading in readings:
        if isinstance(reading, Unreadable):
            assert reading.problems
            assert {problem.code for problem in reading.problems} <= CODES
    return readings


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            found += places(inner, (*path, position))
    return found


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='{}[]",:\\un0123e \n', max_size=60)))
def test_any_bytes_are_at_least_one_message(raw: bytes | str) -> None:
    take(raw if isinstance(raw, bytes) else raw.encode())


@settings(max_examples=500)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_sample_with_bytes_changed_or_lost_is_read_or_refused(
    raw: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.sampled_from([0, 1, 2, 50, len(raw)]))
    take(raw[:at] + data.draw(st.binary(max_size=6)) + raw[at + length :])


@settings(max_examples=500)
@given(st.sampled_from(EVENTS), st.data())
def test_a_field_of_any_other_value_is_read_or_refused(
    event: dict[str, Any], data: st.DataObject
) -> None:
    changed = json.loads(json.dumps(event))
    *path, last = data.draw(st.sampled_from(places(changed)))
    owner = changed
    for step in path:
        owner = owner[step]
    owner[last] = data.draw(BROKEN)
    take(json.dumps(changed).encode(errors="surrogatepass"))


@pytest.mark.parametrize("place", range(len(SAMPLES)))
def test_a_sample_mangled_many_times_over_is_read_or_refused(place: int) -> None:
    chance = Random(place)  # ten thousand cases: more than hypothesis finds time for
    for _ in range(10_000 // len(SAMPLES)):
        raw = bytearray(SAMPLES[place])
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(raw) + 1)
            lost = chance.choice([0, 0, 1, 1, 4, 40, len(raw)])
            raw[at : at + lost] = chance.choice(
                [b"", b"\0", b"\n", b'"', b"\\", b"{", b"[", b"]}", b"1e999", chance.randbytes(3)]
            )
        take(bytes(raw))
