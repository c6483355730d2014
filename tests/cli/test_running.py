import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli import ingest as module
from streams.engines.sqlite_store import FolderLock
from streams.sealing.pseudonyms import looks_like_hetu
from tests.awaiting import await_that
from tests.cli.command import WIRE, run
from tests.cli.processes import Process, running_hub, started

EMPLOYMENT, SOTE = "employment.lappeenranta", "sote.south-karelia"
SAMPLES = WIRE / "employment"


class Hub:
    """A hub that runs in a process of its own, and its folder."""

    def __init__(self, data: Path, process: Process) -> None:
        self.data = data
        self.process = process

    def leave(self, agency: str, sample: str) -> Path:
        """Leave a file in the inbox as an agency does; give the place of its receipts."""
        draft = self.data / "inbox" / agency / f".{sample}"
        draft.write_bytes((SAMPLES / sample).read_bytes())
        draft.rename(draft.with_name(sample))
        return self.data / "receipts" / agency / f"{sample}.ndjson"

    def statuses(self, receipts: Path) -> list[str]:
        await_that(receipts.exists)
        return [json.loads(line)["status"] for line in receipts.read_text().splitlines()]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    data = tmp_path / "hub"
    with running_hub(tmp_path, "--data", data, measured=True) as process:
        yield Hub(data, process)


def test_a_running_hub_takes_files_in_delivers_notices_and_drains_when_asked(hub: Hub) -> None:
    # Given a hub that made its secrets and said where
    assert "made the hub's secrets" in hub.process.said()
    # When an agency leaves a consent and a referral
    assert hub.statuses(hub.leave(EMPLOYMENT, "consent-given.json")) == ["accepted"]
    assert hub.statuses(hub.leave(EMPLOYMENT, "referral-submitted.json")) == ["accepted"]
    # Then the recipient has its notice, in its own format
    outbox = hub.data / "outbox" / SOTE
    await_that(lambda: list(outbox.glob("n-*.json")))
    notice = json.loads(next(outbox.glob("n-*.json")).read_bytes())
    assert notice["resourceType"] == "Bundle"
    # And nobody else can write the folder meanwhile
    for words in (("run",), ("advance", "--to", "2040-01-01"), ("replay",)):
        ended = run(*words, "--data", hub.data)
        assert ended.code == 7
        assert "held by another" in ended.talk
    # And who only asks is answered
    assert run("handoffs", "--data", hub.data, "--json").document()[0]["status"] in (
        "requested",
        "received",
    )
    # And it ends well, and says where everything is
    assert hub.process.stop() == 0
    assert hub.process.said().splitlines()[-1].endswith(str(hub.data))
    log = [json.loads(line) for line in hub.process.said().splitlines() if line.startswith("{")]
    assert {line["event"] for line in log} >= {"file_taken", "notice_settled"}
    assert not looks_like_hetu(hub.process.said())
    assert run("replay", "--digest", "--data", hub.data).code == 0


def test_ingest_beside_a_running_hub_goes_through_its_inbox(hub: Hub) -> None:
    files = [SAMPLES / name for name in ("consent-given.json", "referral-submitted.json")]
    ended = run("ingest", "--from", EMPLOYMENT, "--data", hub.data, *files, *files)
    assert ended.code == 0
    said = [(line["message_id"], line["status"]) for line in ended.lines()]
    names = ["TE-2026-00001", "TE-2026-00002"]
    assert said == [*[(n, "accepted") for n in names], *[(n, "duplicate") for n in names]]
    assert not list((hub.data / "receipts" / EMPLOYMENT).iterdir())
    stdin = files[0].read_bytes()
    again = run("ingest", "--from", EMPLOYMENT, "--data", hub.data, "-", stdin=stdin)
    assert [line["status"] for line in again.lines()] == ["duplicate"]
    refused = run(
        *("ingest", "--from", EMPLOYMENT, "--recorded-at", "2040-01-01", "--data", hub.data),
        *("--json", files[0]),
    )
    assert refused.code == 4
    assert refused.document()["status"] == 409
    unknown = run("ingest", "--from", "employment.lappeen", "--data", hub.data, files[0])
    assert unknown.code == 5
    assert EMPLOYMENT in unknown.talk
    assert hub.process.stop(signal.SIGINT) == 130


def test_a_folder_held_by_another_command_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOLDER_WAIT_S", 0.3)
    lock = FolderLock(tmp_path / "hub")
    file = SAMPLES / "consent-given.json"
    ended = run("ingest", "--from", EMPLOYMENT, "--data", tmp_path / "hub", file)
    assert ended.code == 7
    assert "held by another" in ended.talk
    lock.release()
    assert run("ingest", "--from", EMPLOYMENT, "--data", tmp_path / "hub", file).code == 0


def test_a_hub_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "hub").write_bytes(b"no folder")
    with started(tmp_path, "run", "--data", tmp_path / "hub", "--json") as hub:
        assert hub.process.wait(timeout=30) == 7
        assert json.loads(hub.said().splitlines()[-1])["status"] == 503
