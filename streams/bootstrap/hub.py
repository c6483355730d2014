"""An embedded hub put together: one folder, its secrets, the region's agreement, and every part."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.agreement_history import keep_agreements
from streams.bootstrap.connectors import connector_of
from streams.bootstrap.rendering import Wire, on_the_wire
from streams.domain import statement
from streams.domain.agreement import Agreements
from streams.domain.entry import Notice, Problem
from streams.domain.ids import AgencyId, Instant
from streams.engines.embedded import FILE as LEDGER_FILE
from streams.engines.embedded import EmbeddedEngine
from streams.engines.keys_sqlite import SqliteKeyStore
from streams.normalise.receive import ReceiveStep, UnknownSenderError
from streams.normalise.stamping import Received
from streams.promises.engine import DeadLetter, Outcome
from streams.promises.receipt import Receipt
from streams.sealing.hub_secrets import open_secrets, secrets_file
from streams.sealing.pseudonyms import Pseudonyms
from streams.sealing.sealer import Sealer

GROUP_MESSAGES = 512
"""Messages in one commit: what is lost of speed by more commits, is lost of promptness by fewer."""
KEYS_FILE = "keys.db"
_MENDS = {
    "id-reused": "the message id is known with other content: send it with a higher version",
    statement.MAY_NOT_RECORD: "the agreement does not let your agency record such a statement: let "
    "one record it that may, or have `records` changed",
    statement.NO_SUCH_STATEMENT: "your agency never recorded a statement of this id: name the one "
    "that is meant; until then nothing older of this id can begin",
    statement.HAS_ENDED: "the statement has ended already: there is nothing left to end",
    statement.OF_ANOTHER_KIND: "a withdrawal ends no prohibition, and a lifting no consent: say "
    "which of the two is meant",
}


def wall_clock() -> Instant:
    """Give the time of the machine."""
    return Instant(time.time_ns() // 1000)


class Hub:
    """One embedded hub, open.

    Raises on opening:
        AgreementError: The region's agreement cannot be used.
        SecretsError: The secrets file cannot be used.
        UnavailableError: The folder is held by another process, or cannot be used.
    """

    def __init__(
        self,
        data: Path,
        *,
        region: Path | None = None,
        keys_file: Path | None = None,
        durable: bool = True,
        seed: bytes | None = None,
        agreements: Agreements | None = None,
    ) -> None:
        """Open a hub's folder for writing, made where it is missing.

        Args:
            data: The folder of ledger and keys.
            region: The agreement file or folder; None is the demonstration region.
            keys_file: The hub's secrets; None is `DATA.key` beside the folder.
            durable: Wait for the disk at every commit.
            seed: Demonstration only: person keys derive from it.
            agreements: Already loaded ones, in place of `region`.
        """
        self.agreements = agreements if agreements is not None else load_agreements(region)
        self.data = data
        place = keys_file if keys_file is not None else secrets_file(data)
        has_sealed = (data / KEYS_FILE).exists() or (data / LEDGER_FILE).exists()
        secrets, self.made_secrets = open_secrets(place, may_make=not has_sealed)
        self.secrets_place = place
        self.engine = EmbeddedEngine(data, self.agreements, durable=durable)
        try:
            keep_agreements(data, self.agreements)
            self.keys = SqliteKeyStore(
                data / KEYS_FILE, secrets.master, secrets_file=place, derive_from=seed
            )
        except BaseException:
            self.engine.close()
            raise
        self.pseudonyms = Pseudonyms(secrets.pseudonym)
        self.sealer = Sealer()
        self._steps: dict[str, ReceiveStep] = {}

    def __enter__(self) -> Self:
        """Use the hub as a context, closed at its end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the hub."""
        self.close()

    def ingest(
        self,
        agency: AgencyId,
        raw: bytes,
        recorded_at: Instant | None = None,
        transport_id: str | None = None,
    ) -> Iterator[list[Receipt]]:
        """Take in a file of an agency; give receipts a committed group at a time, in order.

        Args: agency: Who sent it, as the transport has authenticated. raw: The file's bytes.
        recorded_at: The hub's time; None is the machine's, or the hub's own where that is later.
        transport_id: The transport's own id of the request.

        Raises:
            UnknownSenderError: The region has no such agency.
            UnavailableError: A store cannot be used; the groups given before are kept.
        """
        at = recorded_at if recorded_at is not None else self.now()
        received = self._receive_step(agency, at).receive(raw, agency, at, transport_id)
        for start in range(0, len(received), GROUP_MESSAGES):
            group = received[start : start + GROUP_MESSAGES]
            # The keys first: what they sealed must never be kept without them.
            self.keys.commit()
            outcomes = self.engine.submit([each.taken for each in group])
            yield [receipt(agency, each, out) for each, out in zip(group, outcomes, strict=True)]

    def now(self) -> Instant:
        """Give the hub's time: the machine's, or its own virtual time where that is later."""
        return max(wall_clock(), self.engine.now())

    def render(self, notice: Notice) -> Wire | None:
        """Write a notice as its receiver wants it: body, media type and file ending.

        None where the person's key was destroyed: there is nobody left to tell of.
        """
        return on_the_wire(notice, self.agreements, self.keys, self.sealer)

    def close(self) -> None:
        """Let go of the folder."""
        self.keys.close()
        self.engine.close()

    def _receive_step(self, agency: AgencyId, at: Instant) -> ReceiveStep:
        known = self.agreements.in_force(at).agencies.get(agency)
        if known is None:
            raise UnknownSenderError(agency)
        step = self._steps.get(known.sector)
        if step is None:
            step = ReceiveStep(
                connector_of(known.sector),
                self.agreements,
                self.keys,
                self.pseudonyms,
                self.sealer,
            )
            self._steps[known.sector] = step
        return step


def receipt(agency: AgencyId, received: Received, outcome: Outcome) -> Receipt:
    """Say what became of a message."""
    taken = received.taken
    errors: tuple[Problem, ...] = ()
    if isinstance(taken, DeadLetter):
        errors = taken.errors
    elif outcome.rule:
        detail = _MENDS.get(outcome.rule, "refused by this rule; nothing was changed")
        pointer = received.about if outcome.rule in statement.REFUSALS else ""
        errors = (Problem(outcome.rule, pointer, detail, None),)
    return Receipt(
        outcome.event_id,
        agency,
        received.message_id,
        outcome.status,
        outcome.handoff_id,
        outcome.dead_letter_id,
        errors,
    )
