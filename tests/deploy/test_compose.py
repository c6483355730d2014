"""The containers of a hub: each stage confined, limited and watched, as tools and rules can see."""

import copy
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.bootstrap.kafka_dev_parts import locked
from streams.cli.command_line import saattaen
from streams.cli.worker_supervise import STAGES as SUPERVISED

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORE = ROOT / "deploy" / "Dockerfile.dockerignore"
BIN = Path(sys.executable).parent
STAGES = ("receive", "normalise", "route", "dispatch", "view")
ONCE = "topics"
USER = "10001"
Services = dict[str, dict[str, Any]]


def services() -> Services:
    read: dict[str, Any] = YAML(typ="safe").load(COMPOSE.read_text())
    found: Services = read["services"]
    return found


def schema_findings(place: Path) -> str:
    """Hold a file against the Compose specification's own schema."""
    checked = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", place],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def hadolint_findings(place: Path) -> str:
    checked = subprocess.run(
        [BIN / "hadolint", "--no-color", place], capture_output=True, text=True, check=False
    )
    return checked.stdout + checked.stderr


def unconfined(found: Services) -> Iterator[str]:
    """Say what a service of ours may do that it need not."""
    for name in (*STAGES, ONCE):
        service = found[name]
        confined = {
            "runs as root": service.get("user") == f"{USER}:{USER}",
            "may write its root file system": service.get("read_only") is True,
            "keeps capabilities": service.get("cap_drop") == ["ALL"],
            "may gain privileges": service.get("security_opt") == ["no-new-privileges:true"],
            "is reached from outside": "ports" not in service,
            "reaches outside": name == "dispatch" or service.get("networks") == ["hub"],
        }
        yield from (f"{name} {fault}" for fault, holds in confined.items() if not holds)


def unlimited(found: Services) -> Iterator[str]:
    """Say which service could take the whole machine, or stay down."""
    for name, service in found.items():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        watched = "test" in service.get("healthcheck", {})
        held = {
            "has no limit of memory": re.fullmatch(r"\d+[mg]", limits.get("memory", "")),
            "has no limit of processors": re.fullmatch(r"\d+\.\d+", limits.get("cpus", "")),
            "stays down": service.get("restart") == "unless-stopped" or name == ONCE,
            "is not watched": watched or name == ONCE,
            "fills the disk with its log": service.get("logging", {}).get("options"),
        }
        yield from (f"{name} {fault}" for fault, holds in held.items() if not holds)


def unprobed(found: Services) -> Iterator[str]:
    """Say which stage is not asked whether it makes progress, where it answers."""
    for name in STAGES:
        port = found[name]["environment"]["SAATTAEN_HEALTH_PORT"]
        asked = " ".join(found[name]["healthcheck"]["test"])
        if f"http://127.0.0.1:{port}/livez" not in asked:
            yield f"{name} is not asked for /livez on its port"


CHECKS: list[tuple[Callable[[Services], Iterator[str]], str, dict[str, Any]]] = [
    (unconfined, "route", {"read_only": False}),
    (unconfined, "view", {"user": "0:0"}),
    (unconfined, "receive", {"ports": ["9464:9464"]}),
    (unconfined, "normalise", {"networks": ["hub", "outside"]}),
    (unlimited, "kafka", {"deploy": {"resources": {"limits": {"cpus": "2.0"}}}}),
    (unlimited, "registry", {"restart": "no"}),
    (unlimited, "database", {"healthcheck": {}}),
    (unprobed, "dispatch", {"healthcheck": {"test": ["CMD", "true"]}}),
]


def test_the_file_is_as_the_compose_specification_says() -> None:
    assert schema_findings(COMPOSE) == ""


def test_a_key_that_the_specification_does_not_have_is_seen(tmp_path: Path) -> None:
    planted = tmp_path / "compose.yaml"
    planted.write_text(COMPOSE.read_text().replace("read_only: true", "read_ony: true"))
    assert "'read_ony' does not match" in schema_findings(planted)


def test_docker_itself_takes_the_file() -> None:
    docker = shutil.which("docker")
    asked = [str(docker), "compose", "-f", str(COMPOSE)]
    if docker is None or subprocess.run([*asked, "version"], check=False).returncode:
        pytest.skip("cannot run here: no docker compose")
    environment = {"PATH": str(Path(docker).parent), "SAATTAEN_DATABASE_PASSWORD": "made-up"}
    subprocess.run([*asked, "config", "--quiet"], env=environment, check=True)


@pytest.mark.parametrize("check", [unconfined, unlimited, unprobed])
def test_every_service_is_confined_limited_and_watched(
    check: Callable[[Services], Iterator[str]],
) -> None:
    assert list(check(services())) == []


@pytest.mark.parametrize(("check", "name", "fault"), CHECKS)
def test_a_service_that_is_not_is_seen(
    check: Callable[[Services], Iterator[str]], name: str, fault: dict[str, Any]
) -> None:
    planted = copy.deepcopy(services())
    planted[name] |= fault
    found = list(check(planted))
    assert len(found) == 1
    assert found[0].startswith(name)


def test_broker_and_registry_are_those_that_were_tried() -> None:
    tried = {part.artifact: part.version for part in locked()}
    images = {name: service["image"] for name, service in services().items()}
    assert images["kafka"].endswith(f":{tried['kafka_2.13']}")
    assert images["registry"].endswith(f":{tried['apicurio-registry-app']}")
    assert not [image for image in images.values() if image.endswith(":latest")]


def test_every_variable_is_one_that_commands_read() -> None:
    given = {name for service in services().values() for name in service.get("environment", {})}
    ours = {name for name in given if name.startswith("SAATTAEN_")}
    code = "".join(path.read_text() for path in (ROOT / "streams" / "cli").glob("*.py"))
    assert ours
    assert [name for name in sorted(ours) if f'"{name}"' not in code] == []


def command_of(words: list[str]) -> Any:  # noqa: ANN401  # click's own
    """Find the command of a container, or what it supervises."""
    words = [word for word in words if word != "supervise"]
    found: Any = saattaen
    for word in words[:2]:
        found = found.get_command(None, word)
        assert found is not None, f"there is no command {word}"
    return found


def options_of(words: list[str]) -> set[str]:
    return {option for parameter in command_of(words).params for option in parameter.opts}


@pytest.mark.parametrize("name", [ONCE, *STAGES])
def test_every_service_runs_a_command_that_there_is(name: str) -> None:
    words = services()[name]["command"]
    assert {word for word in words if word.startswith("--")} <= options_of(words)
    if "supervise" in words:
        assert words[2] in SUPERVISED


@pytest.mark.parametrize(
    "name",
    STAGES,
)
def test_every_stage_answers_where_it_is_probed(name: str) -> None:
    assert "--health-port" in options_of(services()[name]["command"])


def test_the_image_is_built_as_its_linter_likes() -> None:
    assert hadolint_findings(DOCKERFILE) == ""


def test_a_dockerfile_that_its_linter_does_not_like_is_seen(tmp_path: Path) -> None:
    planted = tmp_path / "Dockerfile"
    planted.write_text(DOCKERFILE.read_text().replace("3.11-slim-bookworm", "latest"))
    assert "DL3007" in hadolint_findings(planted)


def test_the_image_runs_as_nobody_in_particular() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    last_stage = lines[[n for n, line in enumerate(lines) if line.startswith("FROM ")][-1] :]
    assert [line for line in last_stage if line.startswith("USER ")] == [f"USER {USER}"]
    assert not [line for line in last_stage if line.startswith("ADD ")]


def test_whatever_the_image_is_made_of_reaches_the_builder() -> None:
    copied = [
        word
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    let_in = {line[1:] for line in IGNORE.read_text().splitlines() if line.startswith("!")}
    assert copied
    assert set(copied) == let_in
    assert [word for word in copied if not (ROOT / word).exists()] == []
