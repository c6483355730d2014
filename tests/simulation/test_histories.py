"""A thousand simulated histories: every checker looks at each, and engines agree on every tenth."""

from pathlib import Path

import pytest

from tests.simulation.history import Embedded, play
from tests.simulation.narrator import told_from
from tests.simulation.watch import violations

SEEDS_A_CHUNK = 50
CHUNKS = 20


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_that_must_hold_is_violated(chunk: int, tmp_path: Path) -> None:
    for seed in range(chunk * SEEDS_A_CHUNK, (chunk + 1) * SEEDS_A_CHUNK):
        operations, run = told_from(seed)
        found = list(violations(run))
        assert not found, f"python -m tests.simulation {seed}\n" + "\n".join(found)
        if seed % 10 == 0:
            again = play(operations, Embedded(tmp_path / str(seed)))
            assert again.entry_bytes == run.entry_bytes, f"python -m tests.simulation {seed}"
            assert again == run, f"python -m tests.simulation {seed}"
