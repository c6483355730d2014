"""What every test shares: how hypothesis looks for counterexamples, and a log of its own.

`ci` is the same search every time, so that a failure is the change's doing; `nightly` searches
further, and what it finds becomes a named test.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.measuring import measured_by_nobody

pytest_plugins = ("tests.kafka.fixtures", "tests.kafka.scheduling")
HERE = Path(__file__).parent

settings.register_profile(
    "ci",
    database=None,
    deadline=None,  # a slow machine is no counterexample
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


_SLOWEST_FIRST = (
    "simulation/test_histories.py",
    "simulation/test_recall_races.py",
    "test_readme.py",
    "cli/test_demo.py",
    "domain/test_decision_table.py",
    "domain/test_legal_basis_properties.py",
    "agreements/test_agreement_properties.py",
    "engines/test_clock_kills.py",
    "views/test_disclosure_histories.py",
    "agreements/test_clock_lint.py",
    "test_house_style.py",
    "test_bench.py",
    "connectors/test_json_fuzz.py",
    "domain/test_missing_basis_properties.py",
)
"""Files that take seconds: begun last, one would run on alone while the other process waits."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slowest files run first; the order of the others is left as it came."""
    place = {HERE / name: number for number, name in enumerate(_SLOWEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Let no test inherit the operator log that another one configured."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """Run a test of very many cases without coverage: which lines are tested, single cases say."""
    with measured_by_nobody():
        yield


@pytest.fixture(autouse=True)
def _properties_unmeasured(request: pytest.FixtureRequest) -> None:
    """Let what hypothesis happens to try be no line's only test."""
    if is_hypothesis_test(request.function):
        request.getfixturevalue("unmeasured")
