"""How many records are asked for, once one of them is corrupt."""

from streams.engines.kafka.sound_polling import Portion


def test_half_as_many_are_asked_for_until_it_is_the_very_next_record() -> None:
    portion = Portion(8)
    asked = [portion.records]
    while not portion.meet_corrupt():
        asked.append(portion.records)
    assert asked == [8, 4, 2, 1]
    assert portion.records == 8  # whoever asks again may find it mended


def test_more_are_asked_for_again_as_soon_as_they_read() -> None:
    portion = Portion(8)
    portion.meet_corrupt()
    portion.meet_corrupt()
    seen = []
    for _ in range(3):
        portion.read_sound()
        seen.append(portion.records)
    assert seen == [4, 8, 8]
