"""Runs that learn from the probabilities of finished runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.cluster.segment import Segment, read_files, run_segment, write_files
from nntrain.config import Config, dump_config, parse_config
from nntrain.config.build import build_augmenter
from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import write_csv
from nntrain.errors import CheckpointError, ConfigError, DataError, NNTrainError, RunError
from nntrain.randomness import Purpose, generator
from nntrain.training import checkpoint, committee
from nntrain.training.fit import batches_for, resume
from nntrain.training.inference import load_models, probabilities
from nntrain.training.origin import RunName
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from nntrain.training.run import RunFolder
from nntrain.training.session import training_session
from nntrain.training.state import TrainingState
from nntrain.training.teacher import Teacher, find_teacher
from tests.support.tiny import CONFIG, stripes
from tests.support.training import (
    CONVOLUTIONAL,
    Interrupting,
    Listening,
    assert_same,
    damage,
    start_run,
)
from tests.support.variants import slow

MakeConfig = Callable[..., Config]
DISTORTED = "data.distortion={rotation: 20, shift: 1, elastic: {strength: 2, sigma: 2}}"


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolutional network, and a committee of two whose inputs are scaled otherwise."""
    folder = tmp_path_factory.mktemp("teachers")
    write_csv(folder / "train.csv", *stripes(200))
    for name, overrides in (
        ("teacher", [CONVOLUTIONAL, "training.epochs=2", "seed=5", "data.split_seed=3"]),
        ("teachers", ["members=2", "training.epochs=1", "data.input_range=[-1, 1]"]),
    ):
        config = parse_config(CONFIG.format(train=folder / "train.csv"), "tiny.yaml", overrides)
        committee.start(config, folder / name, RunName(name, None), Reporter(), 1)
    return folder


@pytest.fixture
def teachers(trained_once: Path, tmp_path: Path) -> list[RunFolder]:
    """Copies of them, which a test may change."""
    names = ("teacher", "teachers")
    return [RunFolder(shutil.copytree(trained_once / name, tmp_path / name)) for name in names]


@pytest.fixture
def taught(make_config: MakeConfig, teachers: list[RunFolder]) -> Callable[..., Config]:
    """Makes the configuration of a run that these teach."""
    folders = ", ".join(f"'{run.folder}'" for run in teachers)

    def make(*overrides: str) -> Config:
        teacher = f"training.teacher={{runs: [{folders}], temperature: 3, weight: 0.8}}"
        return make_config(teacher, *overrides)

    return make


@pytest.mark.parametrize("distorted", [True, False])
def test_targets_are_the_mean_probabilities_for_the_very_picture_that_the_student_sees(
    taught: MakeConfig, teachers: list[RunFolder], distorted: bool
) -> None:
    config = taught(*([DISTORTED] if distorted else []), "training.batch_size=50")
    training, _ = read_data(config, Reporter())
    state = TrainingState.initial(config, 16)
    teacher = find_teacher(config)
    assert teacher is not None
    distillation = teacher.distillation
    batches = batches_for(config, training, state.network, 1, teacher)
    with training_session(config, state.network, state.optimizer, None, 50, 1) as step:
        blocks = [step.buffer(100) for _ in range(2)]
        order = generator(config.seed, Purpose.SHUFFLE, 3).permutation(150)
        for number, (block, labels) in enumerate(batches.epoch(3, 0, blocks)):
            rows = order[100 * number : 100 * number + len(labels)]
            images = training.dataset.pixels[training.index[rows]].astype(np.float32)
            if augmenter := build_augmenter(config, 16):
                for first in range(0, len(rows), 50):
                    part = slice(first, first + 50)
                    rng = generator(config.seed, Purpose.DISTORTION, 3, 2 * number + first // 50)
                    params = augmenter.sample(rng, labels[part], 50)
                    augmenter.apply(images[part].astype(np.uint8), params, images[part])
            whole = np.rint(images).astype(np.uint8)
            exact = not distorted
            np.testing.assert_allclose(block.x[: len(rows)], images / 255, atol=1e-6)
            q = probabilities(load_models(teachers), Dataset(whole, "").as_subset())
            y = np.eye(3)[labels]
            # Predictions read whole grey values; distorted ones lie between them.
            np.testing.assert_allclose(
                block.y[: len(rows)], distillation.targets(y, q), atol=1e-5 if exact else 0.03
            )


@pytest.mark.parametrize("stop", [13, *slow(3, 30)])
def test_it_is_resumed_exactly_without_the_teachers_runs(
    taught: MakeConfig, teachers: list[RunFolder], tmp_path: Path, stop: int
) -> None:
    config = taught(DISTORTED, "training.average=0.9")
    undisturbed = start_run(config, tmp_path / "undisturbed").run
    new = start_run(config, tmp_path / "new", Interrupting(stop)).run
    for run in teachers:
        shutil.rmtree(run.folder)
    resume(config, new, Reporter())
    assert_same(new, undisturbed)
    assert len(new.teacher_files()) == 3


def test_it_is_known_by_its_weights_and_not_by_keys_that_another_version_may_add(
    taught: MakeConfig,
) -> None:
    teacher = find_teacher(taught())
    assert teacher is not None
    others = [
        network._replace(config=network.config.model_copy(update={"seed": 5}))
        for network in teacher.networks
    ]
    digest = teacher.digest
    assert Teacher(others, teacher.distillation).digest == digest
    others[1].network.parameters[0] += 1
    assert Teacher(others, teacher.distillation).digest != digest


def test_what_is_learnt_depends_on_the_teacher(taught: MakeConfig, tmp_path: Path) -> None:
    weights = []
    for number, more in enumerate(("weight=0", "weight=0.8", "temperature=1")):
        run = start_run(taught(f"training.teacher.{more}"), tmp_path / str(number)).run
        weights.append(checkpoint.load(run.last_file).parameters)
    alone = start_run(taught("training.teacher=null"), tmp_path / "alone").run
    np.testing.assert_allclose(weights[0], checkpoint.load(alone.last_file).parameters, atol=1e-5)
    assert not np.allclose(weights[0], weights[1], atol=1e-3)
    assert not np.allclose(weights[1], weights[2], atol=1e-3)


def test_a_committee_and_a_run_killed_before_its_first_checkpoint_are_taught_alike(
    taught: MakeConfig, tmp_path: Path
) -> None:
    config = taught("members=2", "training.epochs=1")
    arguments = (config, tmp_path / "students", RunName("name", None), Reporter(), 1)
    students = committee.start(*arguments).run.members()
    assert [len(student.teacher_files()) for student in students] == [3, 3]
    alone = taught("training.epochs=1", f"data.split_seed={config.seed}")
    for kept in ((), (3,), (3, 2)):  # the first file is written last
        killed = RunFolder.create(tmp_path / f"killed-{len(kept)}", alone)
        for number in kept:
            shutil.copy(students[0].teacher_file(number), killed.folder)
        resume(alone, killed, Reporter())
        assert_same(killed, students[0])
        assert len(killed.teacher_files()) == 3


def test_members_that_begin_after_a_resume_have_the_teacher_of_the_first_ones(
    taught: MakeConfig, teachers: list[RunFolder], tmp_path: Path
) -> None:
    name = RunName("name", None)

    def students(members: int) -> Config:
        return taught(f"members={members}", "training.epochs=1")

    undisturbed = committee.start(students(3), tmp_path / "all", name, Reporter(), 1)
    committee.start(students(2), tmp_path / "some", name, Interrupting(2), 1)
    for run in teachers:
        shutil.rmtree(run.folder)
    resumed = committee.resume(students(3), tmp_path / "some", name, Reporter(), 1)
    pairs = zip(resumed.run.members(), undisturbed.run.members(), strict=True)
    for member, other in pairs:
        assert_same(member, other)


def test_a_run_whose_teacher_cannot_be_saved_leaves_no_folder(
    taught: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = checkpoint.save

    def failing(file: Path, saved: checkpoint.Checkpoint) -> None:
        if file.name == "teacher-2.npz":
            raise NNTrainError("no space left")
        save(file, saved)

    monkeypatch.setattr(checkpoint, "save", failing)
    with pytest.raises(NNTrainError, match="no space left"):
        start_run(taught(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_it_says_who_teaches_how_well_and_how_long_that_took(
    taught: MakeConfig, tmp_path: Path
) -> None:
    reporter = Listening()
    start_run(taught(), tmp_path / "run", reporter)
    assert reporter.heard.count("taught by ") == 3
    assert "of the validation rows right after epoch 2 (of 2); trained in 0.0 min" in reporter.heard
    assert "other rows" not in reporter.heard
    start_run(taught("data.split_seed=9"), tmp_path / "other", reporter)
    assert reporter.heard.count("was trained on other rows; if it has seen the validation") == 3
    start_run(taught("data.validation=0"), tmp_path / "all", reporter)
    assert reporter.heard.count("was trained on other rows") == 3


def test_a_segment_on_a_worker_ends_with_the_same_bits(
    taught: MakeConfig, teachers: list[RunFolder], tmp_path: Path
) -> None:
    config = taught(DISTORTED)
    undisturbed = start_run(config, tmp_path / "undisturbed").run
    run = start_run(config, tmp_path / "run", Interrupting(3)).run
    data = read_data(config, Reporter())
    for folder in teachers:
        shutil.rmtree(folder.folder)
    segment = Segment("run", dump_config(config), None, 1, 60.0)
    result = run_segment(segment, read_files(run), data, lambda name, record: None)
    assert result.error is None
    assert not any(name.startswith("teacher") for name in result.files)  # unchanged
    write_files(run, result.files)
    assert_same(run, undisturbed)


def test_another_teacher_does_not_go_on_where_the_first_one_stopped(
    taught: MakeConfig, teachers: list[RunFolder], tmp_path: Path
) -> None:
    config = taught()
    run = start_run(config, tmp_path / "run", Interrupting(3)).run
    kept = {file: file.read_bytes() for file in run.teacher_files()}
    run.teacher_file(3).unlink()
    with pytest.raises(CheckpointError, match=r"not the teacher that .* has learnt from; restore"):
        resume(config, run, Reporter())
    run.teacher_file(3).write_bytes(kept[run.teacher_file(2)])
    with pytest.raises(CheckpointError, match="not the teacher"):
        resume(config, run, Reporter())
    run.teacher_file(3).write_bytes(kept[run.teacher_file(3)])
    damage(run.teacher_file(2))
    with pytest.raises(CheckpointError, match=r"teacher-2\.npz: damaged"):
        resume(config, run, Reporter())
    for file in run.teacher_files():
        file.unlink()
    resume(config, run, Reporter())  # from the runs, which are still the same
    assert {file: file.read_bytes() for file in run.teacher_files()} == kept


def test_who_cannot_teach_is_refused_before_a_folder_is_made(
    taught: MakeConfig, make_config: MakeConfig, teachers: list[RunFolder], tmp_path: Path
) -> None:
    half = start_run(make_config(), tmp_path / "half", Interrupting(13)).run
    folder = tmp_path / "new"

    def refused(error: type[NNTrainError], fault: str, config: Config) -> None:
        with pytest.raises(error, match=fault):
            start_run(config, folder)
        assert not folder.exists()

    def named(*runs: object) -> str:
        return f"training.teacher.runs=[{', '.join(map(str, runs))}]"

    nobody = r"teacher\.runs: .*nobody: no such folder; train the teacher first: nntrain fit CONFIG"
    refused(RunError, nobody, taught(named(tmp_path / "nobody")))
    refused(
        RunError,
        "teacher\\.runs: .*half: is not finished and cannot teach; resume with",
        taught(named(half)),
    )
    twice = named(teachers[1].folder, teachers[1].folder / "member-1")
    refused(ConfigError, "named twice", taught(twice))
    four = ("data.classes=4", "network[1].dense=4")
    refused(DataError, "teacher was trained on other classes than those of", taught(*four))
    pixels, labels = stripes(60)
    write_csv(tmp_path / "wide.csv", np.hstack([pixels, pixels[:, :9]]), labels)
    wide = taught(f"data.train={tmp_path / 'wide.csv'}")
    refused(DataError, "trained on 16 pixels a row, but the training rows have 25", wide)


def test_only_cross_entropy_can_be_taught(taught: MakeConfig) -> None:
    with pytest.raises(ConfigError, match=r"needs loss: cross_entropy, not squared_error"):
        taught("loss=squared_error")
