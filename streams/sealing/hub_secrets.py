"""The hub's two secrets: `master` wraps the person keys, `pseudonym` makes the pseudonyms.

They live in a TOML file outside the hub's folder, so that a backup of the folder opens nothing. Who
loses the file loses what was sealed; who swaps it makes every person a stranger.
"""

import base64
import binascii
import os
import secrets
import stat
import tomllib
from pathlib import Path
from typing import NamedTuple

SECRET_BYTES = 64
_LENGTHS_BYTES = (32, 64)
_TEXT = """\
# The secrets of this hub. Without this file nothing that the hub sealed can be read again.
# Keep a copy, apart from backups of the hub's folder; keep it from everybody else.
master = "{master}"
pseudonym = "{pseudonym}"
"""


class SecretsError(Exception):
    """The secrets file cannot be used; the text names the file and the mend, never a secret."""


class HubSecrets(NamedTuple):
    """The secrets of a hub: 32 or 64 bytes each, never shown."""

    master: bytes
    pseudonym: bytes

    def __repr__(self) -> str:
        """Show that they are there, and nothing of them."""
        return "HubSecrets(...)"


def secrets_file(data: Path) -> Path:
    """Give the default place of a hub's secrets: `DATA.key`, beside the folder and not in it."""
    folder = data.absolute()
    return folder.with_name(folder.name + ".key")


def read_secrets(path: Path) -> HubSecrets:
    """Read a hub's secrets: TOML with `master` and `pseudonym`, each base64 or hex.

    Raises:
        SecretsError: The file is missing, open to others, or not of that shape.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode()
    except OSError as error:
        raise SecretsError(f"cannot read the secrets file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretsError(f"the secrets file {path} is not UTF-8 text") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsError(
            f"the secrets file {path} is open to others (mode {stat.S_IMODE(mode):04o}): "
            f"chmod 600 {path}"
        )
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # The decoder's own words may repeat a piece of the line.
        raise SecretsError(f"the secrets file {path} is not TOML") from None
    return HubSecrets(_secret(table, "master", path), _secret(table, "pseudonym", path))


def make_secrets(path: Path) -> bool:
    """Make a secrets file with new random secrets and mode 0600, unless there is one.

    When this returns, a whole file is there and durable, whoever made it: two hubs that start at
    once agree on one.

    Returns:
        Whether this call made it, so that the caller can tell its user to keep it.

    Raises:
        SecretsError: The file cannot be made there.
    """
    if path.exists():
        return False
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    text = _TEXT.format(
        master=base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
        pseudonym=base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
    )
    try:
        _write_durably(draft, text.encode())
        try:
            # A link appears whole or not at all, and never over somebody else's file.
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        _make_names_durable(path.parent)
    except OSError as error:
        raise SecretsError(f"cannot make the secrets file {path}: {error.strerror}") from None
    return True


def open_secrets(path: Path, *, may_make: bool) -> tuple[HubSecrets, bool]:
    """Read a hub's secrets, made first where there are none and `may_make` says so.

    A hub that has sealed before must not: new secrets would make every known person a stranger.

    Returns:
        The secrets, and whether they were made now.

    Raises:
        SecretsError: The file cannot be made or used, or is missing and must not be made.
    """
    if not may_make and not path.exists():
        raise SecretsError(
            f"the secrets file {path} is missing, and this hub has sealed with it: "
            "put it back from its backup, or name where it lies with --keys"
        )
    made = make_secrets(path) if may_make else False
    return read_secrets(path), made


def _secret(table: dict[str, object], name: str, path: Path) -> bytes:
    written = table.get(name)
    if isinstance(written, str):
        for length_bytes in _LENGTHS_BYTES:
            secret = _decoded(written.strip(), length_bytes)
            if secret is not None:
                return secret
    raise SecretsError(
        f"the secrets file {path} needs {name} as text: 32 or 64 bytes in base64 or hex"
    )


def _decoded(text: str, length_bytes: int) -> bytes | None:
    try:
        if len(text) == 2 * length_bytes:
            return bytes.fromhex(text)
        plain = text.rstrip("=").replace("-", "+").replace("_", "/")
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return decoded if len(decoded) == length_bytes else None


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _make_names_durable(folder: Path) -> None:
    if os.name != "posix":  # pragma: no cover  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
