from pathlib import Path

import pytest

from connectors.transport.file_drop import FileDrop
from connectors.transport.webhook import Webhook
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.transports import transports_of, variable_of
from streams.domain.agreement import Agency
from streams.domain.ids import AgencyId, NoticeId
from streams.promises.transport import Parcel, Taken, Transport
from streams.sealing.hub_secrets import SecretsError

SOTE = AgencyId("sote.south-karelia")
SECRET = "whsec_bXkgc2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz"
PARCEL = Parcel(NoticeId("n-01J0000000000000000000SAMP"), SOTE, b"{}", "application/json", ".json")


@pytest.fixture
def secrets_place(tmp_path: Path) -> Path:
    place = tmp_path / "hub.key"
    place.write_text("")
    return place


def agency(delivery: str) -> dict[AgencyId, Agency]:
    known = load_agreements().in_force(wall_clock()).agencies[SOTE]
    return {SOTE: known._replace(delivery=delivery)}


def made(delivery: str, folder: Path, secrets_place: Path) -> dict[AgencyId, Transport]:
    return transports_of(agency(delivery), folder, secrets_place, wall_clock)


@pytest.mark.parametrize("delivery", ["none", "in-process"])
def test_without_a_way_to_deliver_there_is_no_transport(
    delivery: str, tmp_path: Path, secrets_place: Path
) -> None:
    assert made(delivery, tmp_path, secrets_place) == {}


async def test_a_file_delivery_goes_into_the_agencys_outbox(
    tmp_path: Path, secrets_place: Path
) -> None:
    transport = made("file", tmp_path, secrets_place)[SOTE]
    assert isinstance(transport, FileDrop)
    assert await transport.hand_over(PARCEL) == Taken()
    assert (tmp_path / "outbox" / SOTE / f"{PARCEL.notice_id}.json").read_bytes() == b"{}"


async def test_a_file_delivery_may_name_its_folder(tmp_path: Path, secrets_place: Path) -> None:
    (tmp_path / "share").mkdir()
    transport = made(f"file:{tmp_path / 'share'}", tmp_path, secrets_place)[SOTE]
    assert await transport.hand_over(PARCEL) == Taken()
    assert (tmp_path / "share" / f"{PARCEL.notice_id}.json").exists()


def test_a_webhook_takes_its_secret_from_the_hubs_secrets(
    tmp_path: Path, secrets_place: Path
) -> None:
    secrets_place.write_text(f'[webhook."{SOTE}"]\nsecrets = ["{SECRET}"]\n')
    assert isinstance(made("webhook:https://sote.example", tmp_path, secrets_place)[SOTE], Webhook)


def test_a_webhook_takes_its_secrets_from_the_environment(
    tmp_path: Path, secrets_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAATTAEN_WEBHOOK_SECRETS_SOTE_SOUTH_KARELIA", f"{SECRET} {SECRET}")
    assert isinstance(made("webhook:https://sote.example", tmp_path, secrets_place)[SOTE], Webhook)


@pytest.mark.parametrize(
    "secrets",
    [
        "",
        "webhook = 1",
        f'[webhook]\n"{SOTE}" = 1',
        f'[webhook."{SOTE}"]\nsecrets = []',
        f'[webhook."{SOTE}"]\nsecrets = "{SECRET}"',
        f'[webhook."{SOTE}"]\nsecrets = [1]',
    ],
)
def test_a_webhook_without_a_secret_is_refused_with_the_mend(
    secrets: str, tmp_path: Path, secrets_place: Path
) -> None:
    secrets_place.write_text(secrets)
    with pytest.raises(SecretsError) as refused:
        made("webhook:https://sote.example", tmp_path, secrets_place)
    assert variable_of(SOTE) in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_webhook_whose_secret_cannot_be_used_is_refused(
    tmp_path: Path, secrets_place: Path
) -> None:
    secrets_place.write_text(f'[webhook."{SOTE}"]\nsecrets = ["short"]\n')
    with pytest.raises(SecretsError, match="cannot be used"):
        made("webhook:https://sote.example", tmp_path, secrets_place)
