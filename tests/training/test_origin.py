"""Records of where runs were begun."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.training.origin import Origin, absolute
from tests.support.examples import examples

parts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\:")
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),  # bytes that are not UTF-8
    min_size=1,
    max_size=8,
).filter(lambda part: part not in (".", ".."))
paths = st.lists(parts, max_size=4).map(lambda names: Path("/", *names))


@examples(50)
@given(paths, paths, st.none() | paths)
def test_a_record_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, run: Path, folder: Path, config: Path | None
) -> None:
    file = tmp_path_factory.mktemp("record") / "origin.json"
    origin = Origin(run, folder, config)
    origin.write(file)
    assert Origin.read(file) == origin


@examples(50)
@given(paths, paths, paths, st.lists(parts, min_size=1))
def test_what_was_moved_with_a_run_is_found_and_what_was_not_is_not_taken_for_it(
    before: Path, after: Path, run: Path, config: list[str]
) -> None:
    inside = run.relative_to("/")
    origin = Origin(before / inside, before, before.joinpath(*config))
    moved = after.joinpath(*config)
    assert origin.is_of(moved, after / inside)
    assert origin.is_of(before.joinpath(*config), after / inside), "only the run was moved"
    assert not origin.is_of(moved.with_name(f"{moved.name}-2"), after / inside)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "3", "{}", '{"run": 1, "folder": "/", "config": null}'),
        *('{"run": "/a", "folder": "/"}', "[" * 100_000, '"\\ud800"'),
    ],
)
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "origin.json"
    file.write_text(text)
    assert Origin.read(file) is None


def test_a_record_that_is_missing_or_no_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "origin.json"
    assert Origin.read(file) is None
    file.mkdir()
    assert Origin.read(file) is None
    file.rmdir()
    subprocess.run(["mkfifo", str(file)], check=True)
    assert Origin.read(file) is None


def test_a_record_says_nothing_but_the_paths(tmp_path: Path) -> None:
    Origin(Path("/w/runs/lr"), Path("/w"), None).write(tmp_path / "origin.json")
    record = json.loads((tmp_path / "origin.json").read_text())
    assert record == {"run": "/w/runs/lr", "folder": "/w", "config": None}


def test_a_link_to_a_shared_configuration_is_a_configuration_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("")
    (tmp_path / "mine.yaml").symlink_to("shared.yaml")
    (tmp_path / "here").symlink_to(".")
    assert absolute(tmp_path / "here" / "mine.yaml") == tmp_path.resolve() / "mine.yaml"
