"""What every test shares: how hypothesis looks for counterexamples.

`ci` is the same search every time, so that a failure is the change's doing; `nightly` searches
further, and what it finds becomes a named test.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    database=None,
    deadline=None,  # a slow machine is no counterexample
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
