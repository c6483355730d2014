"""Whatever is done in whatever order, the engines agree to the byte and nothing is violated."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.act import DICE_SIDES, WAITS_US, Act, Verb
from tests.simulation.history import Embedded, play
from tests.simulation.narrator import told
from tests.simulation.watch import violations

# Repeats, reorder, restarts and late clocks are acts among the others.
ACTS = st.lists(
    st.builds(
        Act,
        verb=st.sampled_from(Verb),
        rest=st.integers(0, len(WAITS_US) - 1),
        late=st.integers(0, 3),
        number=st.integers(0, DICE_SIDES - 1),
    ),
    max_size=14,
)


@given(acts=ACTS, persons=st.integers(1, 3))
def test_engines_agree_on_any_history_and_nothing_is_violated(
    acts: list[Act], persons: int
) -> None:
    operations, run = told(acts, persons)
    assert not list(violations(run))
    with TemporaryDirectory() as folder:
        assert play(operations, Embedded(Path(folder))) == run
