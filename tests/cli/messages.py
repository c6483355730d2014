"""Messages of an artificial person, as two agencies that write JSON send them."""

import json
from pathlib import Path
from typing import Any

EMPLOYMENT, TYP = "employment.lappeenranta", "typ.south-karelia"
HETU = "270789Y922S"
_PERSON = {
    "henkilotunnus": HETU,
    "etunimet": "Toivo",
    "sukunimi": "Hämäläinen",
    "kotikunta": "405",
    "aidinkieli": "fi",
    "turvakielto": False,
    "puhelin": "+358501167546",
}
_CATEGORIES = ["PERUSTIEDOT", "PALVELUTARVE"]


def consent(number: int = 1, **person: object) -> dict[str, Any]:
    """Let data go from employment to TYP, for employment."""
    return {
        **_head("SUOSTUMUS", number, person),
        "suostumus": {
            "suostumusTunnus": "S-1",
            "luovuttajat": ["9100002-1"],
            "saajat": ["9100007-2"],
            "tarkoitus": "TYOLLISTYMINEN",
            "tietoryhmat": _CATEGORIES,
            "alkaen": "2026-02-01",
        },
    }


def withdrawal(number: int, at: str) -> dict[str, Any]:
    """Take the consent back."""
    return {**consent(number), "tapahtumaTyyppi": "SUOSTUMUS_PERUTTU", "aikaleima": at}


def prohibition(number: int) -> dict[str, Any]:
    """Forbid that the need of service go from employment to TYP."""
    said = consent(number)
    about = {"suostumusTunnus": "K-1", "tietoryhmat": ["PALVELUTARVE"]}
    return {**said, "tapahtumaTyyppi": "KIELTO", "suostumus": {**said["suostumus"], **about}}


def recall_confirmed(number: int) -> dict[str, Any]:
    """Confirm, as the recipient, that the data is used no more."""
    said = {k: v for k, v in answer(number, "").items() if k != "vastaus"}
    named = {"lahdetunnus": "TE-2"}
    return {**said, "tapahtumaTyyppi": "TAKAISINVETO_KUITATTU", "vastaus": named}


def referral(number: int = 2, recipient: object = None, **person: object) -> dict[str, Any]:
    """Refer the person to multi-sector support; open, where no recipient is named."""
    return {
        **_head("OHJAUS", number, person),
        "ohjaus": {
            "vastaanottaja": recipient,
            "palvelu": "MONIALAINEN_TUKI",
            "kiireellisyys": "NORMAALI",
            "perustelu": "Selkäkipu ja unettomuus.",
        },
        "luovutus": {
            "peruste": "SUOSTUMUS",
            "viite": "S-1",
            "tietoryhmat": [*_CATEGORIES, "YHTEYSTIEDOT"],
        },
    }


def answer(number: int, state: str, referral_number: int = 2, **more: object) -> dict[str, Any]:
    """Answer a referral, by the source's own id of it."""
    return {
        **_head("VASTAUS", number, {}, tag="T"),
        "typAsiakkuusTunnus": "TYP-00006",
        "jasenet": [{"osapuoli": "TYOVOIMAVIRANOMAINEN", "vastuuhenkilo": "Työ Valmentaja"}],
        "vastaus": {"lahdetunnus": f"TE-{referral_number}", "tila": state, **more},
    }


def written(folder: Path, name: str, *messages: dict[str, Any]) -> Path:
    """Write messages into a file, one a line."""
    file = folder / name
    file.write_text("\n".join(json.dumps(message) for message in messages), encoding="utf-8")
    return file


def _head(kind: str, number: int, person: dict[str, object], tag: str = "TE") -> dict[str, Any]:
    official = {"tunnus": f"V{number:04}", "toimipiste": "Toimipiste 1"}
    return {
        "tapahtumaTunnus": f"{tag}-{number}",
        "versio": 1,
        "tapahtumaTyyppi": kind,
        "aikaleima": f"2026-02-09T{8 + number:02}:15:00+02:00",
        "asiakas": {**_PERSON, **person},
        "virkailija": official if tag == "TE" else {**official, "osapuoli": "HYVINVOINTIALUE"},
    }
