"""A person's statements, recorded and ended; open handoffs are then decided again."""

from streams.domain import disclosure
from streams.domain.codes import Branch
from streams.domain.entry import StatementRecorded
from streams.domain.ids import AgencyId, Instant, StatementId
from streams.domain.person import Statement
from streams.domain.statements import (
    ConsentGiven,
    ConsentWithdrawn,
    DisclosureProhibited,
    ProhibitionLifted,
    StatementKind,
)
from streams.domain.submission import refuse
from streams.domain.turn import Turn


def record(turn: Turn, event: ConsentGiven | DisclosureProhibited) -> None:
    """Note a statement; a newer version replaces the one of the same id by the same recorder."""
    recorder, occurred_at = event.envelope.agency, event.envelope.occurred_at
    kind = event.kind if isinstance(event, ConsentGiven) else StatementKind.PROHIBITION
    if _is_older(turn, recorder, event.statement_id, occurred_at):
        turn.facts.append(StatementRecorded(event.statement_id, recorder, "superseded"))
        return
    statement = Statement(
        event.statement_id,
        recorder,
        kind,
        event.to_branch if isinstance(event, ConsentGiven) else Branch.UNKNOWN,
        event.sources,
        event.recipients,
        event.purposes,
        event.categories,
        event.documents if isinstance(event, DisclosureProhibited) else (),
        event.service_tasks if isinstance(event, DisclosureProhibited) else (),
        event.valid_from,
        event.valid_to,
        occurred_at,
        ended=False,
    )
    _put(turn, statement)
    turn.facts.append(StatementRecorded(event.statement_id, recorder, "in-force"))
    disclosure.reconsider(turn)


def end(turn: Turn, event: ConsentWithdrawn | ProhibitionLifted) -> None:
    """End a statement; one not known yet is noted as ended, so that it cannot begin late.

    A withdrawal ends no prohibition, and lifting a prohibition ends no consent: refused.
    """
    recorder, occurred_at = event.envelope.agency, event.envelope.occurred_at
    lifted = isinstance(event, ProhibitionLifted)
    if _is_older(turn, recorder, event.statement_id, occurred_at):
        turn.facts.append(StatementRecorded(event.statement_id, recorder, "superseded"))
        return
    if _is_of_another_kind(turn, recorder, event.statement_id, lifted=lifted):
        refuse(turn, "statement-of-another-kind", None)
        return
    kind = StatementKind.PROHIBITION if lifted else StatementKind.CONSENT
    _put(
        turn,
        Statement(
            event.statement_id,
            recorder,
            kind,
            Branch.UNKNOWN,
            (),
            (),
            (),
            (),
            (),
            (),
            None,
            None,
            occurred_at,
            ended=True,
        ),
    )
    turn.facts.append(StatementRecorded(event.statement_id, recorder, "ended"))
    disclosure.reconsider(turn)


def _is_older(
    turn: Turn, recorder: AgencyId, statement_id: StatementId, occurred_at: Instant
) -> bool:
    return any(
        known.statement_id == statement_id
        and known.recorder == recorder
        and occurred_at < known.occurred_at
        for known in turn.hot.statements
    )


def _is_of_another_kind(
    turn: Turn, recorder: AgencyId, statement_id: StatementId, *, lifted: bool
) -> bool:
    return any(
        known.statement_id == statement_id
        and known.recorder == recorder
        and (known.kind is StatementKind.PROHIBITION) is not lifted
        for known in turn.hot.statements
    )


def _put(turn: Turn, statement: Statement) -> None:
    key = (statement.recorder, statement.statement_id)
    others = [s for s in turn.hot.statements if (s.recorder, s.statement_id) != key]
    turn.hot = turn.hot._replace(statements=(*others, statement))
