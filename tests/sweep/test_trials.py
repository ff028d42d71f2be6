"""The folder of a sweep: other sweeps, damaged and edited studies, and full disks."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from nntrain.errors import ConfigError, DataError, RunError
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import Trials, open_trials, read_trials
from tests.support.sweeps import InlineDispatcher, outcome, swept, variant
from tests.support.variants import slow


def test_another_sweep_is_not_resumed(finished: Trials) -> None:
    variant("sweep.yaml", ("seed: 5", "seed: 6"), ("[8, 16]", "[8, 32]"))
    with pytest.raises(ConfigError, match=r"runs/s: belongs to another sweep.* in: space, seed"):
        swept(InlineDispatcher(), "runs/s")
    variant("sweep.yaml")
    Path("tiny.yaml").write_text(Path("tiny.yaml").read_text().replace("seed: 3", "seed: 4"))
    with pytest.raises(ConfigError, match=r"differs in: what tiny\.yaml and --set say"):
        swept(InlineDispatcher(), "runs/s")


def test_a_folder_of_something_else_is_left_alone(sweep_folder: Path) -> None:
    with pytest.raises(RunError, match="data: exists already, but is no sweep"):
        swept(InlineDispatcher(), "data")
    with pytest.raises(RunError, match=r"data/train\.csv: a file; name a folder with --run"):
        swept(InlineDispatcher(), "data/train.csv")


def test_damaged_copies_of_the_inputs_are_repaired_by_copying_them_again(one_epoch: None) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 1"))
    first = outcome(swept(InlineDispatcher(), "runs/s"))
    for name, original in (("sweep.yaml", "sweep.yaml"), ("base.yaml", "tiny.yaml")):
        Path("runs/s", name).write_text("damaged")
        with pytest.raises(ConfigError, match=r"copy your .*, and tiny\.yaml to runs/s/base\.yaml"):
            swept(InlineDispatcher(), "runs/s")
        shutil.copy(original, Path("runs/s", name))
    assert outcome(swept(InlineDispatcher(), "runs/s")) == first


def test_other_rows_are_refused(sweep_folder: Path) -> None:
    for _ in range(2):
        with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials:
            trials.check_same_rows("those")
    with (
        open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials,
        pytest.raises(
            DataError, match=r"data/train\.csv: not the rows that runs/s was started with"
        ),
    ):
        trials.check_same_rows("others")


@contextmanager
def disk_full_after(pages: int) -> Iterator[None]:
    """Make SQLite report a full disk when its file would get larger."""

    def limit(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_full_disk_ends_a_sweep_in_one_line_and_it_resumes_with_more_space(
    one_epoch: None,
) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 2"))
    undisturbed = outcome(swept(InlineDispatcher(), "runs/s"))
    pages = Path("runs/s/study.db").stat().st_size // 4096
    ends = 0
    for room in range(1, pages, pages // 5):
        with disk_full_after(room):
            try:
                swept(InlineDispatcher(), "runs/other")
            except RunError as error:
                ends += 1
                assert str(error) == (
                    "runs/other/study.db: cannot be written: database or disk is full; free some "
                    "space, then repeat the command to continue"
                )
    assert ends >= 5
    assert outcome(swept(InlineDispatcher(), "runs/other")) == undisturbed


def test_a_damaged_study_is_rebuilt_from_the_trials(finished: Trials) -> None:
    undisturbed = outcome(finished)
    record = Path("runs/s/study.db")
    content = record.read_bytes()
    line = r"^runs/s/study\.db: damaged \(.*\); remove it, and 'nntrain sweep SWEEP\.yaml' rebuilds"
    for damaged in (b"no database" * 999, content[:5_000], content[:4096].ljust(len(content))):
        record.write_bytes(damaged)
        with pytest.raises(RunError, match=line):
            swept(InlineDispatcher(), "runs/s")
        with pytest.raises(RunError, match=line):
            read_trials(Path("runs/s"))
    record.unlink()
    again = InlineDispatcher()
    assert outcome(swept(again, "runs/s")) == undisturbed
    assert again.segments == 0

    record.unlink()
    other = Path("runs/s/trial-2/config.yaml")
    other.write_text(other.read_text().replace("batch_size: ", "batch_size: 9"))
    with pytest.raises(RunError, match=r"runs/s/trial-2: not trained with the values that the swe"):
        swept(InlineDispatcher(), "runs/s")
    shutil.rmtree("runs/s/trial-2")
    assert outcome(swept(InlineDispatcher(), "runs/s")) == undisturbed


@pytest.mark.parametrize("name", ["100%41 x?mode=memory", *slow("{SCHEMA_VERSION} a#b ü;& what?")])
def test_the_study_is_in_its_folder_whatever_its_name(one_epoch: None, name: str) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 1"))
    before = {path.name for path in Path.cwd().iterdir()}
    trials = swept(InlineDispatcher(), f"runs/{name}")
    assert (Path("runs") / name / "study.db").stat().st_size > 0
    assert {path.name for path in Path.cwd().iterdir()} <= before | {"runs"}
    assert outcome(read_trials(Path("runs") / name)) == outcome(trials)
    again = InlineDispatcher()
    swept(again, f"runs/{name}")
    assert again.segments == 0


EDITS = (
    "UPDATE trials SET state = 'SLEEPING'",
    "UPDATE trials SET number = number + 1",
    "UPDATE trial_values SET value = 7.5",
    "UPDATE trial_params SET param_value = 1e9",
    "DELETE FROM trial_params WHERE trial_id = 2",
    "UPDATE study_user_attributes SET value_json = '[' WHERE key = 'seconds'",
    "UPDATE alembic_version SET version_num = 'x'",
)
MORE_EDITS = (
    "UPDATE trials SET state = 'WAITING'",
    "DELETE FROM trials WHERE number = 1",
    "UPDATE trial_values SET value = 'much'",
    "DELETE FROM trial_values",
    "UPDATE trial_params SET param_name = 'seed' WHERE param_name = 'training.batch_size'",
    "UPDATE trial_params SET distribution_json = '{'",
    """UPDATE trial_params SET distribution_json = '{"name": "Odd", "attributes": {}}'""",
    "UPDATE trial_intermediate_values SET intermediate_value = 'x'",
    "UPDATE trial_intermediate_values SET step = -step",
    "UPDATE study_user_attributes SET value_json = 'x' WHERE key = 'seconds'",
    "UPDATE study_user_attributes SET value_json = '\"x\"' WHERE key = 'seconds'",
    "UPDATE study_user_attributes SET value_json = 'NaN' WHERE key = 'seconds'",
    "UPDATE study_directions SET direction = 'SIDEWAYS'",
    "DROP TABLE trial_params",
)


@pytest.mark.parametrize("edit", [*EDITS, *slow(*MORE_EDITS)])
def test_an_edited_study_is_one_line(finished_folder: Path, edit: str) -> None:
    record = finished_folder / "study.db"
    with closing(sqlite3.connect(record)) as connection, connection:
        assert connection.execute(edit).rowcount
    attempts: list[Callable[[], object]] = [
        lambda: swept(InlineDispatcher(), "runs/s"),
        lambda: read_trials(finished_folder),
    ]
    for attempt in attempts:
        with pytest.raises(RunError) as caught:
            attempt()
        assert str(caught.value).startswith("runs/s/study.db: damaged (")
        assert "\n" not in str(caught.value)
        assert str(caught.value).endswith(
            "); remove it, and 'nntrain sweep SWEEP.yaml' rebuilds it from the trials' folders"
        )


def test_a_sweep_that_fails_before_the_first_checkpoint_leaves_no_folder(
    sweep_folder: Path,
) -> None:
    for name in ("runs/s", "new/deep/s"):
        with (
            pytest.raises(ConfigError, match="no scheduler"),
            open_trials(load_sweep(Path("sweep.yaml")), Path(name)) as trials,
        ):
            trials.run_of(trials.ask([])).prepare(trials.config_of(trials.all()[0]))
            raise ConfigError("no scheduler there")
    assert not Path("new").exists()
    assert list(Path("runs").iterdir()) == []
    with (
        pytest.raises(ConfigError, match="no scheduler"),
        open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials,
    ):
        trials.run_of(trials.ask([])).prepare(trials.config_of(trials.all()[0]))
        Path("runs/s/trial-1/last.npz").touch()
        raise ConfigError("no scheduler there")
    assert len(read_trials(Path("runs/s")).all()) == 1
