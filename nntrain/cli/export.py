"""nntrain export: a trained network for other programs."""

from pathlib import Path

import click

from nntrain.cli.options import force_option
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError, NNTrainError


@click.command(epilog="Example: nntrain export runs/config digits.onnx")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("file", metavar="FILE.onnx", type=click.Path(path_type=Path))
@force_option
def export(folder: Path, file: Path, force: bool) -> None:
    """Write the network of RUN as ONNX, for other programs.

    Its input "pixels" are rows of grey values, float32 from 0 to 255, and its output
    "probabilities" has one of each digit a row. A committee becomes one network, which votes.
    """
    from nntrain.export import export_onnx
    from nntrain.files import check_writable
    from nntrain.training import inference

    if file.suffix != ".onnx":  # a checkpoint or a CSV should survive --force
        raise ConfigError(f"{file}: name a file that ends in .onnx")
    if file.exists() and not force:
        raise NNTrainError(f"{file}: exists already; name another file, or replace it with --force")
    check_writable(file)
    models = inference.load_models(inference.resolve_runs([folder]))
    export_onnx(models, file)
    networks = f", {len(models)} networks that vote" if len(models) > 1 else ""
    widths = "-".join(map(str, models[0].network.widths))
    echo(f"{file}: {widths}{networks}, from {folder}")
