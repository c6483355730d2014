"""The figures keep their names: others read them. Nothing here fails for time."""

from pathlib import Path
from statistics import median

import pytest

from tests.bench import __main__ as bench
from tests.bench import clocks, decide, history, path, working_days


def test_a_run_gives_every_figure_under_its_name_and_every_round_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.files_of.cache_clear()
    for place, name, few in (
        (path, "PERSONS", 3),
        (path, "XML_BATCHES", 1),
        (path, "FHIR_BUNDLES", 2),
        (history, "CLOSED", (1, 2)),
        (history, "ROUNDS", 1),
        (decide, "CALLS", 20),
        (decide, "ROUNDS", 1),
        (working_days, "CALLS", 20),
        (working_days, "ROUNDS", 1),
        (clocks, "CLOCKS", 400),
        (clocks, "GROUP", 20),
        (clocks, "FIRING_S", 0.1),
        (clocks, "LAG_A_SECOND", 50),
        (clocks, "LAG_S", 1),
        (clocks, "LEAD_US", 100_000),
        (clocks, "EDITED_CLOCKS", 400),
        (bench, "STEP_ROUNDS", 1),
        (bench, "ROUNDS", dict.fromkeys(bench.WIRES, 1)),
    ):
        monkeypatch.setattr(place, name, few)

    measured = bench.everything(tmp_path)
    path.files_of.cache_clear()

    keys = {"machine", "floor", "path", "step_us", "history", "clocks", "decide", "rounds"}
    assert keys <= set(measured)
    timed = measured["clocks"]
    assert isinstance(timed, dict)
    assert {
        "armed_per_s",
        "fired_per_s",
        "lag_p50_ms",
        "lag_p99_ms",
        "bytes_per_clock",
        "rebuild_s",
        "working_day_us",
        "edit_s",
        "bare_heap",
    } <= set(timed)
    assert (timed["edit_persons"], timed["edit_missed"], timed["edit_repeated"]) == (100, 0, 0)
    rounds = measured["rounds"]
    assert isinstance(rounds, dict)
    for name in ("floor", "path"):
        figures = measured[name]
        assert isinstance(figures, dict)
        assert set(figures) == {"json", "xml", "fhir"}
        for wire, figure in figures.items():
            assert figure == median(rounds[f"{name}.{wire}"])
