"""What is wrong with a JSON event is said all at once, each with its pointer and code."""

import pytest

from streams.domain.codes import Milestone
from streams.domain.path import MilestoneReached
from streams.promises.connector import Message, Unreadable
from tests.connectors.json_events import (
    ABSENT,
    EMPLOYMENT,
    HETU,
    TYP_REGISTER,
    Wire,
    answer,
    consent,
    errors,
    event,
    read,
    referral,
    taken,
)
from tests.connectors.region import LAPPEENRANTA, NOW, agreement


@pytest.mark.parametrize("kind", [None, ABSENT])
def test_an_event_without_its_kind_lacks_a_field(kind: object) -> None:
    wire = referral() | {"tapahtumaTyyppi": kind}
    if kind is ABSENT:
        del wire["tapahtumaTyyppi"]
    assert errors(wire) == [("missing-field", "/tapahtumaTyyppi")]


@pytest.mark.parametrize("kind", [7, ["OHJAUS"], {"OHJAUS": 1}, True])
def test_a_kind_that_is_no_text_is_a_bad_value(kind: object) -> None:
    assert errors(referral() | {"tapahtumaTyyppi": kind}) == [("bad-value", "/tapahtumaTyyppi")]


def test_an_empty_event_lacks_all_that_every_event_has() -> None:
    assert errors({}) == [
        ("missing-field", "/tapahtumaTunnus"),
        ("missing-field", "/asiakas"),
        ("missing-field", "/aikaleima"),
        ("missing-field", "/tapahtumaTyyppi"),
    ]


def test_errors_of_the_person_the_time_and_the_referral_come_together() -> None:
    wire = event(
        "OHJAUS",
        aikaleima=None,
        asiakas={"henkilotunnus": "270789Y922T", "kotikunta": 405, "turvakielto": 1},
        ohjaus={"vastaanottaja": {"ytunnus": "x", "oid": "y"}, "palvelu": "TYOHON_VALMENNUS"},
        luovutus={"peruste": "LUPA", "viite": "", "tietoryhmat": ["PERUSTIEDOT", "TYOKYVY", 1]},
    )
    assert errors(wire) == [
        ("hetu-check", "/asiakas/henkilotunnus"),
        ("bad-value", "/asiakas/kotikunta"),
        ("bad-value", "/asiakas/turvakielto"),
        ("missing-field", "/aikaleima"),
        ("unknown-agency", "/ohjaus/vastaanottaja/ytunnus"),
        ("unknown-agency", "/ohjaus/vastaanottaja/oid"),
        ("unknown-code", "/ohjaus/palvelu", "TYOHONVALMENNUS"),
        ("unknown-code", "/luovutus/peruste", "LUOVUTUSLUPA"),
        ("bad-value", "/luovutus/viite"),
        ("unknown-code", "/luovutus/tietoryhmat/1", "TYOKYKY"),
        ("bad-value", "/luovutus/tietoryhmat/2"),
    ]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("OHJAUS", ["/ohjaus"]),
        ("VASTAUS", ["/vastaus"]),
        ("OHJAUS_PERUTTU", ["/vastaus"]),
        ("OHJAUS_VIRHEELLINEN", ["/vastaus"]),
        ("TAKAISINVETO_KUITATTU", ["/vastaus"]),
        ("VASTUUHENKILO", ["/vastaus", "/vastuuhenkilo"]),
        ("SUOSTUMUS", ["/suostumus"]),
        ("SUOSTUMUS_PERUTTU", ["/suostumus"]),
        ("KIELTO", ["/suostumus"]),
        ("KIELTO_PERUTTU", ["/suostumus"]),
        ("VAIHE", ["/vaihe"]),
    ],
)
def test_an_event_needs_its_own_object(kind: str, missing: list[str]) -> None:
    assert errors(event(kind)) == [("missing-field", pointer) for pointer in missing]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (answer(), [("missing-field", "/vastaus/tila")]),
        (
            event("VASTAUS", vastaus={"tila": "HYLATTYY"}),
            [
                ("missing-field", "/vastaus/kasittelytunnus"),
                ("unknown-code", "/vastaus/tila", "HYLATTY"),
            ],
        ),
        (
            event("VASTAUS", vastaus={"tila": "ALOITETTU", "lahdetunnus": ""}),
            [("bad-value", "/vastaus/lahdetunnus")],
        ),
        (answer(tila="HYLATTY"), [("missing-field", "/vastaus/syy")]),
        (answer(tila="HYLATTY", selite=""), [("missing-field", "/vastaus/syy")]),
        (answer(tila="HYLATTY", syy="MUUTA"), [("unknown-code", "/vastaus/syy", "MUU")]),
        (event("OHJAUS_PERUTTU", vastaus={}), [("missing-field", "/vastaus/kasittelytunnus")]),
        (event("VAIHE", vaihe={}), [("missing-field", "/vaihe/koodi")]),
        (event("VAIHE", vaihe={"koodi": "SAIRAUSPAIVAT"}), [("missing-field", "/vaihe/maara")]),
        (
            event("VAIHE", vaihe={"koodi": "TYP_ALKOI", "maara": -1}),
            [("bad-value", "/vaihe/maara")],
        ),
        (
            event("VAIHE", vaihe={"koodi": "SAIRAUSPAIVAT", "maara": 10**30}),
            [("bad-value", "/vaihe/maara")],
        ),
        (
            event("VASTUUHENKILO", vastaus={"kasittelytunnus": "h-1"}, vastuuhenkilo={"nimi": ""}),
            [("bad-value", "/vastuuhenkilo/nimi")],
        ),
        (consent(alkaen=ABSENT), [("missing-field", "/suostumus/alkaen")]),
        (consent(alkaen=None), [("missing-field", "/suostumus/alkaen")]),
        (consent(tarkoitus=None), [("missing-field", "/suostumus/tarkoitus")]),
        (consent(alkaen="1.2.2026"), [("bad-time", "/suostumus/alkaen")]),
        (consent(paattyen="2026-01-31"), [("bad-value", "/suostumus/paattyen")]),
        (consent(paattyen=20270131), [("bad-time", "/suostumus/paattyen")]),
        (consent(saajat=["9100001-3", "?"]), [("unknown-agency", "/suostumus/saajat/1")]),
        (consent(saajat="9100001-3"), [("bad-value", "/suostumus/saajat")]),
        (consent(luovuttajat=["9100001-3"] * 65), [("bad-value", "/suostumus/luovuttajat")]),
        (consent(suostumusTunnus=ABSENT), [("missing-field", "/suostumus/suostumusTunnus")]),
        (
            consent("KIELTO", tarkoitus="KUNTO"),
            [("unknown-code", "/suostumus/tarkoitus", "KUNTOUTUS")],
        ),
        (
            consent("KIELTO_PERUTTU", suostumusTunnus=1),
            [("bad-value", "/suostumus/suostumusTunnus")],
        ),
        (referral(perustelu="a\0b"), [("bad-value", "/ohjaus/perustelu")]),
        (
            referral(kiireellisyys="KIIRE"),
            [("unknown-code", "/ohjaus/kiireellisyys", "KIIREELLINEN")],
        ),
    ],
    ids=range(26),
)
def test_a_wrong_event_is_refused_where_it_is_wrong(
    wire: Wire, expected: list[tuple[str, ...]]
) -> None:
    assert errors(wire) == expected


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ({}, ("missing-field", "/ohjaus/vastaanottaja")),
        ({"ytunnus": None}, ("missing-field", "/ohjaus/vastaanottaja")),
        ("9100001-3", ("bad-value", "/ohjaus/vastaanottaja")),
        ({"oid": "1.2.246.10.1"}, ("unknown-agency", "/ohjaus/vastaanottaja/oid")),
        ({"sektori": "SOTE"}, ("missing-field", "/ohjaus/vastaanottaja/alue")),
        ({"sektori": "SOTE", "alue": "091"}, ("unknown-agency", "/ohjaus/vastaanottaja/sektori")),
        ({"sektori": "SOTE", "alue": 11}, ("bad-value", "/ohjaus/vastaanottaja/alue")),
        (
            {"sektori": "SOTEE", "alue": "405"},
            ("unknown-code", "/ohjaus/vastaanottaja/sektori", "SOTE"),
        ),
        (
            {"ytunnus": "9100001-3", "oid": "1.2.246.10.91000064"},
            ("bad-value", "/ohjaus/vastaanottaja"),
        ),
    ],
    ids=range(9),
)
def test_a_recipient_that_names_nobody_is_refused(
    recipient: object, expected: tuple[str, ...]
) -> None:
    assert errors(referral(vastaanottaja=recipient)) == [expected]


def test_days_are_counted_and_a_worker_needs_no_role() -> None:
    counted = taken(event("VAIHE", vaihe={"koodi": "TYOTTOMYYSPAIVAT", "maara": 101})).event
    assert isinstance(counted, MilestoneReached)
    assert (counted.milestone, counted.amount) == (Milestone.UNEMPLOYMENT_BENEFIT_DAYS, 101)
    worker = event("VASTUUHENKILO", vastaus={"lahdetunnus": "X"}, vastuuhenkilo={"nimi": "S O"})
    assert "worker_role" not in taken(worker).details


@pytest.mark.parametrize("profile", ["production", "test"])
def test_a_hetu_is_allowed_where_it_belongs(profile: str) -> None:
    expected = [("hetu-not-allowed", "/asiakas/henkilotunnus")] if profile == "production" else []
    assert errors(referral(), profile=profile) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tapahtumaTunnus", ""),
        ("tapahtumaTunnus", "x" * 129),
        ("tapahtumaTunnus", "a\nb"),
        ("tapahtumaTunnus", "a\u0085b"),
        ("tapahtumaTunnus", 5),
        ("versio", 0),
        ("versio", "1"),
        ("versio", 1.0),
        ("versio", True),
        ("versio", 2**31),
        ("asiakas", "x"),
        ("virkailija", []),
    ],
    ids=range(12),
)
def test_a_head_out_of_its_bounds_is_a_bad_value(field: str, value: object) -> None:
    assert errors(referral() | {field: value}) == [("bad-value", f"/{field}")]


def test_a_version_is_kept_and_the_first_needs_none() -> None:
    assert taken(referral() | {"versio": 7}).event.envelope.source_ref.version == 7
    assert taken(referral()).event.envelope.source_ref.version == 1


def test_a_dead_letter_keeps_what_could_be_read() -> None:
    reading = read(referral(palvelu="?"))
    assert isinstance(reading, Unreadable)
    assert (reading.message_id, reading.hetu) == ("TE-1", HETU)
    reading = read({"tapahtumaTunnus": "a\0b", "asiakas": {"henkilotunnus": "x"}})
    assert isinstance(reading, Unreadable)
    assert (reading.message_id, reading.hetu) == (None, None)
    for odd in ({"tapahtumaTunnus": ["x"], "asiakas": 1}, {"tapahtumaTunnus": "x" * 129}):
        reading = read(odd)
        assert isinstance(reading, Unreadable)
        assert (reading.message_id, reading.hetu) == (None, None)


def test_no_error_repeats_what_the_message_said() -> None:
    said = "Salainen270789Y922S"
    wire = event(said, aikaleima=said, tapahtumaTunnus=[said], versio=said)
    wire |= {"asiakas": {"henkilotunnus": said, "kotikunta": said, said: said}}
    for kind in (said, "OHJAUS", "VASTAUS", "SUOSTUMUS"):
        wire |= {"tapahtumaTyyppi": kind}
        wire |= {
            name: {"palvelu": said, "tila": said, "alkaen": said}
            for name in ("ohjaus", "vastaus", "suostumus")
        }
        reading = read(wire)
        assert isinstance(reading, Unreadable)
        assert said not in repr(reading)


def test_a_message_that_was_never_parsed_is_unreadable() -> None:
    message = Message(b"7", 7, "", ())
    reading = EMPLOYMENT.read(message, LAPPEENRANTA, agreement(), NOW)
    assert reading == Unreadable((), None, None)


def test_the_typ_register_checks_its_own_fields() -> None:
    wire = referral() | {
        "typAsiakkuusTunnus": 1,
        "jasenet": [{"osapuoli": "työ"}, None, {"vastuuhenkilo": "x"}],
        "virkailija": {"osapuoli": "?"},
    }
    assert errors(wire, TYP_REGISTER) == [
        ("bad-value", "/virkailija/osapuoli"),
        ("bad-value", "/typAsiakkuusTunnus"),
        ("bad-value", "/jasenet/0/osapuoli"),
        ("bad-value", "/jasenet/1"),
        ("missing-field", "/jasenet/2/osapuoli"),
    ]
    assert errors(wire | {"virkailija": None}) == []


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (consent(suunta="TERVEYDESTA_SOSIAALIIN"), "only a LUOVUTUSLUPA has a direction"),
        (consent(asiakirjat=["SALAINEN-1"]), "cannot keep this limit"),
        (consent(virheellinen=True), "take it back"),
        (consent(paattyen="2026-01-31"), "ends before it begins"),
    ],
)
def test_a_rule_between_fields_says_what_is_meant_and_no_more(wire: Wire, words: str) -> None:
    reading = read(wire)
    assert isinstance(reading, Unreadable)
    (problem,) = reading.problems
    assert words in problem.detail
    assert "SALAINEN" not in repr(problem)


def test_a_withdrawals_flag_is_true_or_false() -> None:
    for kind in ("SUOSTUMUS_PERUTTU", "KIELTO_PERUTTU"):
        for flag in (1, "true", ["false"]):
            wire = consent(kind, virheellinen=flag)
            assert errors(wire) == [("bad-value", "/suostumus/virheellinen")]


def test_a_consent_that_lists_no_document_is_limited_to_none() -> None:
    assert errors(consent(asiakirjat=[], palvelutehtavat=[])) == []
