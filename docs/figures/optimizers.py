"""Draw the figures of docs/optimizers.md: descents of the 3-4-2 network's error.

`make figures` writes them; tests/test_figures.py compares the files with what this script draws.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from drawing import DELTA, FAINT, INK, OTHER, QUIET, TARGET, Drawing, Plot, Point, W, X, number
from example import Array, Example, Plane, draw_all

from nntrain.engine import Dropout
from nntrain.optim import SGD, Adam, Momentum, Nesterov, Optimizer

HERE = Path(__file__).parent
START = (-2.5, 3.2)  # in the plane of W₁[2, 2] and b₂[0]
ACROSS, UP = (-4.0, 8.0), (-2.0, 4.0)
LEVELS = (0.232, 0.235, 0.24, 0.25, 0.26, 0.27, 0.29, 0.31, 0.33, 0.35)
STEPS = 30
GRID = np.linspace(*ACROSS, 73), np.linspace(*UP, 49)

Descent = tuple[Callable[[Array], Optimizer], float, str]


def valley_plane(example: Example) -> Plane:
    """E over a weight of the first layer and a bias of the second."""
    return example.plane(example.index(1, 0, 2, 2), example.index(2, 1, 0))


@cache
def valley_map(example: Example) -> Array:
    """The heights of the map, which several figures show."""
    return valley_plane(example).heights(*GRID)


def valley_plot(
    example: Example,
    draw: Drawing,
    box: tuple[float, float, float, float],
    paths: Sequence[Descent],
) -> None:
    """Contour lines of E over a weight and a bias, and descents on them."""
    plane = valley_plane(example)
    plot = Plot(draw, box, ACROSS, UP)
    plot.axes("W₁[2, 2]", "b₂[0]", (-4, 0, 4, 8), (-2, 0, 2, 4))
    plot.contours(*GRID, valley_map(example), LEVELS, QUIET)
    for make, rate, colour in paths:
        plot.steps(plane.descend(make(np.zeros(2)), rate, START, STEPS), colour)
    draw.dot(plot.at(*START), INK, 6)
    draw.text((plot.at(*START)[0] + 10, plot.at(*START)[1] - 4), "start", INK, 12.5, "start")


def sgd(parameters: Array) -> Optimizer:
    """Plain gradient descent of a weight and a bias."""
    return SGD(parameters, 1)


def momentum(parameters: Array) -> Optimizer:
    """The same with momentum 0.9."""
    return Momentum(parameters, 1, 0.9)


def nesterov(parameters: Array) -> Optimizer:
    """The same with Nesterov's momentum 0.9."""
    return Nesterov(parameters, 1, 0.9)


def adam(parameters: Array) -> Optimizer:
    """Adam for a weight and a bias."""
    return Adam(parameters, 1)


def valley(example: Example) -> Drawing:
    """Plain gradient descent in a long valley, with two learning rates."""
    draw = Drawing(760, 330, "Gradient descent in a long valley: too slow, or from side to side")
    valley_plot(example, draw, (60, 60, 300, 190), [(sgd, 8, X)])
    valley_plot(example, draw, (430, 60, 300, 190), [(sgd, 36, DELTA)])
    draw.text((210, 28), "α = 8: slow along the valley", X, 14, bold=True)
    draw.text((580, 28), "α = 36: from side to side", DELTA, 14, bold=True)
    draw.text(
        (380, 316),
        f"{STEPS} steps from the same start; each line joins points of equal E",
        QUIET,
        13,
    )
    return draw


def memory(example: Example) -> Drawing:
    """Momentum in the valley, and how much each past gradient counts."""
    draw = Drawing(760, 330, "Momentum gets far along the valley, because gradients add up")
    valley_plot(example, draw, (60, 60, 330, 190), [(sgd, 8, X), (momentum, 8, OTHER)])
    draw.text((130, 28), "plain, α = 8", X, 14, bold=True)
    draw.text((290, 28), "momentum, α = 8", OTHER, 14, bold=True)
    optimizer, place = Momentum(np.zeros(1), 1, 0.9), np.zeros(1)
    shares = []
    for step in range(20):
        before = float(place[0])
        optimizer.step(place, np.array([1.0 if step == 0 else 0.0]), 1.0)
        shares.append(before - float(place[0]))
    plot = Plot(draw, (470, 60, 250, 190), (-0.7, 19.7), (0, 1))
    plot.axes(
        "steps later", "what one gradient still adds to the step", (0, 5, 10, 15), (0, 0.5, 1)
    )
    for step, share in enumerate(shares):
        left, top = plot.at(step - 0.38, share)
        right, bottom = plot.at(step + 0.38, 0)
        draw.add("rect", x=left, y=top, width=right - left, height=bottom - top, fill=OTHER)
    total = number(sum(shares), 1)
    draw.text((595, 316), f"1 + 0.9 + 0.9² + … : already {total} after 20 steps", QUIET, 13)
    return draw


def lookahead(example: Example) -> Drawing:
    """Momentum overshoots; Nesterov's momentum corrects itself."""
    draw = Drawing(760, 420, "Nesterov's momentum swings less from side to side than momentum")
    valley_plot(example, draw, (70, 60, 620, 270), [(momentum, 8, OTHER), (nesterov, 8, W)])
    draw.text((240, 28), "momentum: swings from side to side", OTHER, 14, bold=True)
    draw.text((540, 28), "Nesterov: straightens out", W, 14, bold=True)
    draw.text((380, 404), f"α = 8, μ = 0.9, {STEPS} steps each", QUIET, 13)
    return draw


def first_steps(example: Example) -> Drawing:
    """The first step of all 26 parameters: gradient descent and Adam."""
    draw = Drawing(760, 350, "The first step of each parameter: unequal with SGD, equal with Adam")
    count = example.network.weight_count
    rows = [
        ("α |∂E/∂W|: plain gradient descent, α = 1", SGD(example.start, count), 1.0, X, 40.0),
        ("Adam, α = 0.1", Adam(example.start, count), 0.1, TARGET, 190.0),
    ]
    for label, optimizer, rate, colour, top in rows:
        parameters = example.start.copy()
        optimizer.step(parameters, example.gradient(example.start), rate)
        steps = np.abs(parameters - example.start)
        tallest = max(steps)
        for k, step in enumerate(steps):
            x = 66 + 25.4 * k + (0, 8, 16, 24)[sum(k >= end for end in (12, 20, 24))]
            height = 84 * step / tallest
            draw.add("rect", x=x, y=top + 104 - height, width=19, height=height, fill=colour)
        draw.path([(60, top + 104), (746, top + 104)], FAINT, 1.2)
        draw.text((62, top + 4), label, colour, 14, "start", bold=True)
        spread = f"largest {number(tallest)}, smallest {number(min(steps))}"
        draw.text((744, top + 4), spread, QUIET, 13, "end")
    for x, text in (
        (215, "12 weights W₁"),
        (480, "8 weights W₂"),
        (638, "4 biases b₁"),
        (718, "2 b₂"),
    ):
        draw.text((x, 320), text, INK, 13)
    return draw


def adam_path(example: Example) -> Drawing:
    """Adam in the valley."""
    draw = Drawing(760, 420, "Adam goes as fast along the valley as across it")
    valley_plot(example, draw, (70, 60, 620, 270), [(sgd, 8, X), (adam, 0.3, TARGET)])
    draw.text((240, 28), "plain, α = 8: short steps on flat ground", X, 14, bold=True)
    draw.text((560, 28), "Adam, α = 0.3: even steps", TARGET, 14, bold=True)
    draw.text((380, 404), f"{STEPS} steps each", QUIET, 13)
    return draw


def decay(example: Example) -> Drawing:
    """The size of the weights with and without weight decay, and E."""
    draw = Drawing(760, 340, "Weight decay keeps the weights small; E stays a little higher")
    left = Plot(draw, (60, 50, 240, 210), (0, 200), (0, 12))
    left.axes("steps", "‖W‖, the size of all weights", (0, 100, 200), (0, 4, 8, 12))
    right = Plot(draw, (445, 50, 225, 210), (0, 200), (0, 0.06))
    right.axes("steps", "E", (0, 100, 200), (0, 0.02, 0.04, 0.06))
    count = example.network.weight_count
    for strength, colour in ((0.0, INK), (0.001, X), (0.003, DELTA)):
        optimizer, parameters = SGD(example.start, count, strength), example.start.copy()
        sizes, errors = [], []
        for _ in range(201):
            sizes.append(float(np.linalg.norm(parameters[:count])))
            errors.append(example.error(parameters))
            optimizer.step(parameters, example.gradient(parameters), 10.0)
        left.curve(range(201), sizes, colour)
        right.curve(range(201), errors, colour)
        draw.notes((308, left.at(0, sizes[-1])[1] + 4), [f"λ = {strength:g}"], colour)
        draw.notes((678, right.at(0, errors[-1])[1] + 4), [f"λ = {strength:g}"], colour)
    draw.text((380, 324), "plain gradient descent, α = 10, all eight rows in each step", QUIET, 13)
    return draw


def dropout(example: Example) -> Drawing:
    """The hidden neurons that three steps leave out, and a prediction, which leaves out none."""
    draw = Drawing(
        760, 350, "Dropout: each step leaves out other hidden neurons; a prediction none"
    )
    masks = [np.zeros((1, 4)) for _ in range(3)]
    rates = Dropout([0.0, 0.5], example.config.seed)
    for batch, mask in enumerate(masks):
        rates.draw([None, mask], 0, batch)
    hidden = example.traced["x_1"]
    for panel, mask in enumerate([*masks, np.ones((1, 4))]):
        left = 20 + 185.0 * panel
        title = f"step {panel + 1}" if panel < 3 else "prediction"
        draw.text((left + 82, 32), title, INK, 14, bold=True)
        layers = [_places(left + x, n) for x, n in ((18, 3), (82, 4), (148, 2))]
        kept = mask[0] != 0
        for i, j in ((0, 1), (1, 2)):
            for a, start in enumerate(layers[i]):
                for b, end in enumerate(layers[j]):
                    if kept[b if j == 1 else a]:
                        draw.path([start, end], W, 1.2, opacity="0.6")
        for i, places in enumerate(layers):
            for k, place in enumerate(places):
                if i == 1:
                    _hidden(draw, place, float(hidden[k] * mask[0, k]), bool(kept[k]))
                else:
                    draw.neuron(place, "", None, X, 11)
    draw.text((380, 316), "kept outputs are doubled: x / (1 − 0.5)", X, 13)
    draw.text((380, 336), "a prediction uses all neurons, as they are", QUIET, 13)
    return draw


def _places(x: float, count: int) -> list[Point]:
    return [(x, 165 + (j - (count - 1) / 2) * 62) for j in range(count)]


def _hidden(draw: Drawing, place: Point, value: float, kept: bool) -> None:
    if kept:
        draw.neuron(place, f"{value:.2f}", None, X, 23)
        return
    draw.add("circle", cx=place[0], cy=place[1], r=23, fill="#f4f5f7", stroke=FAINT)
    draw.text((place[0], place[1] + 5), "0", QUIET, 13)


FIGURES: dict[str, Callable[[Example], Drawing]] = {
    "valley": valley,
    "momentum": memory,
    "nesterov": lookahead,
    "adam-steps": first_steps,
    "adam": adam_path,
    "decay": decay,
    "dropout": dropout,
}


def main(folder: Path = HERE) -> None:
    """Write all figures into a folder."""
    draw_all(FIGURES, folder)


if __name__ == "__main__":
    main()
