from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.transport.email import Email, SmtpServer, Starttls
from connectors.transport.file_drop import FileDrop
from connectors.transport.webhook import Webhook
from streams.bootstrap.agreement_file import load_agreements
from streams.bootstrap.hub import wall_clock
from streams.bootstrap.transports import OUTBOX, desks_of, transports_of, variable_of
from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_letter import write_letter
from streams.dispatch.desk_rows import DeskKey
from streams.domain.agreement import Agency, Desk
from streams.domain.ids import AgencyId, NoticeId
from streams.promises.transport import Parcel, Taken, Transport
from streams.sealing.hub_secrets import SecretsError
from tests.connectors.transport.mail_server import certificate

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
    return transports_of(agency(delivery), folder / OUTBOX, secrets_place, wall_clock)


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


def desks(*named: Desk, secrets_place: Path, known: str = "file") -> dict[DeskKey, DeskPost]:
    (one,) = agency(known).values()
    agencies = {SOTE: one._replace(desks=named)}
    return desks_of(agencies, secrets_place, wall_clock, lambda _: "")


COORDINATOR, MANAGEMENT = "coordinator", "management"
BY_EMAIL = Desk(COORDINATOR, "email:vastuu@sote.example")
BY_WEBHOOK = Desk(COORDINATOR, "webhook:https://duty.example/hook")
PASSWORD = "not a/real password"
SMTP = '[smtp]\nhost = "mail.example"\nfrom = "saattaen@sote.example"\n'
LOGIN = f'user = "hub"\npassword = "{PASSWORD}"\n'


def server_of(post: DeskPost) -> SmtpServer:
    assert isinstance(post.transport, Email)
    return post.transport._server


def test_a_desk_is_reached_by_e_mail_through_the_server_of_the_hubs_secrets(
    secrets_place: Path,
) -> None:
    secrets_place.write_text(SMTP + LOGIN)
    made_desks = desks(BY_EMAIL, secrets_place=secrets_place)
    assert list(made_desks) == [DeskKey(SOTE, COORDINATOR)]
    (post,) = made_desks.values()
    assert post.write is write_letter
    server = server_of(post)
    assert tuple(server) == (
        "mail.example",
        587,
        "saattaen@sote.example",
        "hub",
        PASSWORD,
        Starttls.REQUIRED,
        False,
    )


def test_a_server_that_is_secured_from_the_first_byte_has_its_own_port(
    secrets_place: Path,
) -> None:
    secrets_place.write_text(SMTP + 'tls = true\nstarttls = "never"\n')
    (post,) = desks(BY_EMAIL, secrets_place=secrets_place).values()
    assert server_of(post)[1:3] == (465, "saattaen@sote.example")
    assert server_of(post).tls


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail.example?from=a@b.example", 587, Starttls.REQUIRED, False),
        ("smtp://mail.example:25?from=a@b.example&starttls=offered", 25, Starttls.OFFERED, False),
        ("smtps://mail.example?from=a@b.example", 465, Starttls.REQUIRED, True),
    ],
)
def test_the_environment_names_the_mail_server_before_the_secrets_do(
    url: str,
    port: int,
    starttls: Starttls,
    tls: bool,
    secrets_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets_place.write_text(SMTP)
    monkeypatch.setenv("SAATTAEN_SMTP_URL", url)
    (post,) = desks(BY_EMAIL, secrets_place=secrets_place).values()
    server = server_of(post)
    assert (server.host, server.sender) == ("mail.example", "a@b.example")
    assert (server.port, server.starttls, server.tls) == (port, starttls, tls)


def test_a_password_in_the_environment_may_hold_any_sign(
    secrets_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "SAATTAEN_SMTP_URL", "smtp://hub:not%20a%2Freal%20password@mail.example?from=a@b.example"
    )
    (post,) = desks(BY_EMAIL, secrets_place=secrets_place).values()
    assert server_of(post)[3:5] == ("hub", PASSWORD)


def test_an_own_authority_is_trusted_for_mail(secrets_place: Path) -> None:
    _, chain = certificate(secrets_place.parent)
    secrets_place.write_text(SMTP + f'ca_file = "{chain.name}"\n')
    (post,) = desks(BY_EMAIL, secrets_place=secrets_place).values()
    assert isinstance(post.transport, Email)
    assert post.transport._trust is not None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "needs a server"),
        ("smtp = 1", "needs a server"),
        ('[smtp]\nhost = "mail.example"', "host and from must be text"),
        (SMTP + "user = 1", "user must be text"),
        (SMTP + "port = 0", "port must be a number"),
        (SMTP + "port = true", "port must be a number"),
        (SMTP + 'tls = "yes"', "port must be a number, tls true or false"),
        (SMTP + 'starttls = "perhaps"', "starttls must be"),
        (SMTP + LOGIN + 'starttls = "never"', "must be secured"),
        (SMTP + 'ca_file = "absent.pem"', "ca_file cannot be read"),
        ('[smtp]\nhost = "mail.example"\nfrom = "nobody"', "sender's e-mail address"),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_refused_with_the_mend(
    settings: str, said: str, secrets_place: Path
) -> None:
    secrets_place.write_text(settings)
    with pytest.raises(SecretsError, match=said) as refused:
        desks(BY_EMAIL, secrets_place=secrets_place)
    assert str(secrets_place) in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://hub:s3cret@mail.example",
        "smtp://hub:s3cret@mail.example:port",
        "smtp://hub:s3cret@",
        "smtp://hub:s3cret@mail.example",
    ],
)
def test_a_mail_url_that_cannot_be_used_is_refused_without_showing_it(
    url: str, secrets_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAATTAEN_SMTP_URL", url)
    with pytest.raises(SecretsError, match="SAATTAEN_SMTP_URL") as refused:
        desks(BY_EMAIL, secrets_place=secrets_place)
    assert "s3cret" not in str(refused.value)


def test_a_desks_webhook_has_a_secret_of_its_own(secrets_place: Path) -> None:
    secrets_place.write_text(f'[webhook."{SOTE}/{COORDINATOR}"]\nsecrets = ["{SECRET}"]\n')
    (post,) = desks(BY_WEBHOOK, secrets_place=secrets_place).values()
    assert isinstance(post.transport, Webhook)
    assert post.write is write_document


def test_a_desks_webhook_takes_its_secret_from_the_environment(
    secrets_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAATTAEN_WEBHOOK_SECRETS_SOTE_SOUTH_KARELIA_COORDINATOR", SECRET)
    (post,) = desks(BY_WEBHOOK, secrets_place=secrets_place).values()
    assert isinstance(post.transport, Webhook)


def test_a_desks_webhook_does_not_sign_with_the_agencys_secret(secrets_place: Path) -> None:
    secrets_place.write_text(f'[webhook."{SOTE}"]\nsecrets = ["{SECRET}"]\n')
    with pytest.raises(SecretsError, match=f"{SOTE}/{COORDINATOR}"):
        desks(BY_WEBHOOK, secrets_place=secrets_place)


def test_a_role_has_one_desk_the_first_that_is_named(secrets_place: Path) -> None:
    secrets_place.write_text(SMTP)
    other = Desk(MANAGEMENT, "email:johto@sote.example")
    with capture_logs() as logs:
        found = desks(BY_EMAIL, BY_WEBHOOK, other, secrets_place=secrets_place)
    assert list(found) == [DeskKey(SOTE, COORDINATOR), DeskKey(SOTE, MANAGEMENT)]
    assert found[DeskKey(SOTE, COORDINATOR)].write is write_letter
    assert [log["event"] for log in logs] == ["desk_named_twice"]


def test_a_desk_that_is_reached_in_no_known_way_has_none(secrets_place: Path) -> None:
    assert desks(Desk(COORDINATOR, "pigeon:coop"), secrets_place=secrets_place) == {}
