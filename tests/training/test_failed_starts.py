"""A training that fails before its first checkpoint leaves no folder."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.config import Config
from nntrain.errors import DivergenceError, RunError
from nntrain.training import checkpoint
from nntrain.training.committee import fit_committee
from nntrain.training.fit import fit, resume
from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder

MakeConfig = Callable[..., Config]
BATCHES = 10  # of an epoch
FAILURES = [MemoryError(), KeyboardInterrupt(), OSError(errno.EMFILE, "Too many open files")]


class Failing(Reporter):
    """Fails after a batch, counted over all members."""

    def __init__(self, at: int, failure: BaseException) -> None:
        self.left, self.failure = at, failure

    def on_batch_end(self, progress: Progress) -> None:
        self.left -= 1
        if not self.left:
            raise self.failure


def begin(config: Config, folder: Path, at: int, failure: BaseException) -> None:
    train = fit_committee if config.members > 1 else fit
    with pytest.raises(type(failure)):
        train(config, lambda: RunFolder.create(folder, config), Failing(at, failure))


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
@pytest.mark.parametrize("members", [1, 3])
def test_before_the_first_checkpoint_no_folder_remains(
    make_config: MakeConfig, tmp_path: Path, failure: BaseException, members: int
) -> None:
    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "run", tmp_path / "new" / "deep" / "run", tmp_path / "mine" / "run"):
        begin(make_config(f"members={members}"), folder, BATCHES // 2, failure)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "train.csv"]
    assert list((tmp_path / "mine").iterdir()) == []


def test_after_it_everything_remains_and_is_resumed(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    begin(make_config(), tmp_path / "run", BATCHES + 1, MemoryError())
    assert len(resume(make_config(), RunFolder(tmp_path / "run"), Reporter()).history) == 4


def test_of_a_committee_the_members_with_checkpoints_remain(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    begin(make_config("members=3"), tmp_path / "team", 4 * BATCHES + 1, MemoryError())
    assert [path.name for path in (tmp_path / "team").glob("member-*")] == ["member-1"]
    assert len(RunFolder(tmp_path / "team").unfinished()) == 2


def test_without_space_for_the_first_checkpoint_no_folder_remains(
    make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save", full)
    config = make_config()
    with pytest.raises(OSError, match="No space"):
        fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter())
    assert not (tmp_path / "run").exists()


def test_a_run_that_existed_is_never_removed(make_config: MakeConfig, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", make_config())  # as a kill leaves it
    again = RunFolder.open(run.folder)
    with pytest.raises(MemoryError):
        resume(make_config(), again, Failing(1, MemoryError()))
    assert run.config_file.exists()


def test_a_run_that_diverged_remains_for_the_doctor(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    rate = make_config("training.optimizer={name: sgd, learning_rate: 3e38}")
    with pytest.raises(DivergenceError):
        fit(rate, lambda: RunFolder.create(tmp_path / "run", rate), Reporter())
    assert RunFolder.open(tmp_path / "run").history() == list[EpochRecord]()


def test_a_folder_that_cannot_be_made_leaves_none_on_the_way(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="cannot be made"):
        RunFolder.create(tmp_path / "new" / ("x" * 300), make_config())
    assert not (tmp_path / "new").exists()
