"""Whatever stands in an agreement file, it loads or says why not."""

import json
import random
import tomllib
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_lint import lint
from streams.bootstrap.agreement_problems import AgreementError
from tests.agreements.files import SAMPLE, SHIPPED, only

ANYTHING = st.one_of(
    st.none(),  # the key is left out
    st.sampled_from([0, -1, 10**30, 0.5, float("nan"), True, date(1, 1, 1), date(9999, 12, 31)]),
    st.text(max_size=8),
    st.sampled_from(["sote", "kela", "consent", "requested", "30d", "*", "405", "fi"]),
    st.lists(st.sampled_from(["sote", "405", 1, True]), max_size=2),
    st.dictionaries(st.sampled_from(["fi", "id", "x"]), st.integers(0, 9), max_size=2),
)
ONE_FILE = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


def inline(value: object) -> str:
    """Write a value as TOML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(inline, value)) + "]"
        case date():
            return value.isoformat()
        case str():
            return json.dumps(value).replace("\\ud", "\\ue")
        case float():
            return repr(value)
        case _:
            return json.dumps(value)


def written(folder: Path, document: dict[str, object]) -> Path:
    file = folder / "region.toml"
    lines = [f"{key} = {inline(value)}" for key, value in document.items()]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def leaves(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else ()
    numbered = enumerate(value) if isinstance(value, list) else ()
    for key, inner in (*items, *numbered):
        found += leaves(inner, (*place, key))
    return found


def put(document: dict[str, object], place: tuple[str | int, ...], value: object) -> None:
    owner: object = document
    for part in place[:-1]:
        owner = owner[part]  # type: ignore[index]  # `leaves` gave the place
    if value is None:
        del owner[place[-1]]  # type: ignore[attr-defined]  # `leaves` gave the place
    else:
        owner[place[-1]] = value  # type: ignore[index]  # `leaves` gave the place


def shuffled(value: object, chance: random.Random) -> object:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@ONE_FILE
@given(position=st.integers(0, 10_000), value=ANYTHING)
def test_whatever_is_written_somewhere_the_file_loads_or_says_why_not(
    tmp_path: Path, position: int, value: object
) -> None:
    document = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    places = leaves(document)
    put(document, places[position % len(places)], value)
    file = written(tmp_path, document)
    try:
        load_agreements(file)
        problems = None
    except AgreementError as wrong:
        problems = wrong.problems
    findings = lint(file, today=date(2026, 11, 22))
    if problems is not None:
        assert [p.mend for p in problems] == [f.mend for f in findings]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_order_of_keys_is_no_part_of_an_agreement(tmp_path: Path, seed: int) -> None:
    document = shuffled(tomllib.loads(SAMPLE.read_text(encoding="utf-8")), random.Random(seed))
    assert isinstance(document, dict)
    assert only(written(tmp_path, document)).digest == only(SAMPLE).digest
