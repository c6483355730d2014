"""A notice as Kela's system takes it: an `<era>` with one `<viesti>`.

The shapes are Kela's own where Kela could have sent the same (`ohjaus`, `vastaus`), and elements of
the same namespace where it could not; `README.md` beside this module shows each. Everything comes
from the notice and its permitted details; the moment of sending does not, so that a retry is the
same bytes.
"""

from lxml.etree import _Element

from connectors.finnish_codes import (
    ACT_CODES,
    BASIS_CODES,
    CATEGORY_CODES,
    PRIORITY_CODES,
    PURPOSE_CODES,
    REJECT_REASON_CODES,
    SERVICE_CODES,
    STATUS_CODES,
)
from connectors.kela.wording import (
    UNKNOWN,
    attribute,
    child,
    child_if,
    moment,
    root,
    written,
)
from streams.domain.agreement import Agreement
from streams.domain.codes import Category, NoticeKind
from streams.domain.entry import Act, Decline, MissingBasis, Notice
from streams.domain.ids import AgencyId
from streams.promises.connector import Details, OpenNotice

OTHER_STATE = "MUU"
"""`tila` of a status notice that tells of something else than a status; `koodi` then says what."""

SHAPES = {
    NoticeKind.REFERRAL: ("ohjaus", "koodi"),
    NoticeKind.STATUS: ("vastaus", "koodi"),
    NoticeKind.INFORMATION_REQUEST: ("vastaus", "koodi"),
    NoticeKind.INFORMATION: ("vastaus", "koodi"),
    NoticeKind.REFUSAL: ("torjunta", "saanto"),
    NoticeKind.RECALL: ("takaisinveto", "koodi"),
    NoticeKind.ESCALATION: ("eskalaatio", "porras"),
    NoticeKind.CONVENE: ("koollekutsu", "laji"),
    NoticeKind.UNKNOWN: ("ilmoitus", "koodi"),
}
"""The element of each kind of notice, and the attribute that holds the notice's `detail`."""

_ALWAYS = {
    NoticeKind.INFORMATION_REQUEST: "LISATIETOPYYNTO",
    NoticeKind.INFORMATION: "LISATIEDOT_ANNETTU",
}
_VERSION = "1"
_REASONS = {reason.value: code for reason, code in REJECT_REASON_CODES.items()}
_STATES = {status.value: code for status, code in STATUS_CODES.items()}


def render(opened: OpenNotice, agreement: Agreement) -> bytes:
    """Write a notice as a batch of one message, UTF-8, ISO dates: the same notice, the same bytes.

    Only details that the notice carries are written. Characters that XML cannot carry become
    U+FFFD.
    """
    notice, details = opened.notice, opened.details
    era = root("era")
    attribute(era, "tunnus", notice.notice_id)
    viesti = child(era, "viesti")
    child(viesti, "viestiTunnus", notice.notice_id)
    child(viesti, "versio", _VERSION)
    moment(viesti, notice.occurred_at)
    _person(viesti, notice, details)
    event = _event(viesti, notice)
    _handoff(event, notice, agreement)
    _content(event, notice, details)
    for missing, categories in _missing(notice):
        _missing_basis(event, missing, categories, agreement)
    for decline in notice.declines:
        _decline(event, decline, agreement)
    return written(era)


def _event(viesti: _Element, notice: Notice) -> _Element:
    """Begin the notice's own element: its kind is the name, its `detail` an attribute."""
    name, label = SHAPES[notice.kind]
    event = child(viesti, name)
    state = None
    if notice.kind is NoticeKind.STATUS:
        state = _STATES.get(notice.detail, OTHER_STATE)
    elif notice.kind in _ALWAYS:
        state = _ALWAYS[notice.kind]
    if state is not None:
        attribute(event, "tila", state)
    if notice.detail and _STATES.get(notice.detail, "") != state:
        attribute(event, label, notice.detail)
    return event


def _person(viesti: _Element, notice: Notice, details: Details) -> None:
    names = (details.get("family_name"), details.get("given_names"))
    known = (
        ("hetu", details.get("hetu")),
        ("nimi", " ".join(name for name in names if name)),
        ("kotikunta", details.get("municipality")),
    )
    further = (("aidinkieli", details.get("language")), ("puhelin", details.get("phone")))
    if any(text for _, text in known + further):
        asiakas = child(viesti, "asiakas")
        # The non-disclosure order is said either way, and where Kela itself says it.
        order = ("turvakielto", "1" if notice.protected else "0")
        for name, text in (*known, order, *further):
            child_if(asiakas, name, text)


def _handoff(event: _Element, notice: Notice, agreement: Agreement) -> None:
    """Say which handoff is meant, in every word its parties know it by."""
    child_if(event, "kasittelytunnus", notice.handoff_id)
    child_if(event, "lahdetunnus", notice.referral_id)
    child_if(event, "asiatunnus", notice.case_id)
    _agency(event, "lahettaja", notice.source, agreement)
    _agency(event, "vastaanottaja", notice.recipient, agreement)
    if notice.service is not None:
        child(event, "palvelu", SERVICE_CODES.get(notice.service, UNKNOWN))
    if notice.priority is not None:
        child(event, "kiireellisyys", PRIORITY_CODES.get(notice.priority, UNKNOWN))
    if notice.reason in _REASONS:
        child(event, "syy", _REASONS[notice.reason])
    else:
        child_if(event, "syykoodi", notice.reason)
    if notice.due_at is not None:
        moment(child(event, "maaraaika"), notice.due_at)


def _agency(parent: _Element, name: str, agency: AgencyId | None, agreement: Agreement) -> None:
    if agency is None:
        return
    element = child(parent, name)
    known = agreement.agencies.get(agency)
    if known is None:
        # It has left the region since; the hub's own id of it is all there is.
        child(element, "tunnus", agency)
        return
    child_if(element, "oid", known.oid)
    child_if(element, "ytunnus", known.business_id)
    child_if(element, "nimi", known.name_fi)


def _content(event: _Element, notice: Notice, details: Details) -> None:
    """Write what the decision permits: texts, categories, and what stayed behind."""
    _benefit(event, details)
    child_if(event, "perustelu", details.get("reason"))
    child_if(event, "selite", details.get("remark"))
    child_if(event, "tulos", details.get("outcome"))
    _clienthood(event, details)
    _worker(event, details)
    if notice.categories:
        recalled = notice.kind is NoticeKind.RECALL
        disclosed = event if recalled else child(event, "luovutus")
        for category in notice.categories:
            child(disclosed, "tietoryhma", CATEGORY_CODES.get(category, UNKNOWN))
    # That something of a kind is kept back is itself something told of the person.
    for withheld in notice.withheld if notice.to == notice.source else ():
        kept = child(event, "pidatetty")
        child(kept, "tietoryhma", CATEGORY_CODES.get(withheld.category, UNKNOWN))
        child_if(kept, "syykoodi", withheld.reason)


def _benefit(event: _Element, details: Details) -> None:
    fields = (
        ("koodi", details.get("benefit_code")),
        ("alku", details.get("benefit_started_on")),
        ("maksetutPaivat", details.get("benefit_days_paid")),
    )
    if any(text for _, text in fields):
        etuus = child(event, "etuus")
        for name, text in fields:
            if text:
                attribute(etuus, name, text)


def _clienthood(event: _Element, details: Details) -> None:
    clienthood, members = details.get("typ_clienthood_id"), details.get("typ_members")
    if clienthood or members:
        element = child(event, "typAsiakkuus")
        child_if(element, "tunnus", clienthood)
        child_if(element, "jasenet", members)


def _worker(event: _Element, details: Details) -> None:
    fields = (
        ("nimi", details.get("worker_name")),
        ("tehtava", details.get("worker_role")),
        ("toimipiste", details.get("worker_unit")),
    )
    if any(text for _, text in fields):
        element = child(event, "vastuuhenkilo")
        for name, text in fields:
            child_if(element, name, text)


def _missing(notice: Notice) -> list[tuple[MissingBasis, list[Category]]]:
    """Gather the missing bases that differ in the category alone: one question to the person."""
    gathered: dict[MissingBasis, list[Category]] = {}
    withheld = notice.withheld if notice.to == notice.source else ()
    for missing in (*notice.missing, *[one for each in withheld for one in each.missing]):
        question = missing._replace(category=Category.UNKNOWN)
        categories = gathered.setdefault(question, [])
        if missing.category not in categories:
            categories.append(missing.category)
    return list(gathered.items())


def _missing_basis(
    event: _Element, missing: MissingBasis, categories: list[Category], agreement: Agreement
) -> None:
    element = child(event, "puuttuvaPeruste")
    child(element, "toimi", ACT_CODES.get(missing.act, UNKNOWN))
    if missing.act is Act.LIFT:
        child_if(element, "kielto", missing.rule)
    elif missing.act is Act.BEGIN:
        child_if(element, "laki", missing.rule)
    child(element, "peruste", BASIS_CODES.get(missing.ask_for, UNKNOWN))
    _named(element, "luovuttaja", missing.source, agreement)
    _named(element, "saaja", missing.recipient, agreement)
    child(element, "tarkoitus", PURPOSE_CODES.get(missing.purpose, UNKNOWN))
    for category in categories:
        child(element, "tietoryhma", CATEGORY_CODES.get(category, UNKNOWN))


def _named(parent: _Element, name: str, agency: AgencyId, agreement: Agreement) -> None:
    # As `suostumus` names agencies, so that the answer can be copied from the question.
    known = agreement.agencies.get(agency)
    child(parent, name, (known.business_id or known.oid) if known is not None else agency)


def _decline(event: _Element, decline: Decline, agreement: Agreement) -> None:
    element = child(event, "kieltaytyminen")
    child(element, "kasittelytunnus", decline.handoff_id)
    _agency(element, "lahettaja", decline.source, agreement)
    _agency(element, "vastaanottaja", decline.recipient, agreement)
    child(element, "syy", REJECT_REASON_CODES.get(decline.reason, UNKNOWN))
    moment(element, decline.at)
