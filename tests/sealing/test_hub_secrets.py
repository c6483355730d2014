"""The secrets file: made once, for the hub's user alone, and never shown."""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.sealing.hub_secrets import (
    SecretsError,
    make_secrets,
    open_secrets,
    read_secrets,
    secrets_file,
)

MASTER, PSEUDONYM = bytes(range(64)), bytes(range(100, 132))


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_default_place_is_beside_the_folder_and_not_in_it(tmp_path: Path) -> None:
    data = tmp_path / "saattaen-data"
    assert secrets_file(data) == tmp_path / "saattaen-data.key"
    assert secrets_file(Path("data")) == Path.cwd() / "data.key"


def test_first_start_makes_secrets_for_the_hubs_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.key"
    secrets, made = open_secrets(path, may_make=True)
    assert made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secrets.master) == len(secrets.pseudonym) == 64
    assert secrets.master != secrets.pseudonym
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_start_finds_the_same_secrets(tmp_path: Path) -> None:
    path = tmp_path / "hub.key"
    first, _ = open_secrets(path, may_make=True)
    assert open_secrets(path, may_make=True) == (first, False)
    assert open_secrets(path, may_make=False) == (first, False)


def test_two_hubs_that_start_at_once_agree_on_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "hub.key", os.link

    def overtaken(source: Path, target: Path) -> None:
        written(target, f'master = "{MASTER.hex()}"\npseudonym = "{PSEUDONYM.hex()}"')
        link(source, target)

    monkeypatch.setattr(os, "link", overtaken)
    secrets, made = open_secrets(path, may_make=True)
    assert (secrets.master, made) == (MASTER, False)
    assert list(tmp_path.iterdir()) == [path]


def test_a_hub_that_has_sealed_gets_no_new_secrets(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match=r"hub\.key is missing.*backup"):
        open_secrets(tmp_path / "hub.key", may_make=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "spell",
    [
        bytes.hex,
        lambda secret: base64.b64encode(secret).decode(),
        lambda secret: base64.urlsafe_b64encode(secret).decode().rstrip("="),
        lambda secret: f"  {secret.hex().upper()} ",
    ],
)
def test_a_secret_may_be_spelt_in_hex_or_base64(
    tmp_path: Path, spell: Callable[[bytes], str]
) -> None:
    text = f'master = "{spell(MASTER)}"\npseudonym = "{spell(PSEUDONYM)}"\n'
    assert read_secrets(written(tmp_path / "hub.key", text)) == (MASTER, PSEUDONYM)


@pytest.mark.skipif(os.name != "posix", reason="cannot run here: no POSIX modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o700 | 0o010])
def test_a_file_open_to_others_is_refused_with_the_mend(tmp_path: Path, mode: int) -> None:
    text = f'master = "{MASTER.hex()}"\npseudonym = "{PSEUDONYM.hex()}"'
    with pytest.raises(SecretsError, match=r"open to others.*chmod 600"):
        read_secrets(written(tmp_path / "hub.key", text, mode))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "needs master"),
        ('master = "{master}"', "needs pseudonym"),
        ('master = "{master}00"\npseudonym = "{master}"', "needs master"),
        ('master = ["{master}"]', "needs master"),
        ('master = "{master}', "is not TOML"),
        ('master = "z{tail}"', "needs master"),
    ],
)
def test_a_file_of_another_shape_is_refused_without_showing_the_secret(
    tmp_path: Path, text: str, named: str
) -> None:
    filled = text.format(master=MASTER.hex(), tail=MASTER.hex()[1:])
    with pytest.raises(SecretsError, match=named) as caught:
        read_secrets(written(tmp_path / "hub.key", filled))
    assert MASTER.hex()[1:20] not in str(caught.value)


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "hub.key", "")
    path.write_bytes(b"\xff\xfe" + MASTER)
    with pytest.raises(SecretsError, match="not UTF-8"):
        read_secrets(path)


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match=r"cannot read .*hub\.key: No such file"):
        read_secrets(tmp_path / "hub.key")
    with pytest.raises(SecretsError, match=r"cannot make .*hub\.key: No such file"):
        make_secrets(tmp_path / "nowhere" / "hub.key")


def test_secrets_do_not_show_in_what_is_printed(tmp_path: Path) -> None:
    secrets, _ = open_secrets(tmp_path / "hub.key", may_make=True)
    assert f"{secrets} {secrets!r}" == "HubSecrets(...) HubSecrets(...)"
