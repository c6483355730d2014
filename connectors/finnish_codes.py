"""Finnish wire codes: what JSON and XML call the codes of the contract, both ways.

The tables are those of `tests/data/domain/codes.csv`; a test holds them together.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from streams.domain.answers import (
    HandoffAccepted,
    HandoffReceived,
    HandoffRejected,
    InformationProvided,
    InformationRequested,
    ServiceCompleted,
    ServiceFailed,
    ServicePaused,
    ServiceStarted,
)
from streams.domain.codes import (
    Basis,
    Branch,
    Category,
    Milestone,
    Priority,
    Purpose,
    RejectReason,
    Service,
    Status,
)
from streams.domain.entry import Act
from streams.domain.statements import GivenBy, StatementKind

SERVICES = {
    "TYOKYKYKOORDINAATTORI": Service.WORK_ABILITY_COORDINATION,
    "TYOKYVYN_ARVIOINTI": Service.WORK_ABILITY_ASSESSMENT,
    "PALVELUTARPEEN_ARVIOINTI": Service.SERVICE_NEED_ASSESSMENT,
    "SOSIAALINEN_KUNTOUTUS": Service.SOCIAL_REHABILITATION,
    "MONIALAINEN_TUKI": Service.MULTI_SECTOR_SUPPORT,
    "TYOHONVALMENNUS": Service.JOB_COACHING,
    "AMMATILLINEN_KUNTOUTUS": Service.VOCATIONAL_REHABILITATION,
    "TYOLLISYYSPALVELU": Service.EMPLOYMENT_SERVICES,
}
CATEGORIES = {
    "PERUSTIEDOT": Category.IDENTITY,
    "YHTEYSTIEDOT": Category.CONTACT,
    "TYP_ASIAKKUUS": Category.TYP_MEMBERSHIP,
    "KOULUTUS_TYOHISTORIA": Category.EDUCATION_WORK_HISTORY,
    "SOSIAALINEN_TILANNE": Category.SOCIAL_SITUATION,
    "TYOKYKY": Category.HEALTH_FUNCTIONAL_ABILITY,
    "PALVELUTARVE": Category.SERVICE_NEEDS,
    "SUUNNITELMA": Category.PLAN,
}
REJECT_REASONS = {
    "VAARA_VIRANOMAINEN": RejectReason.MISDIRECTED,
    "EI_KAPASITEETTIA": RejectReason.NO_CAPACITY,
    "EI_KRITEERIEN_MUKAINEN": RejectReason.NOT_ELIGIBLE,
    "JO_PALVELUSSA": RejectReason.ALREADY_SERVED,
    "PUUTTEELLINEN": RejectReason.INCOMPLETE,
    "ASIAKAS_EI_HALUA": RejectReason.PERSON_DECLINED,
    "MUU": RejectReason.OTHER,
}
BASES = {
    "SUOSTUMUS": Basis.CONSENT,
    "LUOVUTUSLUPA": Basis.SOTE_PERMIT,
    "LAKI": Basis.STATUTE,
    "TYP_LAKI": Basis.TYP_MEMBERSHIP,
    "VALTTAMATON_ETU": Basis.VITAL,
}
PRIORITIES = {"NORMAALI": Priority.ROUTINE, "KIIREELLINEN": Priority.URGENT}
PURPOSES = {
    "TYOKYVYN_TUKI": Purpose.WORK_ABILITY,
    "TYOLLISTYMINEN": Purpose.EMPLOYMENT,
    "KUNTOUTUS": Purpose.REHABILITATION,
    "SOSIAALIHUOLTO": Purpose.SOCIAL_CARE,
}
MILESTONES = {
    "TYONHAKU_ALKANUT": Milestone.JOB_SEARCH_STARTED,
    "ALKUHAASTATTELU": Milestone.INITIAL_INTERVIEW_HELD,
    "YHTEYDENOTTO": Milestone.CONTACT_MADE,
    "ARVIOINTI_ALKANUT": Milestone.ASSESSMENT_STARTED,
    "ARVIOINTI_VALMIS": Milestone.ASSESSMENT_COMPLETED,
    "SUUNNITELMA_LAADITTU": Milestone.PLAN_MADE,
    "TYP_ALKOI": Milestone.TYP_MEMBERSHIP_STARTED,
    "TYP_PAATTYI": Milestone.TYP_MEMBERSHIP_ENDED,
    "SAIRAUSPAIVAT": Milestone.SICKNESS_BENEFIT_DAYS,
    "TYOTTOMYYSPAIVAT": Milestone.UNEMPLOYMENT_BENEFIT_DAYS,
}
GIVERS = {
    "ASIAKAS": GivenBy.SELF,
    "HUOLTAJA": GivenBy.GUARDIAN,
    "VALTUUTETTU": GivenBy.PROXY,
}
STATEMENT_KINDS = {"SUOSTUMUS": StatementKind.CONSENT, "LUOVUTUSLUPA": StatementKind.PERMIT}
DIRECTIONS = {
    "TERVEYDESTA_SOSIAALIIN": Branch.SOCIAL,
    "SOSIAALISTA_TERVEYTEEN": Branch.HEALTH,
}
"""Which way a permit lets data go: the branch of sote that it goes to."""
ACT_CODES = {Act.GIVE: "ANNA", Act.LIFT: "KUMOA", Act.BEGIN: "ALOITA"}
"""What the source may ask the person to do, so that data may leave: only the hub says these."""
SECTORS = {"SOTE": "sote", "TYOLLISYYS": "employment", "KELA": "kela", "TYP": "typ"}
"""What the wire calls the sectors of an agreement."""

ANSWERS: dict[
    str,
    type[HandoffReceived]
    | type[HandoffAccepted]
    | type[HandoffRejected]
    | type[InformationRequested]
    | type[InformationProvided]
    | type[ServiceStarted]
    | type[ServicePaused]
    | type[ServiceCompleted]
    | type[ServiceFailed],
] = {
    "VASTAANOTETTU": HandoffReceived,
    "HYVAKSYTTY": HandoffAccepted,
    "HYLATTY": HandoffRejected,
    "LISATIETOPYYNTO": InformationRequested,
    "LISATIEDOT_ANNETTU": InformationProvided,
    "ALOITETTU": ServiceStarted,
    "JATKETTU": ServiceStarted,
    "KESKEYTETTY": ServicePaused,
    "PAATTYNYT": ServiceCompleted,
    "EPAONNISTUI": ServiceFailed,
}
"""`tila` of an answer: the contract event it makes."""

SERVICE_CODES = {service: code for code, service in SERVICES.items()}
CATEGORY_CODES = {category: code for code, category in CATEGORIES.items()}
REJECT_REASON_CODES = {reason: code for code, reason in REJECT_REASONS.items()}
BASIS_CODES = {basis: code for code, basis in BASES.items()}
PRIORITY_CODES = {priority: code for code, priority in PRIORITIES.items()}
PURPOSE_CODES = {purpose: code for code, purpose in PURPOSES.items()}
MILESTONE_CODES = {milestone: code for code, milestone in MILESTONES.items()}
SECTOR_CODES = {sector: code for code, sector in SECTORS.items()}

STATUS_CODES = {
    Status.AWAITING_BASIS: "ODOTTAA_PERUSTETTA",
    Status.REQUESTED: "LAHETETTY",
    Status.RECEIVED: "VASTAANOTETTU",
    Status.INFO_NEEDED: "LISATIETOPYYNTO",
    Status.UNDELIVERABLE: "TOIMITTAMATTA",
    Status.ACCEPTED: "HYVAKSYTTY",
    Status.IN_PROGRESS: "ALOITETTU",
    Status.ON_HOLD: "KESKEYTETTY",
    Status.COMPLETED: "PAATTYNYT",
    Status.FAILED: "EPAONNISTUI",
    Status.CANCELLED: "PERUTTU",
    Status.REJECTED: "HYLATTY",
    Status.ENTERED_IN_ERROR: "VIRHEELLINEN",
}
"""What a notice calls a handoff's status; what an answer can bring has the answer's own code."""

_CODE_LENGTH_MAX = 64


def nearest(code: str, known: Iterable[str]) -> str:
    """Give the known code that `code` most resembles, in upper or lower case; `known` is not empty.

    Always the same for the same codes, in whatever order they come.
    """
    folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    # Comparing costs the square of the length, and a sender chooses the length.
    asked = code[:_CODE_LENGTH_MAX].casefold()
    return folded[get_close_matches(asked, sorted(folded), n=1, cutoff=0.0)[0]]
