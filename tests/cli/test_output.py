"""Tables and fields that people read are broken between words, and never inside one."""

import pytest

from streams.cli.output import BLANK, print_fields, print_table

WORD = "h-0123456789ABCDEFGHJKMNPQRS"


def test_the_widest_column_gives_way_first(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(WORD, "here", "one two three four five"), (BLANK, BLANK, "six")]

    print_table(("ID", "AT", "WHY"), rows, none="", width_max=48)

    assert capsys.readouterr().out.splitlines() == [
        "ID                            AT    WHY",
        f"{WORD}  here  one two",
        f"{'':28}        three four",
        f"{'':28}        five",
        f"{'':28}        six",
    ]


def test_a_word_that_does_not_fit_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("ID", "WHY"), [(WORD, "a bb")], none="", width_max=10)

    assert capsys.readouterr().out.splitlines()[1:] == [f"{WORD}  a", f"{'':28}  bb"]


def test_a_table_that_fits_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("ID", "WHY"), [("1", "a b c")], none="", width_max=100)
    print_table(("ID", "WHY"), [("1", "a b c")], none="")

    wide, plain = capsys.readouterr().out.split("ID")[1:]
    assert wide == plain


def test_a_field_goes_on_under_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields([("name", "one two three"), ("x", None)], width_max=14)

    assert capsys.readouterr().out.splitlines() == ["name  one two", "      three", "x     -"]
