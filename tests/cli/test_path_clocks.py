"""Clocks of no handoff show in every place where people look for clocks."""

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
