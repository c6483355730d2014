"""The wheel carries what the code reads, at the place where an installed hub looks for it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return frozenset(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    ("shelf", "suffix", "packed_as"),
    [
        ("schemas/avro", ".avsc", "streams/contracts/avro"),
        ("deploy/agreements", "", "streams/bootstrap/agreements"),
        ("streams", ".py", "streams"),
        ("connectors", ".py", "connectors"),
    ],
)
def test_the_wheel_carries_every_file(
    packed: frozenset[str], shelf: str, suffix: str, packed_as: str
) -> None:
    there = [
        path.relative_to(ROOT / shelf)
        for path in (ROOT / shelf).rglob(f"*{suffix}")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert there
    assert not {f"{packed_as}/{path.as_posix()}" for path in there} - packed


def test_the_wheel_carries_nothing_else(packed: frozenset[str]) -> None:
    assert {name.split("/")[0] for name in packed} == {
        "streams",
        "connectors",
        "saattaen-0.1.0.dist-info",
    }
