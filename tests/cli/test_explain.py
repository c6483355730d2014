"""`explain`: why the hub decided as it did, without telling what it must guard."""

from pathlib import Path

from dirty_equals import IsStr

from tests.cli import messages
from tests.cli.command import OneHub

NOWHERE = "h-00000000000000000000000000"


def test_why_a_recipient_was_chosen_is_told(served: OneHub, handoff_id: str) -> None:
    assert served.json("explain", "routing", handoff_id) == {
        "handoff_id": handoff_id,
        "case_id": handoff_id,
        "source": messages.EMPLOYMENT,
        "service": "multi_sector_support",
        "recipient": messages.TYP,
        "rule": "competent-typ",
        "why": IsStr(),
        "competent_sector": "typ",
        "municipality": "405",
        "municipality_withheld": None,
        "decided_at": "2026-02-09T10:00:00+00:00",
        "agreement_digest": IsStr(regex="[0-9a-f]{64}"),
        "candidates": [{"agency": messages.TYP, "sector": "typ", "outcome": "chosen"}],
    }
    told = served.run("explain", "routing", handoff_id).data
    assert "competent-typ: the agency of the competent sector" in told


def test_a_guarded_home_is_not_told(hub: OneHub, tmp_path: Path) -> None:
    guarded = messages.referral(turvakielto=True)
    hub.ingest(messages.EMPLOYMENT, messages.written(tmp_path, "said", guarded))
    (handoff,) = hub.json("handoffs")

    told = hub.run("explain", "routing", handoff["handoff_id"])
    line = hub.run("ledger").data

    assert "405" not in told.data
    assert '"municipality":"405"' not in line


def test_a_handoff_that_is_not_there_cannot_be_explained(served: OneHub) -> None:
    assert served.run("explain", "routing", NOWHERE).code == 3
