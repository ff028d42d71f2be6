"""nntrain export: write a trained network as ONNX."""

from pathlib import Path

import click

from nntrain.cli.options import OUT_PATH, check_not_existing, force_option, run_argument
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError


@click.command(epilog="Example: nntrain export runs/config digits.onnx")
@run_argument
@click.argument("file", metavar="FILE.onnx", type=OUT_PATH)
@force_option
def export(folder: Path, file: Path, force: bool) -> None:
    """Write the network of RUN to a file for other programs.

    The input "pixels" contains a row of grey values per image, float32 from 0 to 255; the output
    "probabilities" contains a row with one probability per class. A committee becomes one network
    that averages the probabilities of its members.
    """
    from nntrain.config.layers import shapes_text
    from nntrain.export import export_onnx
    from nntrain.files import check_writable
    from nntrain.training import inference

    if file.suffix != ".onnx":  # so that --force replaces no checkpoint or CSV
        raise ConfigError(f"{file}: name a file that ends in .onnx")
    check_not_existing(file, force)
    check_writable(file)
    models = inference.load_models(inference.resolve_runs([folder]))
    export_onnx(models, file)
    networks = f", a committee of {len(models)} networks" if len(models) > 1 else ""
    echo(f"{file}: {shapes_text(models[0].network.shapes)}{networks}, from {folder}")
