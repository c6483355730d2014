"""What a person says of their data, as a JSON event writes it: `suostumus` of four events.

As in `wire`, a rule between two fields stands on the later one.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from connectors.finnish_codes import DIRECTIONS, GIVERS, PURPOSES, STATEMENT_KINDS
from connectors.finnish_json.fields import (
    TASKS_MAX,
    DayField,
    Flag,
    Id,
    OneOf,
    Reception,
    Reference,
    ServiceTask,
    Sha256,
    missing,
    wrong,
)
from connectors.finnish_json.wire import Asiakirjat, Osapuolet, Tietoryhmat, WireObject

PROXY, PERMIT = "VALTUUTETTU", "LUOVUTUSLUPA"

Palvelutehtavat = Annotated[list[ServiceTask], Field(max_length=TASKS_MAX)]


class StatementName(WireObject):
    """Which consent or prohibition is meant."""

    suostumusTunnus: Id


class EndedStatement(StatementName):
    """Which one ends; `virheellinen`: it should never have been entered."""

    virheellinen: Flag | None = None


class Naytto(WireObject):
    """Where the agency keeps the evidence of a statement, and its SHA-256 in hexadecimal."""

    viite: Reference | None = None
    tiiviste: Sha256 | None = None


def _mandated(valtuutus: str | None, info: ValidationInfo[Reception]) -> str | None:
    if valtuutus is None and info.data.get("antaja") == PROXY:
        raise missing()
    return valtuutus


class Giving(StatementName):
    """Who gave a statement, and what shows it; a proxy has a mandate."""

    antaja: Annotated[str, OneOf(GIVERS)] | None = None
    valtuutus: Annotated[Id | None, AfterValidator(_mandated)] = Field(
        default=None, validate_default=True
    )
    naytto: Naytto | None = None


def _not_before_start(paattyen: date | None, info: ValidationInfo[Reception]) -> date | None:
    alkaen = info.data.get("alkaen")
    if paattyen is not None and alkaen is not None and paattyen < alkaen:
        raise wrong("it ends before it begins")
    return paattyen


def _meant(virheellinen: bool | None) -> bool | None:
    if virheellinen:
        raise wrong("what is given is not in error: take it back with virheellinen")
    return virheellinen


class Scope(Giving):
    """How far a statement reaches, and when."""

    virheellinen: Annotated[Flag | None, AfterValidator(_meant)] = None
    luovuttajat: Osapuolet | None = None
    saajat: Osapuolet | None = None
    tarkoitus: Annotated[str, OneOf(PURPOSES)] | None = None
    tietoryhmat: Tietoryhmat | None = None
    alkaen: DayField | None = None
    paattyen: Annotated[DayField | None, AfterValidator(_not_before_start)] = None


class Kielto(Scope):
    """A prohibition: what it leaves out, it means for all."""

    asiakirjat: Asiakirjat | None = None
    palvelutehtavat: Palvelutehtavat | None = None


def _one_way(suunta: str | None, info: ValidationInfo[Reception]) -> str | None:
    # A kind that could not be read has its own error already.
    kind = info.data.get("laji", PERMIT if suunta is not None else None)
    if kind == PERMIT and suunta is None:
        raise missing()
    if kind != PERMIT and suunta is not None:
        raise wrong("only a LUOVUTUSLUPA has a direction")
    return suunta


def _no_limit(listed: list[object] | None) -> list[object] | None:
    if listed:
        raise wrong("the hub cannot keep this limit of a consent or permit")
    return listed


NoLimit = Annotated[list[object] | None, AfterValidator(_no_limit)]


class Suostumus(Scope):
    """A consent, or a permit inside sote: it says from when, and what for."""

    laji: Annotated[str, OneOf(STATEMENT_KINDS)] | None = None
    suunta: Annotated[Annotated[str, OneOf(DIRECTIONS)] | None, AfterValidator(_one_way)] = Field(
        default=None, validate_default=True
    )
    tarkoitus: Annotated[str, OneOf(PURPOSES)]
    alkaen: DayField
    # Left out, it would let more go than the person has said.
    asiakirjat: NoLimit = None
    palvelutehtavat: Palvelutehtavat | None = None


class ConsentEvent(WireObject):
    """`SUOSTUMUS`."""

    suostumus: Suostumus


class ProhibitionEvent(WireObject):
    """`KIELTO`."""

    suostumus: Kielto


class StatementEnd(WireObject):
    """`SUOSTUMUS_PERUTTU`, `KIELTO_PERUTTU`: whatever else stands there cannot stop them."""

    suostumus: EndedStatement
