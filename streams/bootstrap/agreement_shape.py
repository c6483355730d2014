"""What may stand in an agreement file: its records, and the meaning of each key.

The file is TOML. Dates are local (Europe/Helsinki): `valid_from` is the first day a record holds,
`valid_to` the last day it holds, itself included; a record without them always holds. Every record
may carry `law_ref` and `verified`; `verified` is true only when a person has checked the statute.
Services and the bounce rule are tables, or arrays of tables where they change on a date.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streams.bootstrap.agreement_clock_values import (
    DeskDelivery,
    DutyReason,
    Evidence,
    PauseBound,
    Role,
    RungMoment,
    Scope,
    ShareOrMoment,
    TimeOfDay,
    Trigger,
    Unit,
    WarningShare,
    WhichCalendar,
    WorkingHours,
)
from streams.bootstrap.agreement_values import (
    AgencyCode,
    BranchCode,
    BusinessId,
    CalendarName,
    Categories,
    County,
    Day,
    Delivery,
    Duration,
    KindCode,
    Municipality,
    Oid,
    Place,
    PriorityCode,
    Profile,
    Promised,
    PurposeCode,
    Purposes,
    ReasonCode,
    RuleBasis,
    RuleName,
    SectorCode,
    Sectors,
    ServiceCode,
    StatementBasis,
    TaskCode,
    Text,
    XroadMember,
)


class Record(BaseModel):
    """A table of the file: no key that is not known, no value of another kind than asked for."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Dated(Record):
    """A record that may hold for a time, and may rest on a law."""

    valid_from: Day | None = Field(None, description="First local day on which the record holds.")
    valid_to: Day | None = Field(
        None, description="Last local day on which the record holds, that day included."
    )
    law_ref: str = Field("", description="Statute and section that the record rests on.")
    verified: bool = Field(
        default=False, description="True only when a person has checked the record against law_ref."
    )


class Region(Record):
    """`[region]`: which region and profile, since when, and how long things wait."""

    id: Text
    profile: Profile
    valid_from: Day = Field(description="First local day of this version of the agreement.")
    valid_to: Day | None = Field(None, description="Last local day of this version, included.")
    calendar: CalendarName = Field(
        "fi", description="Reads calendar-NAME.toml beside the file, else the shipped one."
    )
    awaiting_basis_for: Duration = Field(
        "30d", description="A handoff that waits longer for a legal basis is cancelled."
    )
    park_for: Duration = Field(
        "24h", description="How long an answer waits for the referral it names."
    )
    deliver_for: Duration = Field(
        "3d", description="How long dispatch retries a notice before it is undeliverable."
    )


class Names(Record):
    """What an agency is called in each language."""

    fi: Text
    sv: Text
    en: Text


class OfficeHours(Record):
    """`office_hours` of an agency, on working days, by the local clock."""

    opens: TimeOfDay
    closes: TimeOfDay


class DeskRecord(Record):
    """`[[agency.desk]]`: where people of an agency read a role's escalations."""

    role: Role
    delivery: DeskDelivery = Field(description='"email:ADDRESS" or "webhook:https://...".')


class AgencyRecord(Dated):
    """`[[agency]]`: one agency of the region, and the area it serves."""

    id: AgencyCode
    sector: SectorCode
    name: Names
    business_id: BusinessId
    oid: Oid
    xroad_member: XroadMember
    municipalities: list[Place] = Field(description='Three-digit codes, or "*" for all.')
    counties: list[County] = Field(
        default=[], description="Wellbeing services counties whose area it serves."
    )
    delivery: Delivery = "none"
    office_hours: OfficeHours = Field(
        OfficeHours(opens="08:00", closes="16:15"), description="On working days."
    )
    closed_days: list[Day] = Field(
        default=[], description='Its own closed days, for clocks with calendar = "agency".'
    )
    silent_after: WorkingHours | None = Field(
        None, description="Working hours without a message after which its silence is told."
    )
    records: list[KindCode] | None = Field(
        None,
        description="Kinds of statements that it may record; without it consent and prohibition, "
        "and permit where its sector is sote.",
    )
    desk: list[DeskRecord] = []


class RecipientRecord(Record):
    """`[[service.CODE.recipient]]`: an agency that answers instead of the sector's own."""

    agency: AgencyCode
    source_sectors: list[SectorCode] = Field(default=[], description="Empty: any source.")
    municipalities: list[Municipality] = Field(default=[], description="Empty: any municipality.")


class ServiceRecord(Dated):
    """`[service.CODE]`: what a service's data is for, and who is competent."""

    purpose: PurposeCode
    default_categories: Categories = Field(description="Of a referral that names none.")
    competent_sector: SectorCode
    branch: BranchCode | None = Field(
        None,
        description="Of sote: health or social. Says which permit covers data that goes to it.",
    )
    service_task: TaskCode | None = Field(
        None, description="Code of a [[service_task]] whose data its referrals carry."
    )
    recipient: list[RecipientRecord] = []


class ServiceTaskRecord(Record):
    """`[[service_task]]`: a service task (palvelutehtävä) whose data a person may prohibit."""

    code: TaskCode
    name: Names


class BasisRecord(Dated):
    """`[[basis]]`: a statute or the TYP act; lists stand for every pair of different sectors."""

    kind: RuleBasis
    from_sector: Sectors
    to_sector: Sectors
    purpose: Purposes
    categories: Categories = Field(min_length=1)
    overrides_prohibition: bool = False


class StatementRecord(Dated):
    """`[[statement]]`: what the agencies know rests on the person's own word; permits nothing."""

    kind: StatementBasis
    from_sector: Sectors
    to_sector: Sectors
    purpose: Purposes
    categories: Categories = Field(min_length=1)


class RungRecord(Record):
    """`[[clock.rung]]`: when which role is told; exactly one of `at`, `before` and `after`.

    `at` is a share of the budget (1 is when it is due), or a time after the start.
    """

    to: Text = Field(description="recipient, source, coordinator, management, or an agency's id.")
    at: ShareOrMoment | None = None
    before: RungMoment | None = Field(None, description='A time before due, as "1wd".')
    after: RungMoment | None = Field(None, description='A time after due, as "3wd".')
    office_hours: bool = Field(
        default=False, description="Outside the owner's office hours it waits until they open."
    )


class ClockRecord(Dated):
    """`[[clock]]`: a deadline of a handoff, of a case, of a person or of a recall.

    A trigger is a handoff's status (`accepted`, `rejected/misdirected`), a milestone (`plan_made`,
    `sickness_benefit_days/60`), or an event's class (`WorkerNamed`). A recall's clock is moved by
    `RecallIssued` and `RecallAcknowledged` alone. `valid_from` and `valid_to`
    are of the start: a clock that runs keeps its rule.
    """

    rule: RuleName
    scope: Scope = "handoff"
    unit: Unit
    limit: Annotated[int, Field(ge=0, le=10_000)] = Field(
        description="0 days: due at the end of the day itself."
    )
    calendar: WhichCalendar = Field(
        "national", description="agency: the owner's own closed days count as well."
    )
    days_a_week: Annotated[int, Field(ge=5, le=6)] = Field(
        5, description="Benefit days in a week: Monday to Friday, or to Saturday."
    )
    starts_on: list[Trigger] = Field(min_length=1)
    met_on: list[Trigger] = Field(min_length=1)
    cancelled_on: list[Trigger] = []
    pauses_on: list[Trigger] = []
    resumes_on: list[Trigger] = Field(
        default=[], description="Empty: leaving what paused the clock resumes it."
    )
    pause_at_most: PauseBound | None = Field(
        None, description="How long all pauses together may stop the clock."
    )
    services: list[ServiceCode] = Field(default=[], description="Empty: any.")
    source_sectors: list[SectorCode] = Field(
        default=[], description="Of the source; for a person's clock of who reports the start."
    )
    priorities: list[PriorityCode] = Field(default=[], description="Empty: any.")
    age_from: Annotated[int, Field(ge=0, le=150)] | None = None
    age_under: Annotated[int, Field(ge=1, le=150)] | None = None
    typ_member: bool | None = None
    owner_sector: SectorCode | None = Field(None, description="Whose duty a person's clock is.")
    heard_from: list[SectorCode] = Field(
        default=[], description="Sectors beside the owner whose milestones move the clock."
    )
    warn_at: list[WarningShare] = Field(
        default=[], description="Fractions of the budget at which the recipient is warned."
    )
    rung: list[RungRecord] = []
    statutory: bool = False
    evidence: Evidence | None = Field(None, description="How the day count is known.")


class DutyRecord(Dated):
    """`[[duty]]`: an obligation that no clock can watch, kept so that nobody takes it for watched.

    `reason` is `no-day-count` where the law gives none, `no-event` where no contract event tells
    that it began or ended.
    """

    rule: RuleName
    obligation: Text
    reason: DutyReason
    evidence: Evidence


class RejectRecord(Dated):
    """`[[reject]]`: a reason to say no, and whether the hub then passes the referral on.

    A file that has any agrees on those alone; one that has none takes every known reason, and
    passes on what is misdirected.
    """

    reason: ReasonCode
    reroutes: bool = False


class BounceRecord(Dated):
    """`[bounce]`: when a person counts as bounced, and who then brings the parties together."""

    window_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    limit: Annotated[int, Field(ge=1, le=100)] = 3
    coordinator: AgencyCode


class Promise(Record):
    """`[promise]`: what the agencies promise of the whole path; lint holds the clocks to it."""

    first_service_within: Promised = Field(
        description="From the referral to the start of the service."
    )


class AgreementFile(Record):
    """One version of a region's agreement, as a file holds it."""

    region: Region
    agency: list[AgencyRecord] = Field(min_length=1)
    service: dict[ServiceCode, list[ServiceRecord]] = Field(min_length=1)
    service_task: list[ServiceTaskRecord] = []
    basis: list[BasisRecord] = []
    statement: list[StatementRecord] = []
    clock: list[ClockRecord] = []
    duty: list[DutyRecord] = []
    reject: list[RejectRecord] = []
    bounce: list[BounceRecord] = Field(min_length=1)
    promise: Promise | None = None


RECORDS: dict[tuple[str, ...], type[Record]] = {
    (): AgreementFile,
    ("region",): Region,
    ("agency",): AgencyRecord,
    ("agency", "name"): Names,
    ("agency", "office_hours"): OfficeHours,
    ("agency", "desk"): DeskRecord,
    ("service",): ServiceRecord,
    ("service", "recipient"): RecipientRecord,
    ("service_task",): ServiceTaskRecord,
    ("service_task", "name"): Names,
    ("basis",): BasisRecord,
    ("statement",): StatementRecord,
    ("clock",): ClockRecord,
    ("clock", "rung"): RungRecord,
    ("duty",): DutyRecord,
    ("reject",): RejectRecord,
    ("bounce",): BounceRecord,
    ("promise",): Promise,
}
"""Which record stands where, by the names of the tables on the way; a service's code left out."""
