"""Each issue of a SWEEP.yaml is one line with its location."""

# ruff: noqa: E501  # a change and its message are on one line

from pathlib import Path

import pytest

from nntrain.config import FileFinder
from nntrain.errors import ConfigError
from nntrain.sweep.spec import load_sweep
from tests.support.cli import refuse
from tests.support.tiny import TINY

RATE = "training.optimizer.learning_rate"
GOOD = "config: tiny.yaml\nspace:\n  KEY: PARAMETER\ntrials: 3\n"


def issues(text: str) -> list[str]:
    Path("s.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_sweep(Path("s.yaml"))
    assert caught.value.exit_status == 2
    return str(caught.value).splitlines()


def space(key: str, parameter: str) -> str:
    return GOOD.replace("KEY", key).replace("PARAMETER", parameter)


PARAMETERS = {
    "{log: [0.1, 0.001]}": ".log: must be two numbers above 0, the lower one first, such as "
    "[1e-4, 0.1], not [0.1, 0.001]",
    "{log: [0, 1]}": ".log: must be two numbers above 0, the lower one first, such as [1e-4, 0.1], "
    "not [0, 1]",
    "{range: [1, 1]}": ".range: must be two numbers, the lower one first, such as [0.1, 0.9], "
    "not [1, 1]",
    "{range: [1]}": ".range: must be two numbers, the lower one first, such as [0.1, 0.9], not [1]",
    "{range: ['0.1', 1]}": ".range: must be two numbers, the lower one first, such as [0.1, 0.9], "
    "not ['0.1', 1]",
    "{whole: [1, 2.5]}": ".whole: must be two whole numbers, the lower one first, such as "
    "[10, 100], not [1, 2.5]",
    "{choice: []}": ".choice: must be a list of at least 1 item, not []",
    f"{{choice: {[1] * 1001}}}": ".choice: must be a list of at most 1000 items, not "
    "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1…",
    "{choice: 3}": ".choice: must be a list, not 3",
    "{chioce: [1]}": ": unknown key 'chioce'; did you mean 'choice'?",
    "{}": ": says no values; give one of choice, range, log, whole",
    "{choice: [1], log: [1, 2]}": ": has choice and log; keep one of them",
    "{whole: [1, 5], step: 9}": ".step: must be at most 4, as far as the two are apart, not 9",
    "{range: [1, 5], step: 1}": ".step: belongs to whole numbers; remove it",
    "[1, 2]": ": must be a mapping of keys to values, not [1, 2]",
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_invalid_values_of_a_key(folder: Path, parameter: str) -> None:
    assert issues(space(RATE, parameter)) == [f"s.yaml:3: space.{RATE}{PARAMETERS[parameter]}"]


REFUSED = {
    ("training.optimzer.learning_rate", "{log: [1e-4, 1]}"): (
        "with 0.0001: training: unknown key 'optimzer'; did you mean 'optimizer'?"
    ),
    ("lr", "{log: [1e-4, 1]}"): f"with 0.0001: unknown key 'lr'; write {RATE}",
    ("traning.epochs", "{choice: [1]}"): "with 1: unknown key 'traning'; did you mean 'training'?",
    ("network[5].dense", "{choice: [2]}"): (
        "with 2: no item '5' in a list of 2; the first item is 0"
    ),
    (RATE, "{range: [-1, 1]}"): f"with -1.0: {RATE}: must be above 0, not -1.0",
    ("training.epochs", "{range: [1, 2]}"): (
        "with 1.0: training.epochs: must be a whole number, not 1.0; write 1"
    ),
    ("training.optimizer", "{choice: [adam, adma]}"): (
        "with \"adma\": training.optimizer: unknown optimizer 'adma'; did you mean 'adam'?"
    ),
    ("network[1].dense", "{choice: [3, 4]}"): (
        "with 4: network[1].dense: the last layer must have one neuron for each of the 3 classes, "
        "not 4"
    ),
    ("training.epochs", f"{{choice: [{'x' * 200}]}}"): (
        f"with \"{'x' * 58}…: training.epochs: must be a whole number, not the text '{'x' * 58}…"
    ),
    (RATE, "{range: [0.1, 1.0e+308]}"): f"with 1e+308: {RATE}: must be at most 3.4e+38, not 1e+308",
    (RATE, "{log: [1.0e-320, 1]}"): f"with 1e-320: {RATE}: must be at least 1e-300, not 1e-320",
    ("training.epochs", "{whole: [1, 9000000000000000]}"): (
        "with 9000000000000000: training.epochs: must be at most 1000000, not 9000000000000000"
    ),
    ("members", "{choice: [1, 3]}"): (
        "with 3: members is 3, but a trial trains one network; write members: 1"
    ),
    ("data.validation", "{choice: [0.25, 0]}"): (
        "with 0: data.validation is 0, but trials are ranked by the rows held out; hold some out"
    ),
}


@pytest.mark.parametrize(("key", "parameter"), REFUSED)
def test_values_that_the_configuration_refuses(folder: Path, key: str, parameter: str) -> None:
    assert issues(space(key, parameter)) == [f"s.yaml:3: space.{key}: {REFUSED[key, parameter]}"]


@pytest.mark.parametrize(
    ("key", "parameter"),
    [
        ("data.train", "{choice: [data/train.csv, other.csv]}"),
        ("data.validation", "{range: [0.1, 0.2]}"),
        ("data.split_seed", "{choice: [3, 4]}"),
        ("data.label_column", "{choice: [label]}"),
        ("data", "{choice: [{train: data/train.csv, validation: 0.5, classes: 3}]}"),
    ],
)
def test_keys_that_choose_the_rows_are_not_varied(folder: Path, key: str, parameter: str) -> None:
    (line,) = issues(space(key, parameter))
    assert line == (
        f"s.yaml:3: space.{key}: decides which rows are held out, and trials must share them; "
        "leave it as it is, and try others in a sweep of their own"
    )


def test_seeds_are_varied_if_they_do_not_choose_the_validation_rows(folder: Path) -> None:
    seeds = space("seed", "{whole: [1, 9]}")
    assert issues(seeds) == [
        "s.yaml:3: space.seed: decides which rows are held out, and trials must share them; give "
        "data.split_seed a number in tiny.yaml"
    ]
    tiny = Path("tiny.yaml").read_text()
    for share in ("validation: 0.25, split_seed: 3", "validation: 50"):
        Path("tiny.yaml").write_text(tiny.replace("validation: 0.25", share))
        assert load_sweep(Path("s.yaml")).config({"seed": 4}).seed == 4


@pytest.mark.parametrize(
    ("key", "parameter"),
    [
        ("data.distortion", "{choice: [null, {rotation: 10}]}"),
        ("data.input_range", "{choice: [[0, 1], [-1, 1]]}"),
        ("data.validation", "{choice: [0.25]}"),
        ("training.schedule.name", "{choice: [constant, cosine]}"),
    ],
)
def test_keys_that_do_not_choose_the_rows_may_be_varied(
    folder: Path, key: str, parameter: str
) -> None:
    Path("s.yaml").write_text(space(key, parameter))
    assert list(load_sweep(Path("s.yaml")).sweep.space) == [key]


def test_a_part_of_a_value_is_set_after_the_value(folder: Path) -> None:
    Path("s.yaml").write_text(
        "config: tiny.yaml\ntrials: 1\nspace:\n"
        f"  {RATE}: {{choice: [0.5]}}\n  training.optimizer: {{choice: [adam, adamw]}}\n"
    )
    config = load_sweep(Path("s.yaml")).config({RATE: 0.5, "training.optimizer": "adamw"})
    assert config.training.optimizer.learning_rate == 0.5


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("trials: 3", "trails: 3", "4: unknown key 'trails'; did you mean 'trials'?"),
        ("trials: 3", "trials: '3'", "4: trials: must be a whole number, not the text '3'; remove the quotes"),
        ("trials: 3", "trials: 0", "4: trials: must be at least 1, not 0"),
        ("trials: 3", "trials: 10000000000000000000", "4: trials: must be at most 1000000, not 10000000000000000000"),
        ("trials: 3", "hours: 1e308", "4: hours: must be at most 100000, not 1e+308"),
        ("trials: 3", "hours: 0", "4: hours: must be above 0, not 0"),
        ("trials: 3", "seed: 1", "1: missing key 'trials' or 'hours'; say how long to search"),
        ("trials: 3", "trials: 3\nat_once: 0", "5: at_once: must be at least 1, not 0"),
        ("trials: 3", "trials: 3\npruning: {keep: 1.5}", "5: pruning.keep: must be below 1, not 1.5"),
        ("trials: 3", "trials: 3\npruning: {frist: 1}", "5: pruning: unknown key 'frist'; did you mean 'first'?"),
        ("trials: 3", "trials: 3\nstrategy: tqe", "5: strategy: unknown strategy 'tqe'; did you mean 'tpe'?"),
        ("trials: 3", "strategy: grid", f"3: space.{RATE}: a grid cannot try all of these numbers; give a choice, or whole ones and a step"),
        ("config: tiny.yaml", "config: tny.yaml", "1: config: tny.yaml: no such file; did you mean 'tiny.yaml'?"),
        ("config: tiny.yaml", "seed: 1", "1: missing key 'config' (the configuration that is varied)"),
        (f"  {RATE}: {{log: [1e-4, 1]}}\n", "", "2: space: must be a mapping of keys to values, not null"),
        (f"\n  {RATE}: {{log: [1e-4, 1]}}", " {}", "2: space: is empty; name a key of the configuration and the values to try"),
    ],
)  # fmt: skip
def test_issues_with_other_keys(folder: Path, old: str, new: str, line: str) -> None:
    good = space(RATE, "{log: [1e-4, 1]}")
    assert old in good
    assert issues(good.replace(old, new)) == [f"s.yaml:{line}"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("validation: 0,", "data.validation is 0, but trials are ranked by the rows held out; hold some out"),
        ("validation: 0.25,", "members is 2, but a trial trains one network; write members: 1"),
    ],
)  # fmt: skip
def test_the_configuration_must_be_one_whose_trials_can_be_ranked(
    folder: Path, change: str, message: str
) -> None:
    tiny = Path("tiny.yaml").read_text().replace("validation: 0.25,", change)
    Path("tiny.yaml").write_text(tiny + "members: 2\n" * ("members" in message))
    assert issues(space(RATE, "{log: [1e-4, 1]}")) == [f"s.yaml:1: config: tiny.yaml: {message}"]


def test_a_grid_that_would_not_end_is_refused(folder: Path) -> None:
    text = space("network[0].dense", "{whole: [1, 10000]}").replace("trials: 3", "strategy: grid")
    text = text.replace("space:", "space:\n  training.batch_size: {whole: [1, 100000]}")
    assert issues(text) == [
        "s.yaml:1: a grid of 1000000000 trials; give fewer values, a larger step, trials or hours"
    ]
    Path("s.yaml").write_text(text + "trials: 5")
    assert load_sweep(Path("s.yaml")).sweep.trials == 5


def test_each_issue_is_a_line_in_the_file_that_has_it(folder: Path) -> None:
    lines = issues(space("training.a", "{choice: [1]}\n  training.b: {choice: [2]}"))
    assert [line[:28] for line in lines] == [
        "s.yaml:3: space.training.a: ",
        "s.yaml:4: space.training.b: ",
    ]
    Path("tiny.yaml").write_text(Path("tiny.yaml").read_text().replace("epochs: 4", "epochs: 0"))
    (line,) = issues(space(RATE, "{log: [1e-4, 1]}"))
    assert line.startswith("tiny.yaml:8: training.epochs: must be at least 1")


def test_the_command_prints_one_line(folder: Path) -> None:
    Path("s.yaml").write_text(space("training.epoch", "{choice: [1]}"))
    assert refuse(2, "sweep", "s.yaml").startswith("s.yaml:3: space.training.epoch: with 1: ")
    assert refuse(2, "sweep", "t.yaml") == "t.yaml: no such file; did you mean 's.yaml'?"
    Path("s.yaml").write_text("# nothing\n")
    assert refuse(2, "sweep", "s.yaml") == "s.yaml: empty; configs/sweep.yaml is an example"
    assert not Path("runs").exists()


@pytest.fixture
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with exp/s.yaml and its configuration; the working directory is another one."""
    (folder / "here").mkdir()
    (folder / "data").rename(folder / "exp")
    (folder / "tiny.yaml").rename(folder / "exp/tiny.yaml")
    (folder / "exp/tiny.yaml").write_text(TINY.replace("data/train.csv", "train.csv"))
    (folder / "exp/s.yaml").write_text(space(RATE, "{log: [1e-4, 1]}"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder / "here")
    return folder / "exp"


def test_the_configuration_and_its_csvs_are_found_beside_the_sweep(elsewhere: Path) -> None:
    lines: list[str] = []
    definition = load_sweep(Path("../exp/s.yaml"), finder=FileFinder(lines.append))
    assert lines == [
        f"config: tiny.yaml was not found here; {elsewhere / 'tiny.yaml'} beside ../exp/s.yaml is taken",
        f"data.train: train.csv was not found here; {elsewhere / 'train.csv'} beside {elsewhere / 'tiny.yaml'} is taken",
    ]
    assert definition.config({RATE: 0.5}).data.train == str(elsewhere / "train.csv")
    assert definition.config({"data": {"train": "x.csv", "classes": 3}}).data.train == "x.csv"
    assert definition.as_written().config({}).data.train == "train.csv"
    assert definition.sweep.config == "tiny.yaml"


def test_paths_of_a_sweep_are_expanded(elsewhere: Path) -> None:
    sweep = Path("s.yaml")
    sweep.write_text((elsewhere / "s.yaml").read_text().replace("tiny.yaml", "~/exp/tiny.yaml"))
    tiny = (elsewhere / "tiny.yaml").read_text()
    (elsewhere / "tiny.yaml").write_text(tiny.replace("train.csv", "$HOME/exp/train.csv"))
    definition = load_sweep(sweep, finder=FileFinder(pytest.fail))
    assert definition.config({}).data.train == str(elsewhere / "train.csv")


@pytest.mark.parametrize(
    ("config", "start", "end"),
    [
        ("tny.yaml", "tny.yaml: no such file, neither ", "; did you mean 'tiny.yaml'?"),
        ("my #1.yaml", "my: no such file, neither ", "; YAML takes '#1.yaml' as a comment; put the whole path in quotes"),
        ("https://example.org/a.yaml", "a URL, ", "fetch it first: curl -LO 'https://example.org/a.yaml'"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_nowhere_is_reported(
    elsewhere: Path, config: str, start: str, end: str
) -> None:
    text = (elsewhere / "s.yaml").read_text()
    (elsewhere / "s.yaml").write_text(text.replace("tiny.yaml", config))
    line = refuse(2, "sweep", "../exp/s.yaml")
    assert line.startswith(f"../exp/s.yaml:1: config: {start}")
    assert line.endswith(end)
