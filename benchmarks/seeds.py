"""How much the accuracy depends on the seed: mean and standard deviation per configuration.

`python benchmarks/seeds.py configs/quick.yaml configs/conv.yaml --seeds 5` trains each of them with
the seeds 0 to 4 on MNIST's first 50,000 rows and validates on the last 10,000. The runs are
ordinary ones, runs/seeds/<configuration>/seed-N. What is interrupted by Ctrl-C, or by `timeout 8h`,
is saved; the same command continues, and more --seeds add to those that are there.
"""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from ruamel.yaml import YAML

import nntrain
from nntrain.config import FileFinder, load_config
from nntrain.errors import NNTrainError
from nntrain.training.progress import best
from nntrain.training.run import RunFolder

HEADINGS = ("configuration", "seeds", "held out, best epoch", "last epoch", "training time")


@click.command()
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True, type=Path)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="How many.")
@click.option("--train", default="data/train.csv", show_default=True, help="MNIST's training CSV.")
@click.option(
    "--held-out", default=10_000, show_default=True, help="Number of last rows to validate on."
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/seeds"),
    show_default=True,
    help="The folder of the runs.",
)
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="As in nntrain fit.")
def main(
    configs: Sequence[Path],
    seeds: int,
    train: str,
    held_out: int,
    runs: Path,
    settings: Sequence[str],
) -> None:
    """Train each CONFIG with several seeds, and print the spread of their accuracies."""
    if len({config.stem for config in configs}) < len(configs):
        raise click.UsageError("two configurations have the same name")
    overrides = {"data.train": train, "data.validation": held_out}
    for setting in settings:
        key, _, value = setting.partition("=")
        overrides[key] = YAML(typ="safe").load(value)
    try:
        refuse_committees(configs, settings)
        for seed in range(seeds):  # the first ones of all configurations are compared first
            for config in configs:
                folder = runs / config.stem / f"seed-{seed}"
                nntrain.fit(
                    config,
                    overrides={**overrides, "seed": seed},
                    run=folder,
                    resume=folder.exists(),
                )
    except NNTrainError as error:
        raise click.ClickException(str(error)) from error
    finally:
        click.echo(table(runs / config.stem for config in configs))


def refuse_committees(configs: Iterable[Path], settings: Sequence[str]) -> None:
    """Refuse configurations whose members have a seed each anyway.

    Raises:
        UsageError: If there is one.
        ConfigError: If a configuration is invalid.
    """
    for config in configs:
        if load_config(str(config), settings, FileFinder(click.echo, ())).members > 1:
            raise click.UsageError(f"{config}: a committee; name the configuration of a member")


def table(folders: Iterable[Path]) -> str:
    """The results of all finished runs, in Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(row, folders)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def row(folder: Path) -> tuple[str, ...]:
    """The results of one configuration, whose runs are in a folder."""
    runs = [RunFolder(file.parent) for file in folder.glob("seed-*/config.yaml")]
    histories = [run.history() for run in runs if run.is_finished()]
    if not histories:
        return folder.name, "0", "", "", ""
    seconds = [sum(record.seconds for record in history) for history in histories]
    return (
        folder.name,
        str(len(histories)),
        spread([best(history).val_accuracy for history in histories]),
        spread([history[-1].val_accuracy for history in histories]),
        f"{statistics.mean(seconds):,.0f} s",
    )


def spread(accuracies: Sequence[float]) -> str:
    """Mean ± standard deviation over the seeds, with the least and the greatest, in per cent."""
    shares = [100 * accuracy for accuracy in accuracies]
    if len(shares) == 1:
        return f"{shares[0]:.2f} %"
    deviation = statistics.stdev(shares)
    return (
        f"{statistics.mean(shares):.2f} ± {deviation:.2f} % ({min(shares):.2f}–{max(shares):.2f})"
    )


if __name__ == "__main__":
    main()
