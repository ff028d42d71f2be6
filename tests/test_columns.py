"""Names and sentences in the columns of a terminal."""

import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nntrain.columns import named_lines, shorten, shorten_all
from tests.support.terminal import Screen, width

NAMES = st.text(st.sampled_from("ab-/ü数"), max_size=40)


@given(NAMES, st.integers(3, 45))
def test_a_shortened_name_keeps_its_beginning_and_its_end(name: str, cells: int) -> None:
    short = shorten(name, cells)
    if width(name) <= cells:
        assert short == name
        return
    assert cells - 2 <= width(short) <= cells
    begin, end = (part.rstrip(" ") for part in short.split("…"))
    assert name.startswith(begin)
    assert name.endswith(end)
    assert abs(width(begin) - width(end)) <= 3


@given(st.lists(NAMES, max_size=6), st.integers(3, 45))
def test_different_names_stay_different(names: list[str], cells: int) -> None:
    assert len(set(shorten_all(names, cells))) == len(set(names))


def test_names_that_differ_in_the_middle_get_more_room() -> None:
    names = [f"runs/{'a' * 20}{number}{'b' * 20}" for number in (1, 2)]
    first, second = shorten_all(names, 12)
    assert "1" in first
    assert "2" in second
    assert len(first) < len(names[0])


@given(NAMES, st.lists(st.text("xyz 0", min_size=1, max_size=12), min_size=1, max_size=12))
def test_a_long_name_has_its_own_line_and_no_part_is_lost(name: str, parts: list[str]) -> None:
    assume(all(part.strip() for part in parts))
    text = ", ".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "30")
        lines = named_lines(name, text, Screen())
        assert named_lines(name, text, io.StringIO()) == [f"{name}: {text}"]
    assert max(map(width, lines)) <= 30
    if width(f"{name}: {text}") <= 30:
        assert lines == [f"{name}: {text}"]
    else:
        assert lines[0] == f"{shorten(name, 29)}:"
        assert " ".join(line.removeprefix("  ") for line in lines[1:]) == text


def test_a_command_stays_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "vote in: nntrain predict runs/a-name-that-is-long"
    lines = named_lines("runs/a-name-that-is-long", f"2 members, which {command}", Screen())
    assert lines == ["runs/a-name-that-is-long:", "  2 members,", f"  which {command}"]
