"""Which transport carries notices to which agency, as the agreement's `delivery` says.

`none` and `in-process` have none here: their notices stay pending. Desks are reached by e-mail or
webhook. Secrets of webhooks and the mail server's login stand in the hub's secrets file, or in the
environment, which goes first:

    [webhook.kela]                     SAATTAEN_WEBHOOK_SECRETS_KELA
    [webhook."kela/coordinator"]       SAATTAEN_WEBHOOK_SECRETS_KELA_COORDINATOR: a desk's own
    secrets = ["whsec_..."]
    [smtp]                             SAATTAEN_SMTP_URL=smtp://USER:PASSWORD@HOST:587?from=ADDRESS
    host = "mail.example"              (smtps:// for tls; starttls and ca_file after the ?, too)
    port = 587                         465 with tls = true
    user = "hub"                       with a user, the connection must be secured
    password = "..."
    from = "saattaen@example"
    starttls = "required"              or "offered" (where the server offers it), or "never"
    ca_file = "ca.pem"                 beside this file; else TLS believes the system's authorities
"""

import os
import re
import ssl
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog

from streams.dispatch.desk_dispatch import DeskPost
from streams.dispatch.desk_document import write_document
from streams.dispatch.desk_letter import write_letter
from streams.dispatch.desk_rows import DeskKey
from streams.domain.agreement import Agency
from streams.domain.entry import Notice
from streams.domain.ids import AgencyId, Instant
from streams.promises.transport import Transport
from streams.sealing.hub_secrets import SecretsError

if TYPE_CHECKING:
    from connectors.transport.email import SmtpServer

OUTBOX = "outbox"
SECRETS_VARIABLE = "SAATTAEN_WEBHOOK_SECRETS_"
"""Followed by the agency's id in capitals, all other characters as `_`; secrets between spaces."""
SMTP_VARIABLE = "SAATTAEN_SMTP_URL"
_REACHES_DESKS = ("email", "webhook")
_SMTP_PORT, _SMTPS_PORT = 587, 465
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_SMTP_TEXTS = ("host", "from", "user", "password", "starttls", "ca_file")


def transports_of(
    agencies: Mapping[AgencyId, Agency],
    outbox: Path,
    secrets_place: Path,
    clock: Callable[[], Instant],
) -> dict[AgencyId, Transport]:
    """Make the transports of a region's agencies; `secrets_place` is the hub's secrets file.

    An agency that fetches files finds them in its own folder of the outbox.

    Raises:
        SecretsError: A webhook has no secret, or one that cannot be used.
        OSError: The outbox of an agency cannot be made.
    """
    made: dict[AgencyId, Transport] = {}
    for agency_id, agency in agencies.items():
        kind, _, place = agency.delivery.partition(":")
        if kind == "file":
            from connectors.transport.file_drop import FileDrop  # loaded when needed

            made[agency_id] = FileDrop(Path(place) if place else _made(outbox / agency_id))
        elif kind == "webhook":
            made[agency_id] = _webhook(place, agency_id, secrets_place, clock)
    return made


def desks_of(
    agencies: Mapping[AgencyId, Agency],
    secrets_place: Path,
    clock: Callable[[], Instant],
    law_ref: Callable[[Notice], str],
) -> dict[DeskKey, DeskPost]:
    """Make what reaches the desks of a region's agencies; `law_ref` names an escalation's law.

    A role has one desk: of several that an agency names, the first counts.

    Raises:
        SecretsError: A webhook has no secret, there is no mail server, or one cannot be used.
    """
    made: dict[DeskKey, DeskPost] = {}
    for agency_id, agency in agencies.items():
        for desk in agency.desks:
            kind, _, place = desk.delivery.partition(":")
            key = DeskKey(agency_id, desk.role)
            if key in made:
                _log.warning("desk_named_twice", agency=agency_id, role=desk.role)
                continue  # an escalation has one fate, so the first has it
            if kind == "email":
                made[key] = DeskPost(
                    _email(place, key, secrets_place, clock), write_letter, law_ref
                )
            elif kind == "webhook":
                receiver = f"{agency_id}/{desk.role}"
                webhook = _webhook(place, receiver, secrets_place, clock)
                made[key] = DeskPost(webhook, write_document, law_ref)
    return made


def desk_keys(agencies: Mapping[AgencyId, Agency]) -> list[DeskKey]:
    """List the desks that can be reached, sorted."""
    return sorted(
        {
            DeskKey(agency_id, desk.role)
            for agency_id, agency in agencies.items()
            for desk in agency.desks
            if desk.delivery.partition(":")[0] in _REACHES_DESKS
        }
    )


def variable_of(receiver: str) -> str:
    """Name the environment variable of a webhook's secrets: of an agency, or of `agency/role`."""
    return SECRETS_VARIABLE + re.sub(r"[^A-Za-z0-9]", "_", receiver).upper()


def _made(outbox: Path) -> Path:
    outbox.mkdir(parents=True, exist_ok=True)
    return outbox


def _webhook(
    url: str, receiver: str, secrets_place: Path, clock: Callable[[], Instant]
) -> Transport:
    from connectors.transport.webhook import Webhook  # loaded when needed

    try:
        return Webhook(url, _secrets(receiver, secrets_place), clock)
    except ValueError as wrong:
        raise SecretsError(f"the webhook of {receiver} cannot be used: {wrong}") from None


def _secrets(receiver: str, secrets_place: Path) -> list[str]:
    variable = variable_of(receiver)
    given = os.environ.get(variable, "").split()
    if given:
        return given
    table = _table(_table(_read(secrets_place), "webhook"), receiver)
    secrets = table.get("secrets", [])
    if not isinstance(secrets, list) or not secrets or not all(isinstance(s, str) for s in secrets):
        raise SecretsError(
            f"notices to {receiver} go to a webhook, which needs a secret: add "
            f'[webhook."{receiver}"] with secrets = ["whsec_..."] to {secrets_place}, '
            f"or set {variable}"
        )
    return secrets


def _email(
    address: str, key: DeskKey, secrets_place: Path, clock: Callable[[], Instant]
) -> Transport:
    from connectors.transport.email import Email  # loaded when needed

    url = os.environ.get(SMTP_VARIABLE, "")
    where = SMTP_VARIABLE if url else f"[smtp] in {secrets_place}"
    try:
        settings = _smtp_of_url(url) if url else _table(_read(secrets_place), "smtp")
        if not settings:
            raise SecretsError(
                f"escalations to {key.agency}/{key.role} go by e-mail, which needs a server: add "
                f"[smtp] with host and from to {secrets_place}, or set {SMTP_VARIABLE}"
            )
        trust = None
        if settings.get("ca_file"):
            ca_file = secrets_place.parent / str(settings["ca_file"])
            trust = ssl.create_default_context(cafile=ca_file)
        return Email(address, _server(settings), clock, trust=trust)
    except (ValueError, OSError) as wrong:
        # Of the URL or the file nothing is shown: it holds a password.
        shown = "its ca_file cannot be read" if isinstance(wrong, OSError) else wrong
        raise SecretsError(
            f"the e-mail of {key.agency}/{key.role} cannot be used by {where}: {shown}"
        ) from None


def _server(settings: Mapping[str, Any]) -> "SmtpServer":
    from connectors.transport.email import SmtpServer, Starttls  # loaded when needed

    texts = {name: settings.get(name, "") for name in _SMTP_TEXTS}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong or not texts["host"] or not texts["from"]:
        raise ValueError(f"{', '.join(wrong) or 'host and from'} must be text")
    tls = settings.get("tls", False)
    port = settings.get("port", _SMTPS_PORT if tls else _SMTP_PORT)
    if not isinstance(tls, bool) or type(port) is not int or not 0 < port < 1 << 16:
        raise ValueError("port must be a number, tls true or false")
    try:
        starttls = Starttls(texts["starttls"] or Starttls.REQUIRED)
    except ValueError:
        raise ValueError("starttls must be required, offered or never") from None
    host, sender, user, password = (texts[n] for n in ("host", "from", "user", "password"))
    return SmtpServer(host, port, sender, user, password, starttls, tls)


def _smtp_of_url(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the URL cannot be read") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("the URL begins with smtp:// or smtps:// and names a host")
    settings: dict[str, Any] = dict(parse_qsl(parts.query))
    settings |= {
        "host": parts.hostname,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "tls": parts.scheme == "smtps",
    }
    return settings | ({"port": port} if port is not None else {})


def _read(secrets_place: Path) -> dict[str, Any]:
    # The hub has opened this file already: it is TOML, and for its owner alone.
    with secrets_place.open("rb") as file:
        return tomllib.load(file)


def _table(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name, {})
    return found if isinstance(found, dict) else {}
