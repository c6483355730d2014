"""Each checker sees a bug planted into a real history, and none where there is none."""

import pytest

from tests.simulation import planting, planting_data, planting_decisions
from tests.simulation.planting import Plant, planted
from tests.simulation.watch import (
    CHECKERS,
    PAGE_CHECKERS,
    PageChecker,
    asked_again,
    clocks,
    disclosures,
    inputs,
    over_pages,
    replayed,
    responsibility,
    statuses,
)
from tests.simulation.watch.lane import Checker

SEEN_OVER_A_RUN: list[tuple[Checker, Plant]] = [
    (inputs.every_input_has_one_outcome_and_its_entry, planting.an_entry_dropped),
    (inputs.every_input_has_one_outcome_and_its_entry, planting.an_entry_repeated),
    (inputs.every_input_has_one_outcome_and_its_entry, planting.a_repeat_called_accepted),
    (inputs.every_dead_letter_is_kept, planting.a_dead_letter_lost),
    (inputs.every_entry_keeps_its_event_as_it_came, planting.a_municipality_kept),
    (inputs.no_event_is_twice_in_a_lane, planting.an_entry_repeated),
    (inputs.lanes_have_no_gaps_and_time_no_way_back, planting.an_entry_dropped),
    (inputs.lanes_have_no_gaps_and_time_no_way_back, planting.two_entries_swapped),
    (inputs.lanes_have_no_gaps_and_time_no_way_back, planting.a_moment_turned_back),
    (inputs.no_id_is_given_twice, planting.a_notice_id_reused),
    (inputs.no_id_is_given_twice, planting.an_entry_repeated),
    (inputs.what_waits_is_taken_up_once_or_given_up_in_time, planting.an_answer_taken_up_twice),
    (responsibility.responsibility_is_conserved, planting.two_holders),
    (responsibility.responsibility_is_conserved, planting.a_move_without_acceptance),
    (responsibility.the_state_tells_who_answers, planting.another_holder_in_the_state),
    (statuses.statuses_follow_the_table, planting.a_status_after_the_end),
    (statuses.statuses_follow_the_table, planting.a_stranger_heeded),
    (statuses.what_is_over_stays_over, planting.a_status_after_the_end),
    (statuses.the_state_tells_the_ledgers_statuses, planting.an_open_handoff_forgotten),
    (clocks.every_rung_fires_once, planting.a_rung_twice),
    (clocks.breaches_open_once_and_close_once, planting.a_second_close),
    (clocks.ends_of_clocks_say_what_happened, planting.a_lateness_made_up),
    (clocks.no_clock_outlives_its_handoff, planting.a_clock_left_running),
    (
        clocks.every_recall_has_one_clock_until_it_is_confirmed,
        planting_data.a_recall_without_its_clock,
    ),
    (clocks.clocks_fire_before_what_comes_after_them, planting.a_breach_overtaken),
    (replayed.replay_gives_the_same_bytes, planting.an_entry_dropped),
    (replayed.replay_gives_the_same_bytes, planting.two_entries_swapped),
    (replayed.replay_gives_the_same_bytes, planting.a_byte_moved),
    (replayed.replay_gives_the_same_bytes, planting.another_state),
    (asked_again.decisions_asked_again_are_the_same, planting_data.a_disclosure_without_basis),
    (asked_again.decisions_asked_again_are_the_same, planting_data.a_disclosure_left_out),
    (asked_again.decisions_asked_again_are_the_same, planting_decisions.another_ground_named),
    (asked_again.decisions_asked_again_are_the_same, planting_decisions.another_reason_named),
]
SEEN_ON_A_PAGE: list[tuple[PageChecker, Plant]] = [
    (disclosures.notices_carry_only_what_was_granted, planting_data.a_category_leaked),
    (disclosures.notices_carry_only_what_was_granted, planting_data.a_refusal_that_tells),
    (disclosures.notices_carry_only_what_was_granted, planting_data.another_message_leaked),
    (disclosures.disclosures_have_a_basis, planting_data.a_disclosure_without_basis),
    (disclosures.open_handoffs_hold_what_is_permitted, planting_data.a_disclosure_without_basis),
    (disclosures.open_handoffs_hold_what_is_permitted, planting_data.a_disclosure_left_out),
    (
        disclosures.nobody_hears_of_a_handoff_that_waits_for_its_basis,
        planting_data.a_recipient_told_too_early,
    ),
    (disclosures.what_is_withheld_is_in_no_notice, planting_data.what_was_withheld_leaked),
    (disclosures.what_left_is_recalled_when_its_basis_goes, planting_data.a_recall_forgotten),
    (disclosures.what_left_is_recalled_when_its_basis_goes, planting_data.a_past_recall_forgotten),
    (disclosures.what_never_left_is_never_recalled, planting_data.a_recall_of_what_never_left),
]


def named(either: object) -> str:
    return str(getattr(either, "__name__", either))


@pytest.mark.parametrize(("checker", "plant"), SEEN_OVER_A_RUN, ids=named)
def test_a_planted_bug_is_seen(checker: Checker, plant: Plant) -> None:
    sound, broken = planted(plant)
    assert not list(checker(sound))
    assert list(checker(broken))


@pytest.mark.parametrize(("checker", "plant"), SEEN_ON_A_PAGE, ids=named)
def test_a_planted_bug_is_seen_in_its_entry(checker: PageChecker, plant: Plant) -> None:
    sound, broken = planted(plant)
    assert not list(over_pages(checker)(sound))
    assert list(over_pages(checker)(broken))


def test_no_checker_is_without_its_planted_bug() -> None:
    assert {checker for checker, _ in SEEN_OVER_A_RUN} == set(CHECKERS)
    assert {checker for checker, _ in SEEN_ON_A_PAGE} == set(PAGE_CHECKERS)
