"""nntrain gradcheck, trace and inspect, as a user runs them."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.nn.activations import ACTIVATIONS, Elementwise, sigmoid
from nntrain.nn.arrays import Array
from nntrain.training.checkpoint import load
from tests.support.cli import line_of_refusal, refuse, run, succeed
from tests.support.tiny import TINY


def words(output: str, first: str) -> list[str]:
    """The line of a table that begins so, cell by cell."""
    (line,) = (line for line in output.splitlines() if re.match(rf" *{re.escape(first)}  ", line))
    return re.split(r" {2,}", line.strip())


def arrays(*arguments: str) -> dict[str, Array]:
    succeed("trace", *arguments, "--npz", "row.npz", "--force")
    with np.load("row.npz") as saved:
        return dict(saved)


def test_gradcheck_agrees_and_reports_what_it_checked(folder: Path) -> None:
    result = succeed("gradcheck", "tiny.yaml")
    assert result.stdout.endswith("right: backpropagation and numerical gradients agree\n")
    assert words(result.stdout, "∂E/∂W_1")[:2] == ["∂E/∂W_1", "100/128"]
    assert words(result.stdout, "∂E/∂b_2")[:2] == ["∂E/∂b_2", "3/3"]
    one = succeed("gradcheck", "tiny.yaml", "--layer", "1").stdout
    assert words(one, "∂E/∂W_1") == words(result.stdout, "∂E/∂W_1")
    assert "W_2" not in one


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "scaled_tanh"])
def test_gradcheck_of_other_activations(folder: Path, activation: str) -> None:
    options = ("--samples", "20", "--epsilon", "1e-4")
    succeed("gradcheck", "tiny.yaml", *options, "--set", f"network[0].activation={activation}")


def test_gradcheck_of_a_run_is_at_its_trained_weights(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    trained = succeed("gradcheck", "runs/tiny").stdout
    assert trained.endswith("right: backpropagation and numerical gradients agree\n")
    values = {}
    for source in ("tiny.yaml", "runs/tiny"):
        row = succeed("gradcheck", source, "--layer", "2").stdout.splitlines()[1].split()
        values[source] = row[1], row[-3]
    assert values["tiny.yaml"][0] == values["runs/tiny"][0]
    assert values["tiny.yaml"][1] != values["runs/tiny"][1]
    succeed("fit", "tiny.yaml", "--set", "members=2", "--run", "runs/team")
    assert "name one, such as runs/team/member-1" in refuse(1, "gradcheck", "runs/team")


def test_gradcheck_of_a_dark_picture_reports_the_kinks(folder: Path) -> None:
    Path("dark.csv").write_text("label,pixel0\n0,0\n1,0\n")
    relu = ("--set", "network[0].activation=relu", "--set", "data.train=dark.csv")
    result = succeed("gradcheck", "tiny.yaml", "--samples", "2", *relu)
    assert words(result.stdout, "∂E/∂W_1")[1] == "8/8"  # 0 times a weight stays 0
    assert words(result.stdout, "∂E/∂b_1") == ["∂E/∂b_1", "0/8", "0.0e+00", "kinks only"]
    assert (
        "∂E/∂b_1: 8 more entries not compared, as a z passes the kink of σ at 0\n" in result.stdout
    )
    assert "∂E/∂W_1:" not in result.stdout


def test_gradcheck_exits_with_1_and_names_the_wrong_formula(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(x: Array, out: Array | None = None) -> Array:
        return np.positive(x, out=out)

    monkeypatch.setitem(ACTIVATIONS, "sigmoid", Elementwise(sigmoid, wrong))
    result = run("gradcheck", "tiny.yaml")
    assert result.exit_code == 1
    assert words(result.stdout, "∂E/∂W_1")[-1] == "wrong"
    assert words(result.stdout, "∂E/∂W_2")[-1] == "right"
    assert result.stdout.splitlines()[-1] == (
        "wrong: δ_1 = W_2ᵀ δ_2 ⊙ σ′(z_1) is wrong, while δ_2 is right"
    )


def test_a_trace_of_a_configuration_uses_the_initial_weights_of_its_training(folder: Path) -> None:
    found = arrays("tiny.yaml", "--row", "3", "--set", "training.optimizer.learning_rate=0.5")
    never = ("--set", "training.optimizer.learning_rate=1e-30", "--set", "training.epochs=1")
    succeed("fit", "tiny.yaml", *never, "--run", "runs/still")
    weights = load(Path("runs/still/last.npz")).parameters[:128].reshape(8, 16)
    np.testing.assert_array_equal(found["W_1"], weights)
    row = Path("data/train.csv").read_text().splitlines()[3].split(",")
    np.testing.assert_allclose(found["x_0"], np.array(row[1:], float) / 255)
    np.testing.assert_array_equal(found["y"], np.eye(3)[int(row[0])])
    np.testing.assert_array_equal(found["W_2_after"], found["W_2"] - 0.5 * found["dE_dW_2"])
    assert {array.dtype for array in found.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("average", ["null", "0.9"])
def test_a_trace_of_a_run_predicts_as_predict_does(folder: Path, average: str) -> None:
    succeed("fit", "tiny.yaml", "--set", f"training.average={average}")
    found = arrays("runs/tiny", "--row", "5", "--data", "data/test_labelled.csv")
    succeed("predict", "--probabilities")
    answer = np.array(Path("submission.csv").read_text().splitlines()[5].split(",")[1:], float)
    np.testing.assert_allclose(found["x_2"], answer, rtol=1e-4)
    of_training = arrays("runs/tiny")
    row = Path("data/train.csv").read_text().splitlines()[1].split(",")
    np.testing.assert_allclose(of_training["x_0"], np.array(row[1:], float) / 255)


def test_dropout_does_not_change_a_trace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    traced = []
    for rate in ("0", "0.9"):
        saved = tmp_path / f"{rate}.npz"
        options = ("--set", f"training.input_dropout={rate}", "--set", "seed=4", "--row", "2")
        succeed("trace", "configs/lecture-3-4-2.yaml", *options, "--npz", str(saved))
        with np.load(saved) as given:
            traced.append({name: given[name] for name in given.files})
    np.testing.assert_equal(traced[0], traced[1])


def test_a_trace_draws_the_digit_and_names_differences_from_training(folder: Path) -> None:
    dropout = ("--set", "network[0].dropout=0.5")
    output = succeed("trace", "tiny.yaml", *dropout).stdout
    assert re.match(
        r"data/train.csv, row 1: a \d; the network takes it for a \d\n[ ▄▀█]+\n", output
    )
    assert words(output, "x_0")[1] == "(16,)"
    assert len(words(output, "x_0")) == 2 + 10  # and six more in the next line
    assert words(output, "W_1")[1:] == ["(8, 16)", *words(output, "W_1")[2:]]
    assert "training itself steps by adam" in output
    assert "dropout leaves nothing out here" in output
    assert "saturated" not in output  # there is no layer that is summarised
    wide = succeed("trace", "tiny.yaml", "--set", "network[0].dense=50").stdout
    assert "0% saturated" in wide
    assert wide.endswith("(sigmoid: |z| > 4.36)\n")
    plain = "training.optimizer={name: sgd, learning_rate: 0.1}"
    assert succeed("trace", "tiny.yaml", "--set", plain).stdout.endswith("α = 0.1\n")


def test_a_trace_does_not_replace_a_file_without_force(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    Path("row.npz").touch()
    line = line_of_refusal(1, "trace", "tiny.yaml", "--npz", "row.npz")
    assert line == "row.npz: exists already; name another file, or replace it with --force"
    for source, name in (
        ("tiny.yaml", "tiny.yaml"),
        ("tiny.yaml", "data/train.csv"),
        ("runs/tiny", "runs/tiny/best.npz"),
    ):
        before = Path(name).read_bytes()
        line = refuse(2, "trace", source, "--npz", name, "--force")
        assert line.startswith(f"{name}: is the same file as ")
        assert line.endswith("; name another file with --npz")
        assert Path(name).read_bytes() == before
    assert "make the folder first" in refuse(1, "trace", "tiny.yaml", "--npz", "none/row.npz")
    assert not list(Path().glob(".*.tmp"))


def test_inspect_is_the_same_for_a_configuration_and_its_run(folder: Path) -> None:
    before = succeed("inspect", "tiny.yaml").stdout.splitlines()
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("data/train.csv").unlink()  # a run knows how many inputs it has
    after = succeed("inspect", "runs/tiny").stdout.splitlines()
    assert before[0] == "tiny.yaml: 16-8-3, cross_entropy, float32"
    assert after[0] == "runs/tiny: 16-8-3, cross_entropy, float32"
    assert before[1:] == after[1:]
    assert words("\n".join(after), "1") == ["1", "sigmoid", "(8, 16)", "(8,)", "128", "8", "128"]
    assert words("\n".join(after), "parameters") == ["parameters", "652"]


def test_inspect_assumes_mnist_without_data_and_reports_it(folder: Path) -> None:
    result = succeed("inspect", "tiny.yaml", "--set", "data.train=none.csv")
    assert result.stderr == "none.csv: no such file; assuming 784 pixels\n"
    assert "784-8-3" in result.stdout
    Path("begun").mkdir()
    Path("begun/config.yaml").write_text(TINY)
    assert "16-8-3" in succeed("inspect", "begun").stdout


def test_inspect_shows_dropout(folder: Path) -> None:
    options = ("network[0].dropout=0.5", "training.input_dropout=0.2")
    output = succeed("inspect", "tiny.yaml", *(p for o in options for p in ("--set", o))).stdout
    assert words(output, "0") == ["0", "0.2"]
    assert words(output, "1")[-1] == "0.5"


def test_a_committee_is_inspected_as_one_and_traced_by_member(folder: Path) -> None:
    options = ("--set", "members=2", "--set", "training.epochs=1")
    for source in ("tiny.yaml", "runs/tiny"):
        output = succeed("inspect", source, *(options if source == "tiny.yaml" else ())).stdout
        assert output.splitlines()[0].endswith("float32, 2 such networks")
        assert "\n163 parameters\n326 parameters in all 2 networks\n" in output
        if source == "tiny.yaml":
            succeed("fit", "tiny.yaml", *options)
    line = line_of_refusal(1, "trace", "runs/tiny")
    assert line == "runs/tiny: 2 networks; name one, such as runs/tiny/member-1"
    succeed("trace", "runs/tiny/member-2")
    begins = arrays("tiny.yaml", "--set", "members=2")["W_1"]
    np.testing.assert_array_equal(arrays("tiny.yaml")["W_1"], begins)


@pytest.mark.parametrize(
    ("status", "arguments", "expected"),
    [
        (2, "gradcheck tiny.yaml --layer 3", "--layer 3: tiny.yaml has 2 layers; name one of 1 to 2"),
        (2, "gradcheck tiny.yaml --epsilon 1", "nntrain gradcheck: invalid value for '--epsilon': 1.0 is not in the range 1e-08<=x<=0.001; see 'nntrain gradcheck --help'"),
        (2, "gradcheck tiny.yaml --epsilon nan", "nntrain gradcheck: invalid value for '--epsilon': 'nan' is not a number; see 'nntrain gradcheck --help'"),
        (2, "gradcheck tiny.yaml --epsilon x", "nntrain gradcheck: invalid value for '--epsilon': 'x' is not a valid number; see 'nntrain gradcheck --help'"),
        (2, "gradcheck tinny.yaml", "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
        (2, "gradcheck runs/tiny --set seed=1", "runs/tiny: a run stays as it was trained; --set is for a CONFIG"),
        (2, "gradcheck tiny.yaml --samples 999", "data/train.csv: has no row 999; its rows are 1 to 200"),
        (2, "trace tiny.yaml --row 201", "data/train.csv: has no row 201; its rows are 1 to 200"),
        (2, "trace tiny.yaml --force", "--force replaces the file of --npz; give --npz FILE too"),
        (2, "trace runs/tiny --set seed=1", "runs/tiny: a run stays as it was trained; --set is for a CONFIG"),
        (1, "trace runs/tiny --data other.csv", "other.csv: 1 pixels a row, but runs/tiny was trained on 16; give a CSV of pictures of that size"),
        (1, "trace tiny.yaml --data data/test.csv", "data/test.csv: has no label column, it looks like a test file; give the training file, or name the column that holds the digits"),
        *((1, f"{command} {name}", f"{name}: {fault}") for command in ("trace", "inspect") for name, fault in (
            ("runs/tinny", "no such file or folder; did you mean 'runs/tiny'?"),
            ("tiny", "no such file or folder; did you mean 'tiny.yaml'?"),
            ("xyz", "no such file or folder; name a YAML file or the folder of a run"),
            ("data", "not the folder of a run; 'nntrain runs' lists those there are"),
        )),
        (2, "inspect tinny.yaml", "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
        (1, "inspect tiny.yaml --set data.train=data/test.csv", "data/test.csv: has no label column, it looks like a test file; give the training file, or name the column that holds the digits"),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_line_of_error(
    trained_once: Path, status: int, arguments: str, expected: str
) -> None:
    result = run(*arguments.split())
    assert result.exit_code == status
    assert result.stdout == ""
    *notices, line = result.stderr.splitlines()
    assert line == expected
    assert all(
        notice.startswith(("data/train.csv: ", "other.csv: ", "warning: ")) for notice in notices
    )


@pytest.fixture
def trained_once(folder: Path) -> Path:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("other.csv").write_text("label,pixel0\n0,0\n1,0\n")
    return folder
