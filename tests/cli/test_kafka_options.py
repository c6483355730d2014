"""A command is told which hub is meant; what it lacks, or cannot be, is said before it begins."""

import sys

import click
import pytest
from click.testing import CliRunner

from streams.cli import failures
from streams.cli.kafka_options import (
    DATABASE,
    KAFKA,
    KEYS,
    REGISTRY,
    KafkaPlace,
    any_hub_options,
    kafka_options,
)
from streams.cli.options import HubPlace

BROKER, BASE = "127.0.0.1:9092", "http://127.0.0.1:8081/apis/ccompat/v7"


@click.command()
@kafka_options(KAFKA, REGISTRY)
def on_kafka(place: KafkaPlace) -> None:
    click.echo(repr(place))


@click.command()
@kafka_options(KAFKA, REGISTRY, DATABASE, KEYS)
def on_everything(place: KafkaPlace) -> None:
    click.echo(repr(place))


@click.command()
@any_hub_options(KAFKA, DATABASE)
def on_either(place: HubPlace | KafkaPlace) -> None:
    click.echo(type(place).__name__)


def said(command: click.Command, *words: str, **environment: str) -> str:
    """Give what a command says, or how it refuses."""
    unset = dict.fromkeys(
        ("SAATTAEN_KAFKA", "SAATTAEN_REGISTRY", "SAATTAEN_DATABASE", "SAATTAEN_KEYS_FILE")
    )
    ended = CliRunner(env={**unset, **environment}).invoke(command, words)
    return ended.output.strip()


def test_a_kafka_hub_is_named_by_options_or_by_the_environment() -> None:
    place = KafkaPlace(BROKER, BASE, "", None, None)
    assert said(on_kafka, "--kafka", BROKER, "--registry", f"{BASE}/") == repr(place)
    assert said(on_kafka, SAATTAEN_KAFKA=BROKER, SAATTAEN_REGISTRY=BASE) == repr(place)


def test_whatever_is_missing_is_named_with_its_variable() -> None:
    refused = said(on_everything, "--kafka", BROKER)
    assert "--registry (or SAATTAEN_REGISTRY), --database (or SAATTAEN_DATABASE)" in refused
    assert "--keys (or SAATTAEN_KEYS_FILE)" in refused
    assert "saattaen kafka dev" in refused


def test_missing_secrets_alone_are_not_blamed_on_the_broker() -> None:
    words = ("--kafka", BROKER, "--registry", BASE, "--database", "postgresql://localhost/hub")
    refused = said(on_everything, *words)
    assert "a Kafka hub needs --keys (or SAATTAEN_KEYS_FILE)" in refused
    assert "saattaen kafka dev" not in refused


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgresql://hub@db/hub", "postgresql+psycopg://hub@db/hub"),
        ("postgres://hub@db/hub", "postgresql+psycopg://hub@db/hub"),
        ("postgresql+psycopg://hub@db/hub", "postgresql+psycopg://hub@db/hub"),
    ],
)
def test_the_database_is_reached_through_the_driver_that_is_there(given: str, taken: str) -> None:
    assert taken in said(on_kafka, "--kafka", BROKER, "--registry", BASE, "--database", given)


@pytest.mark.parametrize(
    "words",
    [
        ("--kafka", "localhost"),
        ("--kafka", "localhost:"),
        ("--kafka", ":9092"),
        ("--kafka", "localhost:70000"),
        ("--kafka", f"{BROKER},localhost:x"),
        ("--registry", "localhost:8081"),
        ("--registry", "http://"),
        ("--database", "sqlite:///secret"),
        ("--database", "mysql://hub:secret@db/hub"),
        ("--database", "postgresql:hub:secret@db"),
    ],
)
def test_an_address_that_can_be_none_is_refused_without_repeating_a_password(
    words: tuple[str, ...],
) -> None:
    refused = said(on_kafka, "--kafka", BROKER, "--registry", BASE, *words)
    assert "Invalid value for" in refused
    assert "secret" not in refused


@pytest.mark.parametrize(
    ("words", "kafka", "kind"),
    [
        ((), "", "HubPlace"),
        ((), BROKER, "KafkaPlace"),
        (("--data", "here"), "", "HubPlace"),
        (("--data", "here"), BROKER, "HubPlace"),
        (("--kafka", BROKER), "", "KafkaPlace"),
    ],
)
def test_what_stands_on_the_command_line_beats_the_environment(
    words: tuple[str, ...], kafka: str, kind: str
) -> None:
    database = "postgresql://db/hub"
    assert said(on_either, *words, SAATTAEN_KAFKA=kafka, SAATTAEN_DATABASE=database) == kind


def test_two_hubs_at_once_are_refused() -> None:
    refused = said(on_either, "--data", "here", "--kafka", BROKER)
    assert "give one" in refused


def test_an_embedded_hub_needs_no_database() -> None:
    assert "--database" in said(on_either, "--kafka", BROKER)
    assert said(on_either, "--data", "here") == "HubPlace"


@pytest.mark.parametrize(("library", "extra"), [("aiokafka", "kafka"), ("jgo", "kafka-dev")])
def test_a_library_that_is_not_installed_is_named_by_its_extra(
    library: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code = failures.exit_code_of(lambda: __import__(library), as_json=False)
    assert code == failures.UNAVAILABLE.exit_code
    told = capsys.readouterr().err
    assert told == f"saattaen: this needs the extra {extra}: pip install 'saattaen[{extra}]'\n"


def test_a_module_of_our_own_that_is_missing_stays_a_defect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = failures.exit_code_of(lambda: __import__("streams.no_such_room"), as_json=False)
    assert code == failures.FAILURE.exit_code
    assert "a defect of the hub" in capsys.readouterr().err
