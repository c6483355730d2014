"""The shape of a JSON event: its head, and what each `tapahtumaTyyppi` needs besides.

Field names are the agencies' own. Unknown fields are ignored. Where fields depend on each other,
the rule stands on the later one, so that it is tried whatever else is wrong in the message.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from connectors.finnish_codes import (
    ANSWERS,
    BASES,
    CATEGORIES,
    DIRECTIONS,
    GIVERS,
    MILESTONES,
    PRIORITIES,
    PURPOSES,
    REJECT_REASONS,
    SECTORS,
    SERVICES,
    STATEMENT_KINDS,
)
from connectors.finnish_json.fields import (
    AGENCIES_MAX,
    CATEGORIES_MAX,
    DOCUMENTS_MAX,
    MEMBERS_MAX,
    AgencyName,
    Area,
    BusinessId,
    Days,
    Flag,
    FreeText,
    HetuField,
    Id,
    InstantField,
    Municipality,
    Name,
    Oid,
    OneOf,
    PartyCode,
    Reception,
    Version,
    missing,
)
from streams.domain.ids import AgencyId

COUNTS_DAYS = ("SAIRAUSPAIVAT", "TYOTTOMYYSPAIVAT")
"""Milestones that say nothing without their number."""

REJECTED, VITAL = "HYLATTY", "VALTTAMATON_ETU"


class WireObject(BaseModel):
    """An object of a JSON event."""

    model_config = ConfigDict(extra="ignore")


class Asiakas(WireObject):
    """The person."""

    henkilotunnus: HetuField
    etunimet: Name | None = None
    sukunimi: Name | None = None
    kotikunta: Municipality | None = None
    aidinkieli: Name | None = None
    turvakielto: Flag | None = None
    puhelin: Name | None = None


class Virkailija(WireObject):
    """Who wrote the message at the agency: evidence only."""

    tunnus: Name | None = None
    toimipiste: Name | None = None


class TypVirkailija(Virkailija):
    """Who wrote the message, and for which party of the TYP."""

    osapuoli: PartyCode | None = None


class Jasen(WireObject):
    """One party of a TYP clienthood, and who acts for it."""

    osapuoli: PartyCode
    vastuuhenkilo: Name | None = None


def _whole_area(alue: str | None, info: ValidationInfo[Reception]) -> str | None:
    """Find the agency of a sector and area, in place of the area's code."""
    if "sektori" not in info.data or info.data["sektori"] is None:
        return None
    if alue is None:
        raise missing()
    found = info.context.agencies.serving(SECTORS[info.data["sektori"]], alue)
    if found is None:
        raise PydanticCustomError("unknown-agency", "no agency of the sector serves it", _AT_SECTOR)
    return found


_AT_SECTOR = {"instead": "sektori"}


class Vastaanottaja(WireObject):
    """The recipient that a referral names: by business id, by OID, or by sector and area."""

    ytunnus: BusinessId | None = None
    oid: Oid | None = None
    sektori: Annotated[str, OneOf(SECTORS)] | None = None
    alue: Annotated[Area | None, AfterValidator(_whole_area)] = Field(
        default=None, validate_default=True
    )


def _one_agency(named: Vastaanottaja | None) -> Vastaanottaja | None:
    """Refuse a recipient of no name, or of names that mean different agencies."""
    if named is None:
        return None
    found = {agency for agency in (named.ytunnus, named.oid, named.alue) if agency is not None}
    if not found:
        raise missing()
    if len(found) > 1:
        raise PydanticCustomError("bad-value", "names of different agencies")
    return named


class Ohjaus(WireObject):
    """The referral."""

    vastaanottaja: Annotated[Vastaanottaja | None, AfterValidator(_one_agency)] = None
    palvelu: Annotated[str, OneOf(SERVICES)]
    kiireellisyys: Annotated[str, OneOf(PRIORITIES)] | None = None
    perustelu: FreeText | None = None


Tietoryhmat = Annotated[list[Annotated[str, OneOf(CATEGORIES)]], Field(max_length=CATEGORIES_MAX)]
Osapuolet = Annotated[list[AgencyName], Field(max_length=AGENCIES_MAX)]
Asiakirjat = Annotated[list[Id], Field(max_length=DOCUMENTS_MAX)]


class Luovutus(WireObject):
    """What the referral's data rests on, as the source claims."""

    peruste: Annotated[str, OneOf(BASES)] | None = None
    viite: Id | None = None
    tietoryhmat: Tietoryhmat | None = None
    asiakirjat: Asiakirjat | None = None


def _names_a_handoff(kasittelytunnus: str | None, info: ValidationInfo[Reception]) -> str | None:
    # A `lahdetunnus` that could not be read has its own error already.
    if kasittelytunnus is None and info.data.get("lahdetunnus", "") is None:
        raise missing()
    return kasittelytunnus


class HandoffName(WireObject):
    """Which handoff is meant: the hub's id of it, or the message id of the source's referral."""

    lahdetunnus: Id | None = None
    kasittelytunnus: Annotated[Id | None, AfterValidator(_names_a_handoff)] = Field(
        default=None, validate_default=True
    )
    selite: FreeText | None = None


def _has_reason(syy: str | None, info: ValidationInfo[Reception]) -> str | None:
    if syy is None and info.data.get("tila") == REJECTED and not info.data.get("selite", "-"):
        raise missing()
    return syy


class Vastaus(HandoffName):
    """What a party says of a handoff. A rejection has its reason: a code, or at least a text."""

    tila: Annotated[str, OneOf(ANSWERS)]
    syy: Annotated[Annotated[str, OneOf(REJECT_REASONS)] | None, AfterValidator(_has_reason)] = (
        Field(default=None, validate_default=True)
    )
    tulos: FreeText | None = None


def _counted(maara: int | None, info: ValidationInfo[Reception]) -> int | None:
    if maara is None and info.data.get("koodi") in COUNTS_DAYS:
        raise missing()
    return maara


class Vaihe(WireObject):
    """A step on the person's path."""

    koodi: Annotated[str, OneOf(MILESTONES)]
    maara: Annotated[Days | None, AfterValidator(_counted)] = Field(
        default=None, validate_default=True
    )


class Vastuuhenkilo(WireObject):
    """Who walks with the person."""

    nimi: Annotated[Name, Field(min_length=1)]
    tehtava: Name | None = None
    toimipiste: Name | None = None


class Head(WireObject):
    """What every event carries."""

    tapahtumaTunnus: Id
    versio: Version | None = None
    asiakas: Asiakas
    aikaleima: InstantField
    virkailija: Virkailija | None = None


class TypHead(Head):
    """What every event of the TYP register carries."""

    virkailija: TypVirkailija | None = None
    typAsiakkuusTunnus: Id | None = None
    jasenet: Annotated[list[Jasen], Field(max_length=MEMBERS_MAX)] | None = None


def _has_written_ground(claim: Luovutus | None, info: ValidationInfo[Reception]) -> Luovutus | None:
    # What beats the person's own prohibition says why; a bad `ohjaus` has its own errors already.
    referral = info.data.get("ohjaus")
    vital = claim is not None and claim.peruste == VITAL
    if vital and referral is not None and not (referral.perustelu or "").strip():
        raise PydanticCustomError("missing-field", "missing", {"instead": "ohjaus/perustelu"})
    return claim


class Referral(WireObject):
    """`OHJAUS`. A claim of vital interest has its ground in words."""

    ohjaus: Ohjaus
    luovutus: Annotated[Luovutus | None, AfterValidator(_has_written_ground)] = None


class Answer(WireObject):
    """`VASTAUS`."""

    vastaus: Vastaus


class AboutHandoff(WireObject):
    """`OHJAUS_PERUTTU`, `OHJAUS_VIRHEELLINEN`, `TAKAISINVETO_KUITATTU`."""

    vastaus: HandoffName


class WorkerOfHandoff(AboutHandoff):
    """`VASTUUHENKILO`."""

    vastuuhenkilo: Vastuuhenkilo


class MilestoneEvent(WireObject):
    """`VAIHE`."""

    vaihe: Vaihe


CODES_OF_FIELD: dict[str, tuple[str, ...]] = {
    "palvelu": tuple(SERVICES),
    "kiireellisyys": tuple(PRIORITIES),
    "sektori": tuple(SECTORS),
    "peruste": tuple(BASES),
    "tietoryhmat": tuple(CATEGORIES),
    "tila": tuple(ANSWERS),
    "syy": tuple(REJECT_REASONS),
    "tarkoitus": tuple(PURPOSES),
    "antaja": tuple(GIVERS),
    "laji": tuple(STATEMENT_KINDS),
    "suunta": tuple(DIRECTIONS),
    "koodi": tuple(MILESTONES),
}
"""Known codes of each coded field, wherever it stands."""


def agency_of(named: Vastaanottaja | None) -> AgencyId | None:
    """Give the agency that a referral names, None for an open referral."""
    if named is None:
        return None
    found = named.ytunnus or named.oid or named.alue
    return AgencyId(found) if found is not None else None
