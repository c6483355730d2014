"""The messages that are measured: a fixed mix in each wire format, of artificial persons only."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "data" / "wire"
CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
START = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
LINES_A_FILE = 5_000
"""Keeps an NDJSON file under the limit of 8 MiB."""


def hetus(count: int) -> Iterator[str]:
    """Give artificial HETUs (individual numbers 900-999), all different, at most 3,600,000."""
    made = 0
    for year in range(100):
        for month in range(1, 13):
            for day in range(1, 29):
                for number in range(900, 1000):
                    if made == count:
                        return
                    made += 1
                    date = f"{day:02d}{month:02d}{year:02d}"
                    check = CHECK_CHARACTERS[int(f"{date}{number}") % 31]
                    yield f"{date}-{number}{check}"


def json_mix(
    persons: int, turns: int = 5, first: int = 0, start: datetime = START
) -> Iterator[bytes]:
    """Give NDJSON files of one employment service: a turn over all persons, then the next.

    The turns: a consent, a referral that rests on it, two milestones, the referral's cancellation;
    then again from the referral on.
    """
    makers = (_consent, _referral, _milestone, _interview, _cancellation)
    people = list(enumerate(hetus(first + persons)))[first:]
    lines: list[bytes] = []
    for turn in range(turns):
        maker = makers[turn] if turn < len(makers) else makers[1 + (turn - 1) % 4]
        for number, hetu in people:
            at = start + timedelta(hours=turn, seconds=number % 3000)
            message = _message(turn, number, hetu, at) | maker(turn, number)
            lines.append(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
            if len(lines) == LINES_A_FILE:
                yield b"\n".join(lines)
                lines = []
    if lines:
        yield b"\n".join(lines)


def xml_batches(batches: int, size: int = 100) -> Iterator[bytes]:
    """Give Kela batches of `size` messages: referrals as in the sample, each of another person."""
    sample = (SAMPLES / "kela" / "referral-submitted.xml").read_bytes().decode("iso-8859-1")
    first, last = sample.index("<k:viesti>"), sample.index("</k:era>")
    head, message, foot = sample[:first], sample[first:last], sample[last:]
    message_id, hetu = "K-2026-00002", message.split("<k:hetu>")[1][:11]
    people = hetus(batches * size)
    for batch in range(batches):
        messages = [
            message.replace(message_id, f"K-{batch}-{number}").replace(hetu, next(people))
            for number in range(size)
        ]
        yield "".join([head, *messages, foot]).encode("iso-8859-1")


def fhir_bundles(count: int) -> Iterator[bytes]:
    """Give sote bundles: the sample referral, each of another person."""
    text = (SAMPLES / "sote" / "referral-submitted.json").read_text("utf-8")
    bundle = json.loads(text)
    for number, hetu in enumerate(hetus(count)):
        for entry in bundle["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] == "Task":
                resource["identifier"][0]["value"] = f"L-{number}"
            if resource["resourceType"] == "Patient":
                resource["identifier"][0]["value"] = hetu
        yield json.dumps(bundle, ensure_ascii=False).encode()


def _message(turn: int, number: int, hetu: str, at: datetime) -> dict[str, object]:
    return {
        "tapahtumaTunnus": f"B-{turn}-{number}",
        "versio": 1,
        "aikaleima": at.isoformat(),
        "asiakas": {
            "henkilotunnus": hetu,
            "etunimet": "Toivo Ilmari",
            "sukunimi": "Hämäläinen",
            "kotikunta": "405",
            "aidinkieli": "fi",
            "turvakielto": False,
            "puhelin": "+358501167546",
        },
        "virkailija": {"tunnus": "V0001", "toimipiste": "Toimipiste 1"},
    }


def _consent(_turn: int, number: int) -> dict[str, object]:
    return {
        "tapahtumaTyyppi": "SUOSTUMUS",
        "suostumus": {
            "suostumusTunnus": f"S-{number}",
            "luovuttajat": ["9100002-1"],
            "saajat": ["9100001-3"],
            "tarkoitus": "TYOKYVYN_TUKI",
            "tietoryhmat": ["PERUSTIEDOT", "YHTEYSTIEDOT", "PALVELUTARVE"],
            "alkaen": "2026-02-01",
            "paattyen": "2027-01-31",
        },
    }


def _referral(_turn: int, number: int) -> dict[str, object]:
    return {
        "tapahtumaTyyppi": "OHJAUS",
        "ohjaus": {
            "vastaanottaja": {"ytunnus": "9100001-3"},
            "palvelu": "TYOKYVYN_ARVIOINTI",
            "kiireellisyys": "NORMAALI",
            "perustelu": "Työkyky alentunut, selkäkipu ja unettomuus.",
        },
        "luovutus": {
            "peruste": "SUOSTUMUS",
            "viite": f"S-{number}",
            "tietoryhmat": ["PERUSTIEDOT", "YHTEYSTIEDOT", "PALVELUTARVE"],
        },
    }


def _milestone(_turn: int, _number: int) -> dict[str, object]:
    return {"tapahtumaTyyppi": "VAIHE", "vaihe": {"koodi": "SUUNNITELMA_LAADITTU"}}


def _interview(_turn: int, _number: int) -> dict[str, object]:
    return {"tapahtumaTyyppi": "VAIHE", "vaihe": {"koodi": "ALKUHAASTATTELU"}}


def _cancellation(turn: int, number: int) -> dict[str, object]:
    referral_turn = turn - 3
    return {
        "tapahtumaTyyppi": "OHJAUS_PERUTTU",
        "vastaus": {"lahdetunnus": f"B-{referral_turn}-{number}"},
    }
