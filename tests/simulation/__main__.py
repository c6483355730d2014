"""`python -m tests.simulation SEED`: tell a history again, and show what is wrong in it.

Shows the history as it is or, with `--shortest`, without the acts that the fault can spare;
`--digests` shows what two processes are compared by.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256

from streams.domain.calendar import moment
from streams.promises.engine import DeadLetter
from tests.simulation.act import Act, acts_of
from tests.simulation.history import Run, Taken
from tests.simulation.narrator import persons_of, told, told_from
from tests.simulation.shorter import shortest
from tests.simulation.watch import violations


def main() -> int:
    """Tell one history; exit 1 where a checker found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument(
        "--shortest", action="store_true", help="leave out what the fault can spare"
    )
    parser.add_argument("--digests", action="store_true", help="show only what came of it")
    asked = parser.parse_args()
    if asked.digests:
        sys.stdout.writelines(f"{digest}\n" for digest in digests(told_from(asked.seed)[1]))
        return 0
    acts, persons = list(acts_of(asked.seed)), persons_of(asked.seed)
    if asked.shortest and _faults(acts, persons):
        faulty = _faults(acts, persons)
        acts = shortest(acts, lambda left: bool(faulty & _faults(left, persons)))
    _, run = told(acts, persons)
    found = list(violations(run))
    for line in (*map(str, acts), *shown(run), *(f"!! {each}" for each in found)):
        sys.stdout.write(f"{line}\n")
    return 1 if found else 0


def digests(run: Run) -> Iterator[str]:
    """Give the digest of all states, and each entry's digest and that of all its bytes."""
    yield run.state_digest.hex()
    for stored, data in zip(run.ledger, run.entry_bytes, strict=True):
        yield f"{stored.entry_digest.hex()} {sha256(data).hexdigest()}"


def shown(run: Run) -> Iterator[str]:
    """Show what came in and what the ledger made of it, an entry a line, a fact a line."""
    for taken in run.inputs:
        yield _input(taken)
    for stored in run.ledger:
        entry = stored.entry
        head = entry.event.envelope
        yield (
            f"{entry.person[:8]} #{entry.sequence} {moment(entry.recorded_at):%Y-%m-%dT%H:%MZ}"
            f" {type(entry.event).__name__} by {head.agency} {head.source_ref.message_id}"
        )
        for fact in entry.facts:
            yield f"    {fact}"
        for notice in entry.deliveries:
            parts = " ".join(part.part for part in notice.content)
            yield f"    > {notice.kind} to {notice.to}: {notice.detail} [{parts}]"


def _input(taken: Taken) -> str:
    name = "garbled" if isinstance(taken.given, DeadLetter) else type(taken.given).__name__
    return f"< {name}: {taken.outcome.status} {taken.outcome.rule}"


def _faults(acts: Sequence[Act], persons: int) -> set[str]:
    return {found.partition(":")[0] for found in violations(told(acts, persons)[1])}


if __name__ == "__main__":
    sys.exit(main())
