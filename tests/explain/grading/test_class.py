"""A class of students: every file gets the verdict that it should."""

# ruff: noqa: E501  # a file and its verdict are one line

from pathlib import Path

import pytest

from nntrain.cli.verdicts import Graded
from nntrain.explain.grading import grade, read_source
from tests.support.variants import slow_except

pytestmark = pytest.mark.usefixtures("within_this_process")

FOLDER = Path(__file__).parents[3] / "examples" / "class"

SIGN = "backprop: δ_L has the wrong sign: (y − x_L)"
SUM = "backprop: the gradient is the sum over the batch"
NO_SLOPE_L = "backprop: δ_L lacks ⊙ σ′(z_L)"
NO_SLOPE_I = "backprop: δ_i lacks ⊙ σ′(z_i)"
TRANSPOSE = "backprop: δ_i lacks the transpose"
Z_TIMES = "sigmoid_prime: it is z (1 − z), which expects σ(z)"

EXPECTED: dict[str, tuple[str, list[str]]] = {
    "ascent_dora": ("right", []),
    "ascent_erik_error": ("wrong", [SIGN, NO_SLOPE_L]),
    "columns_anna": ("right", []),
    "columns_ben_sign": ("wrong", [SIGN]),
    "columns_carla_no_sum": ("wrong", ["backprop: ∂E/∂b_i is not summed over the samples (axis=1)"]),
    "columns_deniz_sign_no_sum": ("wrong", [SIGN, "backprop: ∂E/∂b_i is not summed"]),
    "columns_emil_sum_sign_transpose": ("wrong", [SUM, SIGN, TRANSPOSE]),
    "columns_fatma_prime": ("wrong", [Z_TIMES, "backprop: its own formulas are right: sigmoid_prime"]),
    "columns_greta_cancels": ("wrong", [Z_TIMES]),
    "columns_hugo_prime_of_x": ("wrong", ["backprop: σ′ has the wrong argument: σ′(x_i)"]),
    "columns_ida_unwritten": ("incomplete", ["backprop: not written yet"]),
    "columns_jan_bias_mean": ("wrong", ["forward: z_i lacks the bias b_i", SUM, "backprop: as in forward: z_i lacks the bias"]),
    "deep_bella": ("right", []),
    "deep_chris_sign": ("wrong", [SIGN]),
    "from_scratch": ("right", []),
    "from_scratch_vera_sign": ("wrong", [SIGN]),
    "from_scratch_wim_prime_of_z": ("wrong", ["backprop: z_i (1 − z_i) stands where σ′(z_i)"]),
    "functions_noah_cross_entropy": ("wrong", [NO_SLOPE_L, "update_parameters: not judged"]),
    "functions_olga": ("right", []),
    "in_place_paul_after_step": ("wrong", ["backprop: δ_i is made of W_{i+1} after its step"]),
    "in_place_yusuf_bias_sign": ("wrong", ["backprop: ∂E/∂b_i has the wrong sign"]),
    "layers_wim": ("incomplete", ["backprop: class Dense is one layer, not the whole network"]),
    "mlp_xenia": ("right", []),
    "mlp_yusuf_two": ("wrong", ["backprop: δ_L is twice as large as it should be", NO_SLOPE_I]),
    "ng_adam_cross_entropy_sum": ("wrong", [SUM, NO_SLOPE_L]),
    "ng_zoe": ("right", []),
    "nielsen": ("right", []),
    "nielsen_rosa_sign": ("wrong", [SIGN]),
    "nielsen_sami_cross_entropy": ("wrong", [NO_SLOPE_L]),
    "nielsen_xenia_sum": ("wrong", ["update_mini_batch: the gradient is the sum over the batch"]),
    "nielsen_tara_double": ("wrong", [TRANSPOSE, NO_SLOPE_I]),
    "nielsen_uli_slope_layer": ("wrong", ["backprop: δ_i has σ′(z_{i+1}) where σ′(z_i) belongs"]),
    "params_finn": ("incomplete", ["backprop: class Net "]),
    "rashid_karim": ("incomplete", ["backprop: class neuralNetwork has no biases"]),
    "rows_kim": ("right", []),
    "rows_lea_sum": ("wrong", [SUM]),
    "rows_max_mean_of_features": ("wrong", ["backprop: the gradient is divided by n_0 = x.shape[1]"]),
    "rows_nina_sign_slope": ("wrong", [SIGN, NO_SLOPE_L]),
    "rows_otto_layer": ("wrong", ["backprop: ∂E/∂W_i has x_i where x_{i−1} belongs"]),
    "rows_pia_like_the_lecture": ("right", []),
    "rows_quentin_three": ("wrong", [SIGN, NO_SLOPE_I, "backprop: ∂E/∂b_i is the sum over the batch"]),
}  # fmt: skip


def first_of_each_style() -> set[str]:
    """A right file and a wrong one of every style; the last word before a mistake is the author."""
    chosen: dict[tuple[str, str], str] = {}
    for name, (verdict, _) in EXPECTED.items():
        chosen.setdefault((name.split("_")[0], verdict), name)
    return set(chosen.values())


@pytest.mark.parametrize("name", slow_except(first_of_each_style(), EXPECTED))
def test_a_file_gets_its_verdict(name: str) -> None:
    path = FOLDER / f"{name}.py"
    graded = Graded(path, grade(read_source(path), 10, 1 << 30, timed=False))
    verdict, mistakes = EXPECTED[name]
    assert graded.verdict == verdict
    found = graded.mistakes()
    assert len(found) == len(mistakes), found
    for message, mistake in zip(found, mistakes, strict=True):
        assert message.startswith(mistake)


def test_every_file_has_a_verdict() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(EXPECTED)
