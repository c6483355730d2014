"""A person sent to and fro, and the table to which the coordinating agency is convened."""

from streams.domain.agreement import Agreement
from streams.domain.codes import Category, NoticeKind
from streams.domain.entry import RecallIssued
from streams.domain.hub_events import DeliveryStarted, NoticeDelivered, NoticeUndeliverable
from streams.domain.ids import AgencyId, Instant, NoticeId
from tests.domain.lane import Lane
from tests.domain.region import REGION, SOTE, TYP, at
from tests.domain.speaker import Speaker

Report = type[DeliveryStarted] | type[NoticeDelivered] | type[NoticeUndeliverable]


class Table:
    """A person whom sote has rejected three times: TYP is convened, on a consent of its own."""

    def __init__(
        self,
        coordinator: AgencyId = TYP,
        *,
        valid_to: Instant | None = None,
        agreement: Agreement = REGION,
    ) -> None:
        """Bring the parties to the coordinator's table."""
        region = agreement._replace(bounce=agreement.bounce._replace(coordinator=coordinator))
        self.lane, self.says = Lane(region), Speaker()
        self.lane.hear(self.says.consents(at(days=-1), statement="S-sote"))
        told = self.says.consents(
            at(days=-1), recipient=TYP, statement="S-typ", valid=(None, valid_to)
        )
        self.lane.hear(told)
        for hour in (0, 3, 6):
            self.lane.hear(self.says.refers(at(hours=hour)))
            self.handoff_id = self.lane.handoff.handoff_id
            self.lane.hear(self.says.rejects(at(hours=hour + 1), SOTE, self.handoff_id))
        self.notice_id: NoticeId = self.lane.told(NoticeKind.CONVENE).notice_id

    def reports(
        self, kind: Report, hours: float, notice_id: NoticeId | None = None, to: AgencyId = TYP
    ) -> str:
        """Report what became of the coordinator's notice; give the rule that refuses it."""
        named = notice_id if notice_id is not None else self.notice_id
        report = self.says.dispatch(
            kind, at(hours=hours), named, self.handoff_id, to, NoticeKind.CONVENE
        )
        return self.lane.hear(report).rule

    def narrows(self, hours: float, *categories: Category) -> None:
        """Leave the coordinator these categories, none to let it have nothing."""
        self.lane.hear(
            self.says.consents(
                at(hours=hours), recipient=TYP, categories=categories, statement="S-typ"
            )
        )

    def recalls(self) -> list[tuple[AgencyId, tuple[Category, ...]]]:
        """Give what was recalled from whom."""
        issued = self.lane.all_facts(RecallIssued)
        assert all(fact.handoff_id == self.handoff_id for fact in issued if fact.to == TYP)
        return [(fact.to, fact.categories) for fact in issued]

    def waits(self) -> bool:
        """Say whether a notice of the coordinator has not arrived."""
        return bool(self.lane.hot.convened)
