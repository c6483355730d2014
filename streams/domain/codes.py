"""Codes that agencies and the hub agree on; names in fi, sv and en are data, beside the wire codes.

Every list can grow: `unknown` is what an older reader sees for a code that came after it.
"""

from enum import StrEnum


class Service(StrEnum):
    """What a person is referred to."""

    UNKNOWN = "unknown"
    WORK_ABILITY_COORDINATION = "work_ability_coordination"
    WORK_ABILITY_ASSESSMENT = "work_ability_assessment"
    SERVICE_NEED_ASSESSMENT = "service_need_assessment"
    SOCIAL_REHABILITATION = "social_rehabilitation"
    MULTI_SECTOR_SUPPORT = "multi_sector_support"
    JOB_COACHING = "job_coaching"
    VOCATIONAL_REHABILITATION = "vocational_rehabilitation"
    EMPLOYMENT_SERVICES = "employment_services"


class Category(StrEnum):
    """Data categories, from the TYP register's list (facts 2.3)."""

    UNKNOWN = "unknown"
    IDENTITY = "identity"
    CONTACT = "contact"
    TYP_MEMBERSHIP = "typ_membership"
    EDUCATION_WORK_HISTORY = "education_work_history"
    SOCIAL_SITUATION = "social_situation"
    HEALTH_FUNCTIONAL_ABILITY = "health_functional_ability"
    SERVICE_NEEDS = "service_needs"
    PLAN = "plan"


class RejectReason(StrEnum):
    """Why a recipient said no."""

    UNKNOWN = "unknown"
    MISDIRECTED = "misdirected"
    NO_CAPACITY = "no-capacity"
    NOT_ELIGIBLE = "not-eligible"
    ALREADY_SERVED = "already-served"
    INCOMPLETE = "incomplete"
    PERSON_DECLINED = "person-declined"
    OTHER = "other"


class Basis(StrEnum):
    """On what ground data may leave (facts 2.1)."""

    UNKNOWN = "unknown"
    CONSENT = "consent"
    SOTE_PERMIT = "sote_permit"
    STATUTE = "statute"
    TYP_MEMBERSHIP = "typ_membership"
    VITAL = "vital"


class Priority(StrEnum):
    """How soon a referral asks to be taken up."""

    UNKNOWN = "unknown"
    ROUTINE = "routine"
    URGENT = "urgent"


class Purpose(StrEnum):
    """What disclosed data is for."""

    UNKNOWN = "unknown"
    WORK_ABILITY = "work_ability"
    EMPLOYMENT = "employment"
    REHABILITATION = "rehabilitation"
    SOCIAL_CARE = "social_care"


class Branch(StrEnum):
    """The two branches of sote, between which data goes by permit (luovutuslupa, facts 2.4)."""

    UNKNOWN = "unknown"
    HEALTH = "health"
    SOCIAL = "social"


class Milestone(StrEnum):
    """A step on a person's path that an agency reports."""

    UNKNOWN = "unknown"
    JOB_SEARCH_STARTED = "job_search_started"
    INITIAL_INTERVIEW_HELD = "initial_interview_held"
    CONTACT_MADE = "contact_made"
    ASSESSMENT_STARTED = "assessment_started"
    ASSESSMENT_COMPLETED = "assessment_completed"
    PLAN_MADE = "plan_made"
    TYP_MEMBERSHIP_STARTED = "typ_membership_started"
    TYP_MEMBERSHIP_ENDED = "typ_membership_ended"
    SICKNESS_BENEFIT_DAYS = "sickness_benefit_days"
    UNEMPLOYMENT_BENEFIT_DAYS = "unemployment_benefit_days"


class Part(StrEnum):
    """What a sealed part of a message describes: a data category, or one of the hub's own kinds."""

    UNKNOWN = "unknown"
    IDENTITY = "identity"
    CONTACT = "contact"
    TYP_MEMBERSHIP = "typ_membership"
    EDUCATION_WORK_HISTORY = "education_work_history"
    SOCIAL_SITUATION = "social_situation"
    HEALTH_FUNCTIONAL_ABILITY = "health_functional_ability"
    SERVICE_NEEDS = "service_needs"
    PLAN = "plan"
    REMARK = "remark"
    """Free text of an answer or a request, from one party of a handoff to the other."""
    WORKER = "worker"
    """Who was named to walk with the person: name, role, unit."""
    MANDATE = "mandate"
    """On what mandate a proxy spoke for the person. Evidence only: in no notice."""
    EVIDENCE = "evidence"
    """Where a statement's evidence lies at its agency. Evidence only: in no notice."""
    OFFICIAL = "official"
    """Who wrote the message at the agency. Evidence only: in no notice."""
    RAW_DIGEST = "raw_digest"
    """HMAC of the message as received, under the person's key. Evidence only: in no notice."""


class Status(StrEnum):
    """Where a handoff stands, in FHIR Task's codes and three of the hub's own."""

    UNKNOWN = "unknown"
    AWAITING_BASIS = "awaiting-basis"
    REQUESTED = "requested"
    RECEIVED = "received"
    INFO_NEEDED = "info-needed"
    UNDELIVERABLE = "undeliverable"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ENTERED_IN_ERROR = "entered-in-error"


class NoticeKind(StrEnum):
    """What a notice tells its receiver."""

    UNKNOWN = "unknown"
    REFERRAL = "referral"
    STATUS = "status"
    REFUSAL = "refusal"
    RECALL = "recall"
    ESCALATION = "escalation"
    CONVENE = "convene"
    INFORMATION_REQUEST = "information-request"
    INFORMATION = "information"
