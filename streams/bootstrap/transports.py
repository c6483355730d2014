"""Which transport carries notices to which agency, as the agreement's `delivery` says.

`none` and `in-process` have none here: their notices stay pending. Secrets of webhooks stand in the
hub's secrets file, or in the environment.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from streams.domain.agreement import Agency
from streams.domain.ids import AgencyId, Instant
from streams.promises.transport import Transport
from streams.sealing.hub_secrets import SecretsError

OUTBOX = "outbox"
SECRETS_VARIABLE = "SAATTAEN_WEBHOOK_SECRETS_"
"""Followed by the agency's id in capitals, all other characters as `_`; secrets between spaces."""


def transports_of(
    agencies: Mapping[AgencyId, Agency],
    data: Path,
    secrets_place: Path,
    clock: Callable[[], Instant],
) -> dict[AgencyId, Transport]:
    """Make the transports of a region's agencies; `secrets_place` is the hub's secrets file.

    Raises:
        SecretsError: A webhook has no secret, or one that cannot be used.
        OSError: The outbox of an agency cannot be made.
    """
    made: dict[AgencyId, Transport] = {}
    for agency_id, agency in agencies.items():
        kind, _, place = agency.delivery.partition(":")
        if kind == "file":
            from connectors.transport.file_drop import FileDrop  # loaded when needed

            made[agency_id] = FileDrop(Path(place) if place else _outbox(data, agency_id))
        elif kind == "webhook":
            from connectors.transport.webhook import Webhook  # loaded when needed

            try:
                made[agency_id] = Webhook(place, _secrets(agency_id, secrets_place), clock)
            except ValueError as wrong:
                raise SecretsError(f"the webhook of {agency_id} cannot be used: {wrong}") from None
    return made


def variable_of(agency: AgencyId) -> str:
    """Name the environment variable of an agency's webhook secrets."""
    return SECRETS_VARIABLE + re.sub(r"[^A-Za-z0-9]", "_", agency).upper()


def _outbox(data: Path, agency: AgencyId) -> Path:
    outbox = data / OUTBOX / agency
    outbox.mkdir(parents=True, exist_ok=True)
    return outbox


def _secrets(agency: AgencyId, secrets_place: Path) -> list[str]:
    variable = variable_of(agency)
    given = os.environ.get(variable, "").split()
    if given:
        return given
    # The hub has opened this file already: it is TOML, and for its owner alone.
    with secrets_place.open("rb") as file:
        webhooks = tomllib.load(file).get("webhook", {})
    table = webhooks.get(agency, {}) if isinstance(webhooks, dict) else {}
    secrets = table.get("secrets", []) if isinstance(table, dict) else []
    if not isinstance(secrets, list) or not secrets or not all(isinstance(s, str) for s in secrets):
        raise SecretsError(
            f'notices to {agency} go to a webhook, which needs a secret: add [webhook."{agency}"] '
            f'with secrets = ["whsec_..."] to {secrets_place}, or set {variable}'
        )
    return secrets
