"""nntrain export: write a trained network for other programs."""

from pathlib import Path

import click

from nntrain.cli.options import OUT_PATH, check_not_existing, force_option, run_argument
from nntrain.cli.terminal import echo


@click.command(epilog="Example: nntrain export runs/config digits.onnx")
@run_argument
@click.argument("file", metavar="FILE", type=OUT_PATH)
@force_option
def export(folder: Path, file: Path, force: bool) -> None:
    """Write the network of RUN to a file for other programs.

    The ending of FILE decides the format:

    .npz, for NumPy: the weights W_1, b_1, W_2, … in the lecture's shapes

    .safetensors: the same, for PyTorch, JAX and others

    .onnx, for ONNX Runtime: the network, from grey values 0 to 255 to probabilities; a committee
    becomes one network that averages those of its members

    .py, a script of some 40 lines that predicts with NumPy, and its weights beside it, as .npz
    """
    from nntrain import export as exporting
    from nntrain.config.layers import shapes_text
    from nntrain.files import check_writable
    from nntrain.training import inference

    files = exporting.files_of(file)
    for each in files:
        check_not_existing(each, force)
        check_writable(each)
    models = inference.load_models(inference.resolve_runs([folder]))
    exporting.export(models, file)
    networks = f", a committee of {len(models)} networks" if len(models) > 1 else ""
    names = " and ".join(map(str, files))
    echo(f"{names}: {shapes_text(models[0].network.shapes)}{networks}, from {folder}")
