"""What every test shares: how hypothesis looks for counterexamples, and a log of its own.

`ci` is the same search every time, so that a failure is the change's doing; `nightly` searches
further, and what it finds becomes a named test.
"""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.measuring import measured_by_nobody

pytest_plugins = ("tests.kafka.fixtures", "tests.kafka.scheduling")

settings.register_profile(
    "ci",
    database=None,
    deadline=None,  # a slow machine is no counterexample
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


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
