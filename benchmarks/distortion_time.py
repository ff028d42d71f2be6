"""What distorting every image costs, beside the training that it is done for."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from alternating import Task, Times, alternate
from competitors import THREADS, Case, nntrain
from datasets import BenchData

from nntrain.data.augment import Augmentation, Augmenter

HEADING = "Distortions"
CASES = (Case((1000, 500), 512), Case((1000, 500), 128))
# Those of configs/strong.yaml, best.yaml and committee.yaml.
DISTORTION = Augmentation(
    rotation=12, scale=0.12, shear=0.1, shift=1, elastic_strength=34, elastic_sigma=5
)


def measure(data: BenchData) -> list[str]:
    """A line for each batch size."""
    lines = [
        "| network | distorting, one thread | training, one thread | distorting / training "
        f"| epoch on {THREADS} threads | with distortions | with / without |",
        "|" + " --- |" * 7,
    ]
    for case in CASES:
        distorting, alone, plain, distorted = _times(case, data)
        cells = [
            str(case),
            str(distorting),
            str(alone),
            distorting.over(alone),
            str(plain),
            str(distorted),
            distorted.over(plain),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return [
        *lines,
        "",
        f"Seconds for {len(data.labels):,} images: median of {data.size.rounds} "
        "alternating rounds (least–most). Relu, softmax with cross-entropy, plain SGD, float32; "
        f"rotation {DISTORTION.rotation:g}°, scale {DISTORTION.scale:g}, shear "
        f"{DISTORTION.shear:g}, shift {DISTORTION.shift:g}, elastic α "
        f"{DISTORTION.elastic_strength:g} and σ {DISTORTION.elastic_sigma:g}. Distorting "
        "includes drawing and warping, batch by batch; in an epoch, separate threads do it ahead "
        "of the training, on the same cores.",
    ]


def _times(case: Case, data: BenchData) -> list[Times]:
    pixels, labels = np.ascontiguousarray(data.pixels), data.labels
    distorter = Augmenter(DISTORTION, pixels.shape[1])
    rng = np.random.default_rng(0)
    out = np.empty((case.batch, pixels.shape[1]), np.float32)

    def distort() -> None:
        for start in range(0, len(pixels), case.batch):
            batch = slice(start, start + case.batch)
            count = len(labels[batch])
            distorter.apply(pixels[batch], distorter.sample(rng, labels[batch], count), out[:count])

    tasks = {
        "distorting": distort,
        "one thread": nntrain(case, pixels, labels, threads=1),
        "plain": nntrain(case, pixels, labels),
        "distorted": nntrain(case, pixels, labels, distorter=distorter),
    }
    timed = {name: _timed(task) for name, task in tasks.items()}
    return list(alternate(timed, data.size.rounds).values())


def _timed(task: Callable[[], object]) -> Task:
    def seconds(_: int) -> float:
        started = perf_counter()
        task()
        return perf_counter() - started

    return seconds
