"""What the README says can be pasted, and every place it names is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.measuring import unmeasured_environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
STORY = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def shell_folder(tmp_path: Path) -> Path:
    """Make a folder that looks to the story like the repository."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


def test_the_story_can_be_followed_by_copy_and_paste(shell_folder: Path) -> None:
    commands = [line for block in STORY for line in block.splitlines()]
    pasted = [line for line in commands if not line.startswith(". ")]
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = {}
    for command in pasted:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=shell_folder,
            env={**unmeasured_environment(), "PATH": places},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        told[command] = done.stdout
    live, replayed = told["saattaen replay --digest"].splitlines()
    assert live.split()[1] == replayed.split()[1]
    assert "breached" in told["saattaen clocks"]
    assert '"resourceType":"Bundle"' in told["saattaen deliveries --body"]
    assert "EI_KAPASITEETTIA" not in told["saattaen handoffs"]
    asked = {command.split()[1]: said for command, said in told.items()}
    assert "missing: ask the person for a consent" in " ".join(asked["explain"].split())
    assert "in force" in asked["consents"]
    assert "basuppgifter" in asked["disclosures"]


def test_the_table_leads_a_referral_through_places_that_are_there() -> None:
    table = README.split("## Where does a referral go?")[1].split("##")[0]
    places = [place for place in re.findall(r"`([^`]+)`", table) if "/" in place]
    assert len(places) > 15
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
