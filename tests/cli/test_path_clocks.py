"""Clocks of no open handoff show in every place where people look for clocks."""

from pathlib import Path

from dirty_equals import IsPartialDict

from tests.cli import messages
from tests.cli.command import REGION, OneHub


def test_a_persons_own_clock_shows_where_people_look_for_it(hub: OneHub, tmp_path: Path) -> None:
    region = tmp_path / "region.toml"
    own = (
        '[[clock]]\nrule = "interview"\nscope = "person"\nowner_sector = "employment"\n'
        'unit = "working_days"\nlimit = 10\nstarts_on = ["job_search_started"]\n'
        'met_on = ["initial_interview_held"]\n'
    )
    region.write_text(REGION.read_text(encoding="utf-8") + own, encoding="utf-8")
    hub = OneHub(hub.data, region)
    head = {k: v for k, v in messages.referral(5).items() if k not in ("ohjaus", "luovutus")}
    began = {**head, "tapahtumaTyyppi": "VAIHE", "vaihe": {"koodi": "TYONHAKU_ALKANUT"}}
    said = [messages.consent(), messages.referral(), began]
    assert hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "said", *said)).code == 0

    (handoff,) = hub.json("handoffs")
    shown = {clock["rule"]: clock for clock in handoff["clocks"]}
    listed = hub.run("clocks", "--agency", messages.EMPLOYMENT).data
    told = hub.run("trace", handoff["person"]).data

    assert shown["interview"] == IsPartialDict(
        {"scope": "person", "handoff_id": None, "owner": messages.EMPLOYMENT, "state": "running"}
    )
    assert "interview  (person)" in listed
    assert "clock  interview (person) running, due" in told


def test_a_recalls_clock_is_listed_explained_and_told_in_the_trace(
    hub: OneHub, tmp_path: Path
) -> None:
    region = tmp_path / "region.toml"
    own = (
        '[[clock]]\nrule = "recall"\nscope = "recall"\nunit = "working_days"\nlimit = 3\n'
        'starts_on = ["RecallIssued"]\nmet_on = ["RecallAcknowledged"]\n'
    )
    region.write_text(REGION.read_text(encoding="utf-8") + own, encoding="utf-8")
    hub = OneHub(hub.data, region)
    taken_back = {**messages.consent(3), "tapahtumaTyyppi": "SUOSTUMUS_PERUTTU"}
    first = messages.written(tmp_path, "first", messages.consent(), messages.referral())
    assert hub.ingest(messages.EMPLOYMENT, first).code == 0
    (handoff,) = hub.json("handoffs")
    answered = messages.written(tmp_path, "answered", messages.answer(3, "HYLATTY", syy="MUU"))
    assert hub.ingest(messages.TYP, answered).code == 0
    assert hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "last", taken_back)).code == 0

    (clock,) = [each for each in hub.json("clocks") if each["rule"] == "recall"]
    assert clock == IsPartialDict(
        {
            "scope": "recall",
            "handoff_id": handoff["handoff_id"],
            "owner": messages.TYP,
            "state": "running",
        }
    )
    told = hub.run("trace", handoff["handoff_id"]).data
    assert "recall (recall) running, due" in told
    assert "RecallIssued" in told
    why = hub.run("explain", "clock", clock["clock_id"], "--language", "fi").data
    assert f"tietojen takaisinveto vaihdosta {handoff['handoff_id']}" in why
    assert "3 työpäivää" in why

    confirmed = {**messages.answer(4, ""), "tapahtumaTyyppi": "TAKAISINVETO_KUITATTU"}
    confirmed["vastaus"] = {"kasittelytunnus": handoff["handoff_id"]}
    file = messages.written(tmp_path, "confirmed", confirmed)
    assert hub.ingest(messages.TYP, file).code == 0
    (clock,) = [each for each in hub.json("clocks") if each["rule"] == "recall"]
    assert clock["state"] == "met"
