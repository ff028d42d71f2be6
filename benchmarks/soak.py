"""Kill and resume one training again and again, and compare it with an undisturbed one.

`python benchmarks/soak.py --minutes 30` ends with status 1 if a single bit of the weights, of the
optimiser's state or of the metrics differs from that of the undisturbed one.
"""

import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from nntrain.training import checkpoint
from nntrain.training.run import RunFolder

ROWS = 6_000
# All that has a state or draws from chance; no schedule, so that the number of epochs
# changes nothing in those that come before.
CONFIG = """\
data:
  train: train.csv
  validation: 0.1
  distortion: {rotation: 12, scale: 0.12, shift: 1, elastic: {strength: 34, sigma: 5}}
network:
  - {dense: 100, activation: relu, dropout: 0.2}
  - {dense: 10, activation: softmax}
loss: cross_entropy
training:
  epochs: 1000000
  batch_size: 32
  optimizer: adam
  average: 0.99
  clip_norm: 1
"""


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.1), default=30, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the moments of the kills.")
def main(minutes: float, seed: int) -> None:
    """Kill and resume one training for so long, then train the same without a break."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_csv(folder / "train.csv", *demo_digits(ROWS))
        (folder / "soak.yaml").write_text(CONFIG, encoding="utf-8")
        killed, undisturbed = RunFolder(folder / "killed"), RunFolder(folder / "undisturbed")
        kills, inside = _kill_and_resume(killed, minutes, random.Random(seed))
        epochs = len(killed.history())
        click.echo(f"{kills} kills, {inside} of them inside the writing of a file; {epochs} epochs")
        _fit(undisturbed, "--set", f"training.epochs={epochs}").wait()
        different = _differences(killed, undisturbed)
    for name in different:
        click.echo(f"{name} differs from the undisturbed training", err=True)
    if not different:
        click.echo("weights, optimiser, average and metrics are those without a kill, bit for bit")
    sys.exit(bool(different))


def _fit(run: RunFolder, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "nntrain", "fit", "soak.yaml", "--run", str(run)]
    return subprocess.Popen(
        [*command, "--threads", "1", *arguments],
        cwd=run.folder.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill_and_resume(run: RunFolder, minutes: float, chance: random.Random) -> tuple[int, int]:
    """How often it was killed, and how often while a file was written."""
    kills = inside = 0
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        training = _fit(run, *(["--resume"] if run.config_file.exists() else []))
        time.sleep(chance.uniform(2, 8))
        if training.poll() is not None:
            raise click.ClickException(f"ended by itself with status {training.returncode}")
        training.kill()
        training.wait()
        kills += 1
        inside += any(path.suffix == ".tmp" for path in run.folder.iterdir())
    return kills, inside


def _differences(run: RunFolder, undisturbed: RunFolder) -> list[str]:
    ours, theirs = checkpoint.load(run.last_file), checkpoint.load(undisturbed.last_file)
    pairs = {
        "parameters": (ours.parameters, theirs.parameters),
        **{
            name: (array, theirs.optimizer_state[name])
            for name, array in ours.optimizer_state.items()
        },
        "metrics": tuple(
            np.array([(record.epoch, *record[2:]) for record in saved.progress.history])
            for saved in (ours, theirs)
        ),
        "best": tuple(checkpoint.load(one.best_file).parameters for one in (run, undisturbed)),
    }
    return [name for name, (a, b) in pairs.items() if a.tobytes() != b.tobytes()]


if __name__ == "__main__":
    main()
