"""`kill -9` at each named point around a firing: no rung is missed, and none is told twice."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import Hub
from streams.bootstrap.replay import replay
from streams.domain.clock_facts import ClockBreached, ClockWarned, Escalated
from streams.domain.ids import ClockId
from streams.engines.embedded import EmbeddedEngine
from tests.engines.killing import POINTS, TO

pytestmark = pytest.mark.usefixtures("unmeasured")

KILLS = 100
ROOT = Path(__file__).parents[2]


def played(folder: Path, kills: int) -> dict[str, int]:
    """Play a hub to its end; give how often it was killed at each point."""
    command = [sys.executable, "-m", "tests.engines.killing", str(folder), str(kills)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    killed: dict[str, int] = json.loads(said)
    return killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert not sum(played(folder, 0).values())
    return folder / "hub"


def rungs(engine: EmbeddedEngine) -> Counter[tuple[str, ClockId, str]]:
    """Count how often each rung of each clock was told, and each breach."""
    return Counter(
        (type(fact).__name__, fact.clock_id, getattr(fact, "rung", ""))
        for stored in engine.ledger()
        for fact in stored.entry.facts
        if isinstance(fact, ClockWarned | ClockBreached | Escalated)
    )


def test_a_hub_killed_a_hundred_times_misses_no_rung_and_repeats_none(
    tmp_path: Path, undisturbed: Path
) -> None:
    # Given the same hub, with the same secrets
    shutil.copy(f"{undisturbed}.key", tmp_path / "hub.key")
    # When it is killed at each point around its firings
    assert played(tmp_path, KILLS) == dict.fromkeys(POINTS, KILLS // len(POINTS))
    # Then it stands where the other stands, byte for byte, with every rung told once
    killed = EmbeddedEngine(tmp_path / "hub", load_agreements(), writes=False)
    whole = EmbeddedEngine(undisturbed, load_agreements(), writes=False)
    told, notices = rungs(whole), {n for s in killed.ledger() for n in s.entry.deliveries}
    assert rungs(killed) == told
    assert len(told) >= KILLS
    assert set(told.values()) == {1}
    assert killed.entry_bytes() == whole.entry_bytes()
    assert killed.state_digest() == whole.state_digest()
    assert killed.lag_us(TO) == 0
    for engine in (killed, whole):
        engine.close()
    # And every notice lies in its receiver's outbox, under its one name
    written = sorted(file.stem for file in (tmp_path / "hub" / "outbox").rglob("n-*"))
    assert written == sorted(notice.notice_id for notice in notices)
    with Hub(tmp_path / "hub", durable=False) as hub:
        assert replay(hub).agrees
