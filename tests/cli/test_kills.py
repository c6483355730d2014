"""`kill -9` at seeded moments: nothing that was acknowledged is lost, nothing happens twice."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.awaiting import await_that
from tests.bench.mix import json_mix, xml_batches
from tests.cli.command import REGION, WIRE, run
from tests.cli.processes import forked

pytestmark = pytest.mark.usefixtures("unmeasured")

EMPLOYMENT, KELA = "employment.lappeenranta", "kela"
NOW = "2040-01-02T12:00:00+02:00"
"""Far ahead of any machine's time: a hub that runs on this folder stands at this moment."""
KILLS_OF_INGEST, KILLS_OF_RUN = 20, 10
SEED = 20260302


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Give the files that every hub here takes in, by agency."""
    folder = tmp_path_factory.mktemp("files")
    # Not the persons of the batches: between agencies there is no order but that of the inbox.
    lines = b"\n".join(json_mix(60, first=500)).splitlines()
    made: dict[str, list[Path]] = {EMPLOYMENT: [], KELA: []}
    for number in range(6):
        file = folder / f"{number}.ndjson"
        file.write_bytes(b"\n".join(lines[number * 50 : (number + 1) * 50]))
        made[EMPLOYMENT].append(file)
    for number, batch in enumerate(xml_batches(2, size=30)):
        file = folder / f"{number}.xml"
        file.write_bytes(batch)
        made[KELA].append(file)
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, files: dict[str, list[Path]]) -> Path:
    """Give a hub that took the files in without being killed; its secrets serve the others."""
    data = tmp_path_factory.mktemp("undisturbed") / "hub"
    for agency, its in files.items():
        assert run(*ingest(data, agency), *its).code == 0
    return data


def ingest(data: Path, agency: str) -> tuple[object, ...]:
    words = ("ingest", "--from", agency, "--recorded-at", NOW)
    return (*words, "--data", data, "--region", REGION)


def digest(data: Path) -> str:
    ended = run("replay", "--digest", "--data", data, "--region", REGION)
    assert ended.code == 0, ended.data
    live, replayed = ended.data.splitlines()
    assert live.removeprefix("live ") == replayed.removeprefix("replayed ")
    return live


def drained(talk: Path, claim: Callable[[], object], *words: object) -> None:
    """Let a hub run until a claim holds, and end well."""
    hub = forked(talk, *words)
    await_that(lambda: talk.exists() and "running on" in talk.read_text())
    await_that(claim)
    hub.terminate()
    hub.join()
    assert hub.exitcode == 0, talk.read_text()


def with_secrets_of(undisturbed: Path, folder: Path) -> Path:
    shutil.copy(f"{undisturbed}.key", folder / "hub.key")
    return folder / "hub"


def test_ingest_that_is_killed_again_and_again_ends_as_if_it_never_was(
    tmp_path: Path, files: dict[str, list[Path]], undisturbed: Path
) -> None:
    rng, never = Random(SEED), threading.Event()
    data = with_secrets_of(undisturbed, tmp_path)
    survived = 0
    for _ in range(KILLS_OF_INGEST):
        agency = rng.choice([EMPLOYMENT, KELA])
        command = forked(tmp_path / "talk", *ingest(data, agency), *files[agency])
        never.wait(rng.uniform(0.0, 0.5))
        command.kill()
        command.join()
        survived += command.exitcode == 0
    assert survived < KILLS_OF_INGEST, "no kill hit anything"
    for agency, its in files.items():
        ended = run(*ingest(data, agency), *its)
        assert ended.code == 0
        assert {line["status"] for line in ended.lines()} <= {"accepted", "duplicate"}
    assert digest(data) == digest(undisturbed)


def moments(data: Path) -> list[Callable[[], object]]:
    """Give the moments by name at which a running hub is killed, besides those by the clock."""

    def keys_are_made() -> bool:
        return (data / "keys.db").exists()

    def a_file_was_receipted() -> bool:
        return any((data / "receipts").rglob("*.ndjson"))

    def receipts_are_being_written() -> bool:
        return any((data / "receipts").rglob("*.part")) or a_file_was_receipted()

    def nothing_waits() -> bool:
        return not any(path.is_file() for path in (data / "inbox").glob("*/*"))

    return [keys_are_made, receipts_are_being_written, a_file_was_receipted, nothing_waits]


def test_a_running_hub_that_is_killed_again_and_again_ends_as_if_it_never_was(
    tmp_path: Path, files: dict[str, list[Path]], undisturbed: Path
) -> None:
    # Given a hub that stands at the same virtual moment, and the same files in its inbox
    rng, never = Random(SEED), threading.Event()
    data = with_secrets_of(undisturbed, tmp_path)
    assert run(*ingest(data, EMPLOYMENT), files[EMPLOYMENT][0]).code == 0
    for agency, its in files.items():
        inbox = data / "inbox" / agency
        inbox.mkdir(parents=True)
        for file in its:
            shutil.copy(file, inbox / file.name)
    # When it is killed, by the clock and by what can be seen from outside
    words = ("run", "--data", data, "--region", REGION)
    named = moments(data)
    for number in range(KILLS_OF_RUN):
        hub = forked(tmp_path / "talk", *words)
        if number < len(named):
            await_that(named[number])
        else:
            never.wait(rng.uniform(0.0, 0.4))
        hub.kill()
        hub.join()
        if number == len(named) - 1:
            # All was taken in by now: the same files again, as if nobody had seen the receipts.
            for agency, its in files.items():
                for file in its:
                    shutil.copy(file, data / "inbox" / agency / file.name)
    # Then it takes in what is left over, and stands where the other stands.
    drained(tmp_path / "last", named[-1], *words)
    assert digest(data) == digest(undisturbed)


def test_a_hub_killed_while_it_delivers_delivers_every_notice_under_its_one_name(
    tmp_path: Path,
) -> None:
    # Given a region whose agencies take files, and referrals in the inbox
    rng, never = Random(SEED), threading.Event()
    data = tmp_path / "hub"
    inbox = data / "inbox" / EMPLOYMENT
    inbox.mkdir(parents=True)
    for name in ("consent-given.json", "referral-submitted.json", "milestone.json"):
        shutil.copy(WIRE / "employment" / name, inbox / name)
    lines = [line for file in json_mix(20, turns=2) for line in file.splitlines()]
    (inbox / "many.ndjson").write_bytes(b"\n".join(lines))
    # When the hub is killed while it delivers
    for _ in range(4):
        hub = forked(tmp_path / "talk", "run", "--data", data)
        never.wait(rng.uniform(0.05, 0.5))
        hub.kill()
        hub.join()

    # Then the last one brings everything to its end
    def deliveries() -> list[dict[str, str]]:
        ended = run("deliveries", "--data", data, "--json")
        found: list[dict[str, str]] = ended.document() if ended.code == 0 else []
        return found

    def all_delivered() -> bool:
        found = deliveries()
        # Nobody is told of a clock that has closed while the hub was away.
        return len(found) > 20 and {each["status"] for each in found} <= {"delivered", "inhibited"}

    def nothing_is_left() -> bool:
        return not any(inbox.iterdir()) and all_delivered()

    drained(tmp_path / "last", nothing_is_left, "run", "--data", data)
    written = sorted(file.stem for file in (data / "outbox").rglob("n-*"))
    came = [each["notice_id"] for each in deliveries() if each["status"] == "delivered"]
    assert len(came) > 20
    assert written == sorted(came)
    assert not list((data / "outbox").rglob("*.part"))
    assert run("replay", "--digest", "--data", data).code == 0


def test_the_comparison_sees_one_lost_file(
    tmp_path: Path, files: dict[str, list[Path]], undisturbed: Path
) -> None:
    data = with_secrets_of(undisturbed, tmp_path)
    for agency, its in files.items():
        assert run(*ingest(data, agency), *its[:-1]).code == 0
    assert digest(data) != digest(undisturbed)
