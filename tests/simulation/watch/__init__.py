"""The checkers: each follows the ledger on its own, slowly, and shares no rule with the hub."""

from collections.abc import Callable, Iterator

from tests.simulation.history import Run
from tests.simulation.watch.asked_again import decisions_asked_again_are_the_same
from tests.simulation.watch.clocks import (
    breaches_open_once_and_close_once,
    clocks_fire_before_what_comes_after_them,
    ends_of_clocks_say_what_happened,
    every_recall_has_one_clock_until_it_is_confirmed,
    every_rung_fires_once,
    no_clock_outlives_its_handoff,
)
from tests.simulation.watch.disclosures import (
    disclosures_have_a_basis,
    nobody_hears_of_a_handoff_that_waits_for_its_basis,
    notices_carry_only_what_was_granted,
    open_handoffs_hold_what_is_permitted,
    what_is_withheld_is_in_no_notice,
    what_left_is_recalled_when_its_basis_goes,
    what_never_left_is_never_recalled,
)
from tests.simulation.watch.dossiers import Page, pages
from tests.simulation.watch.inputs import (
    every_dead_letter_is_kept,
    every_entry_keeps_its_event_as_it_came,
    every_input_has_one_outcome_and_its_entry,
    lanes_have_no_gaps_and_time_no_way_back,
    no_event_is_twice_in_a_lane,
    no_id_is_given_twice,
    what_waits_is_taken_up_once_or_given_up_in_time,
)
from tests.simulation.watch.lane import Checker
from tests.simulation.watch.replayed import replay_gives_the_same_bytes
from tests.simulation.watch.responsibility import (
    responsibility_is_conserved,
    the_state_tells_who_answers,
)
from tests.simulation.watch.statuses import (
    statuses_follow_the_table,
    the_state_tells_the_ledgers_statuses,
    what_is_over_stays_over,
)

PageChecker = Callable[[Page], Iterator[str]]
CHECKERS: tuple[Checker, ...] = (
    every_input_has_one_outcome_and_its_entry,
    every_dead_letter_is_kept,
    every_entry_keeps_its_event_as_it_came,
    no_event_is_twice_in_a_lane,
    lanes_have_no_gaps_and_time_no_way_back,
    no_id_is_given_twice,
    what_waits_is_taken_up_once_or_given_up_in_time,
    responsibility_is_conserved,
    the_state_tells_who_answers,
    statuses_follow_the_table,
    what_is_over_stays_over,
    the_state_tells_the_ledgers_statuses,
    every_rung_fires_once,
    breaches_open_once_and_close_once,
    ends_of_clocks_say_what_happened,
    no_clock_outlives_its_handoff,
    every_recall_has_one_clock_until_it_is_confirmed,
    clocks_fire_before_what_comes_after_them,
    replay_gives_the_same_bytes,
    decisions_asked_again_are_the_same,
)


PAGE_CHECKERS: tuple[PageChecker, ...] = (
    notices_carry_only_what_was_granted,
    disclosures_have_a_basis,
    open_handoffs_hold_what_is_permitted,
    nobody_hears_of_a_handoff_that_waits_for_its_basis,
    what_is_withheld_is_in_no_notice,
    what_left_is_recalled_when_its_basis_goes,
    what_never_left_is_never_recalled,
)
"""Those that look at one entry beside what is known of the person by then."""


def violations(run: Run) -> Iterator[str]:
    """Name everything that should not be, each with the checker that saw it."""
    for checker in CHECKERS:
        for found in checker(run):
            yield f"{checker.__name__}: {found}"
    for lane in run.lanes().values():
        for page in pages(lane):
            for page_checker in PAGE_CHECKERS:
                for found in page_checker(page):
                    yield f"{page_checker.__name__}: {found}"


def over_pages(checker: PageChecker) -> Checker:
    """Let a checker of entries look at a whole run."""

    def look(run: Run) -> Iterator[str]:
        for lane in run.lanes().values():
            for page in pages(lane):
                yield from checker(page)

    return look
