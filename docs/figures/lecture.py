"""Draw the figures of docs/lecture.md: the 3-4-2 network with the numbers of its first row.

`make figures` writes them; tests/test_figures.py compares the files with what this script draws.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from drawing import (
    DELTA,
    FAINT,
    INK,
    OTHER,
    QUIET,
    TARGET,
    Drawing,
    Plot,
    W,
    X,
    between,
    column,
    edge,
    name,
    number,
)
from example import Example, draw_all

from nntrain.nn.activations import sigmoid, sigmoid_derivative
from nntrain.optim import SGD

HERE = Path(__file__).parent


def neuron(example: Example) -> Drawing:
    """One neuron: the weighted sum, and σ of it."""
    t = example.traced
    draw = Drawing(760, 290, "One neuron: a weighted sum z, then the sigmoid of z")
    inputs, body = column(80, 3, 76, 135), (300.0, 135.0)
    for k, place in enumerate(inputs):
        weight = float(t["W_1"][0, k])
        edge(draw, place, body, weight, 34)
        middle = (place[0] + 0.47 * (body[0] - place[0]), place[1] + 0.47 * (body[1] - place[1]))
        draw.tag((middle[0], middle[1] - 3), f"· {number(weight)}", W)
        draw.neuron(place, name("x", 0, k), number(t["x_0"][k]))
    draw.neuron(body, name("z", 1, 0), number(t["z_1"][0]), OTHER, 36)
    draw.text((300, 206), f"+ {name('b', 1, 0)} = {number(t['b_1'][0])}", W, 12.5)
    draw.text((190, 268), "1. add up: weight times input, and the bias", INK, 13)
    draw.arrow((346, 135), (416, 135), OTHER)
    plot = Plot(draw, (470, 50, 250, 160), (-6, 6), (0, 1))
    plot.axes("z", "x = σ(z)", (-5, 0, 5), (0, 0.5, 1))
    z = np.linspace(-6, 6, 61)
    plot.curve(z, sigmoid(z), X)
    at = plot.at(float(t["z_1"][0]), float(t["x_1"][0]))
    draw.path([plot.at(float(t["z_1"][0]), 0), at, plot.at(-6, float(t["x_1"][0]))], OTHER, 1.3)
    draw.dot(at, X)
    draw.notes((at[0] + 10, at[1] + 14), [f"x₁[0] = {number(t['x_1'][0])}"], X)
    draw.text((595, 268), "2. squeeze into 0 … 1 with the sigmoid", INK, 13)
    return draw


def forward(example: Example) -> Drawing:
    """The whole network with the numbers of row 1."""
    t = example.traced
    draw = Drawing(760, 400, "The forward pass of row 1 through the 3-4-2 network")
    layers = [column(90, 3, 84, 195), column(330, 4, 84, 195), column(550, 2, 84, 195)]
    for i in (1, 2):
        for (j, k), weight in np.ndenumerate(t[f"W_{i}"]):
            edge(draw, layers[i - 1][k], layers[i][j], float(weight))
    for i, places in enumerate(layers):
        for j, place in enumerate(places):
            draw.neuron(place, name("x", i, j), number(t[f"x_{i}"][j]))
    for j, place in enumerate(layers[2]):
        draw.text((place[0] + 96, place[1] - 2), f"target y[{j}]", TARGET, 12.5)
        draw.text((place[0] + 96, place[1] + 15), number(t["y"][j]), TARGET, 12.5, bold=True)
    for x, text in ((90, "x₀: the inputs"), (330, "x₁ = σ(W₁ x₀ + b₁)")):
        draw.text((x, 30), text, X, 14, bold=True)
    draw.text((550, 30), "x₂ = σ(W₂ x₁ + b₂)", X, 14, bold=True)
    draw.text((646, 300), f"E = {number(float(t['E']))}", INK, 16, bold=True)
    draw.path([(40, 382), (80, 382)], W, 3)
    draw.notes((90, 386), ["positive weight"])
    draw.path([(230, 382), (270, 382)], W, 3, stroke_dasharray="6 5")
    draw.notes((280, 386), ["negative weight"])
    draw.notes((430, 386), ["the thicker, the larger"])
    return draw


def error(example: Example) -> Drawing:
    """The error as a distance in the plane of the two outputs."""
    t = example.traced
    draw = Drawing(760, 400, "The error: half the squared distance from the output to the target")
    plot = Plot(draw, (70, 50, 300, 290), (0, 1), (0, 1))
    plot.axes("x₂[0], the output for “0”", "x₂[1], the output for “1”", (0, 0.5, 1), (0, 0.5, 1))
    target, output = t["y"], t["x_2"]
    draw.clipped(plot.box)
    for value in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5):
        radius = math.sqrt(2 * value) * 300
        centre = plot.at(*target)
        draw.add(
            "ellipse",
            cx=centre[0],
            cy=centre[1],
            rx=radius,
            ry=radius * 290 / 300,
            fill="none",
            stroke=FAINT,
            stroke_width=1.4,
        )
        angle, reach = math.radians(68), math.sqrt(2 * value)
        at = plot.at(1 - reach * math.cos(angle), reach * math.sin(angle))
        draw.tag((at[0], at[1] + 4), f"E = {value:g}", QUIET, 11)
    draw.end()
    corner = plot.at(float(target[0]), float(output[1]))
    draw.path([plot.at(*output), corner, plot.at(*target)], OTHER, 1.5, stroke_dasharray="4 4")
    draw.arrow(plot.at(*output), plot.at(*target), DELTA, 2.4)
    draw.dot(plot.at(*output), X, 7)
    draw.dot(plot.at(*target), TARGET, 8)
    gaps = output - target
    draw.notes(
        (410, 70),
        ["the output of row 1", f"x₂ = ({number(output[0])}, {number(output[1])})"],
        X,
        14,
    )
    draw.notes((410, 130), ["its target", "y = (1, 0)"], TARGET, 14)
    draw.notes(
        (410, 190),
        [
            "the gaps",
            f"x₂[0] − y[0] = {number(gaps[0])}",
            f"x₂[1] − y[1] = {number(gaps[1])}",
        ],
        OTHER,
        14,
    )
    draw.notes(
        (410, 270),
        [
            "half the squared distance",
            f"E = ½ ({number(gaps[0] ** 2)} + {number(gaps[1] ** 2)})",
            f"   = {number(float(t['E']))}",
        ],
        INK,
        14,
    )
    return draw


def descent(example: Example) -> Drawing:
    """E over one weight with its tangent, and three learning rates."""
    t = example.traced
    draw = Drawing(
        760, 362, "Gradient descent: the slope of E in one weight, and three learning rates"
    )
    place, network = example.index(2, 0, 0, 0), example.network

    def of_row_1(weight: float) -> float:
        network.parameters[...] = example.start
        network.parameters[place] = weight
        return network.loss.value(network.predict(example.x[:1]), example.y[:1])

    weight, slope, here = float(t["W_2"][0, 0]), float(t["dE_dW_2"][0, 0]), float(t["E"])
    plot = Plot(draw, (70, 50, 300, 230), (-6, 6), (0, 0.7))
    plot.axes("the weight W₂[0, 0], all others fixed", "E of row 1", (-5, 0, 5), (0, 0.2, 0.4, 0.6))
    weights = np.linspace(-6, 6, 61)
    plot.curve(weights, [of_row_1(float(w)) for w in weights], INK)
    tangent = np.array([weight - 2.6, weight + 2.6])
    plot.curve(tangent, here + slope * (tangent - weight), DELTA, 2)
    draw.dot(plot.at(weight, here), W, 6)
    draw.arrow(plot.at(weight, 0.06), plot.at(weight + 2, 0.06), W, 2.2)
    draw.text(plot.at(weight + 1, 0.09), "downhill", W, 12.5)
    draw.notes(plot.at(-5.7, 0.2), ["the slope of the tangent", f"∂E/∂W = {number(slope)}"], DELTA)
    curves = Plot(draw, (450, 50, 210, 230), (0, 40), (0, 0.55))
    curves.axes("steps", "E, the mean of all 8 rows", (0, 20, 40), (0, 0.25, 0.5))
    size = len(example.start)
    for rate, colour in ((0.3, W), (10, X), (150, DELTA)):
        errors = example.descend(SGD(example.start, size), rate, 40)
        curves.curve(range(41), errors, colour)
        draw.notes((668, curves.at(0, errors[-1])[1] + 4), [f"α = {rate:g}"], colour)
    draw.text((220, 344), "one step: W ← W − α · slope", INK, 13)
    draw.text((590, 344), "too small: slow; too large: it jumps and sticks", INK, 13)
    return draw


def delta(example: Example) -> Drawing:
    """δ as a slope: z moves x, x moves E, so z moves E."""
    t = example.traced
    z, x, y = (float(t[key][0]) for key in ("z_2", "x_2", "y"))
    slope = float(sigmoid_derivative(t["x_2"])[0])
    draw = Drawing(760, 320, "δ is the slope of E in z: the product of two slopes")
    zs = np.linspace(-4, 4, 61)
    xs = np.linspace(0, 1, 41)
    half, end = 0.5 * (x - y) ** 2, float(t["delta_2"][0])
    boxes = [(left, 60.0, 180.0, 170.0) for left in (50.0, 290.0, 530.0)]
    panels = [
        (Plot(draw, boxes[0], (-4, 4), (0, 1)), "z", "x = σ(z)", zs, z, x, slope, X),
        (Plot(draw, boxes[1], (0, 1), (0, 0.5)), "x", "½ (x − y)²", xs, x, half, x - y, TARGET),
        (Plot(draw, boxes[2], (-4, 4), (0, 0.5)), "z", "½ (σ(z) − y)²", zs, z, half, end, DELTA),
    ]
    curves = [sigmoid(zs), 0.5 * (xs - y) ** 2, 0.5 * (sigmoid(zs) - y) ** 2]
    names = ["slope σ′(z)", "slope x − y", "slope δ"]
    for panel, vs, label in zip(panels, curves, names, strict=True):
        plot, across, up, us, u, v, steep, colour = panel
        plot.axes(across, up, plot.across, (0, plot.up[1] / 2, plot.up[1]))
        plot.curve(us, vs, INK, 2)
        reach = (plot.across[1] - plot.across[0]) * 0.22
        ends = np.array([u - reach, u + reach])
        plot.curve(ends, v + steep * (ends - u), colour, 2.6)
        draw.dot(plot.at(u, v), colour, 6)
        middle = plot.box[0] + plot.box[2] / 2
        draw.text((middle, 284), label, colour, 14)
        draw.text((middle, 304), number(steep), colour, 15, bold=True)
    draw.text((260, 300), "×", INK, 22)
    draw.text((500, 300), "=", INK, 22)
    draw.text((380, 28), f"output neuron 0 of row 1: z₂[0] = {number(z)}", INK, 14, bold=True)
    return draw


def backward(example: Example) -> Drawing:
    """One hidden neuron and its two successors: forward, and back."""
    t = example.traced
    draw = Drawing(
        760, 330, "A hidden neuron and its two successors: the same weights, forward and back"
    )
    j = 2
    weights, later = t["W_2"][:, j], t["delta_2"]
    for left, way in ((0, "forward"), (380, "back")):
        hidden = (left + 80.0, 150.0)
        outputs = [(left + 300.0, 90.0), (left + 300.0, 210.0)]
        colour = X if way == "forward" else DELTA
        for k, place in enumerate(outputs):
            start, end = between(hidden, place, 43, 40)
            draw.arrow(*((start, end) if way == "forward" else (end, start)), colour, 2.4)
            middle = ((hidden[0] + place[0]) / 2, (hidden[1] + place[1]) / 2 + 4)
            draw.tag(middle, f"· {number(weights[k])}", W)
            symbol = name("z", 2, k) if way == "forward" else name("δ", 2, k)
            value = f"+ {number(weights[k] * t['x_1'][j])}".replace("+ −", "− ")
            draw.neuron(place, symbol, value if way == "forward" else number(later[k]), colour, 36)
        symbol = name("x", 1, j) if way == "forward" else f"∂E/∂x₁[{j}]"
        back = float(weights @ later)
        draw.neuron(hidden, symbol, number(t["x_1"][j] if way == "forward" else back), colour, 40)
    draw.path([(380, 50), (380, 310)], FAINT, 1)
    draw.text((190, 32), "forward: one neuron feeds both sums", X, 14, bold=True)
    draw.text((570, 32), "back: both δ return by the same weights", DELTA, 14, bold=True)
    parts = [f"{_bracket(w)} · {_bracket(d)}" for w, d in zip(weights, later, strict=True)]
    draw.text((570, 282), f"{parts[0]} + {parts[1]} = {number(float(weights @ later))}", INK, 12.5)
    slope = float(sigmoid_derivative(t["x_1"])[j])
    draw.text(
        (570, 306),
        f"times σ′ = {number(slope)}: δ₁[{j}] = {number(t['delta_1'][j])}",
        DELTA,
        13,
        bold=True,
    )
    draw.text((190, 282), f"x₁[{j}] goes, times a weight, into z₂[0] and z₂[1]", INK, 12.5)
    return draw


def _bracket(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def transpose(example: Example) -> Drawing:
    """W₂ read by rows on the way forward, and by columns on the way back."""
    t = example.traced
    draw = Drawing(760, 402, "W₂ is read by rows forward, by columns back")
    cell = (62.0, 32.0)
    draw.notes((40, 36), ["forward: a row of W₂ for each output, z₂ = W₂ x₁ + b₂"], X, 14)
    draw.matrix((40, 62), t["W_2"], W, cell, lambda row, _: row == 0)
    draw.text((314, 100), "·", INK, 22)
    draw.matrix((340, 56), t["x_1"][:, np.newaxis], X, cell, lambda *_: True)
    draw.text((440, 100), "=", INK, 22)
    draw.matrix((480, 62), t["z_2"][:, np.newaxis], OTHER, cell, lambda row, _: row == 0)
    draw.notes((570, 90), ["row 0 of W₂", "makes z₂[0]"])
    draw.path([(20, 204), (740, 204)], FAINT, 1)
    draw.notes(
        (40, 236),
        ["back: a column of W₂, now a row of W₂ᵀ, for each hidden neuron, W₂ᵀ δ₂"],
        DELTA,
        14,
    )
    draw.matrix((40, 254), t["W_2"].T, W, cell, lambda row, _: row == 2)
    draw.text((190, 324), "·", INK, 22)
    draw.matrix((216, 286), t["delta_2"][:, np.newaxis], DELTA, cell, lambda *_: True)
    draw.text((316, 324), "=", INK, 22)
    back = t["W_2"].T @ t["delta_2"]
    draw.matrix((356, 254), back[:, np.newaxis], DELTA, cell, lambda row, _: row == 2)
    draw.notes((450, 310), ["column 2 of W₂ makes", "the number of hidden neuron 2"])
    return draw


def outer(example: Example) -> Drawing:
    """∂E/∂W as a multiplication table."""
    t = example.traced
    draw = Drawing(760, 270, "The gradient of W₂ is a multiplication table of δ₂ and x₁")
    cell = (86.0, 40.0)
    draw.text((417, 32), "x₁ᵀ: what came in", X, 14, bold=True)
    draw.matrix((245, 46), t["x_1"][np.newaxis], X, cell, lambda *_: True)
    draw.text((76, 148), "δ₂: how E", DELTA, 14, bold=True)
    draw.text((76, 168), "moves with z", DELTA, 14, bold=True)
    draw.matrix((150, 112), t["delta_2"][:, np.newaxis], DELTA, cell, lambda *_: True)
    draw.matrix((245, 112), t["dE_dW_2"], W, cell, lambda row, column: (row, column) == (1, 2))
    draw.text((417, 218), "∂E/∂W₂ = δ₂ x₁ᵀ", W, 14, bold=True)
    product = f"{number(t['delta_2'][1])} · {number(t['x_1'][2])} = {number(t['dE_dW_2'][1, 2])}"
    draw.text((417, 246), f"row 1, column 2: {product}", INK, 13)
    return draw


def bias(example: Example) -> Drawing:
    """A bias moves the sigmoid; it is a weight whose input is 1."""
    t = example.traced
    draw = Drawing(760, 322, "A bias moves the sigmoid to the side; it is a weight of an input 1")
    plot = Plot(draw, (60, 50, 320, 190), (-8, 8), (0, 1))
    plot.axes("W x, the sum without the bias", "σ(W x + b)", (-8, -4, 0, 4, 8), (0, 0.5, 1))
    sums = np.linspace(-8, 8, 81)
    for shift, colour in ((-4, X), (0, INK), (4, DELTA)):
        plot.curve(sums, sigmoid(sums + shift), colour)
        draw.dot(plot.at(-shift, 0.5), colour, 5)
        text = f"b = {number(shift, 0)}"
        draw.tag((plot.at(-shift, 0)[0] + 4, plot.at(0, 0.36)[1]), text, colour)
    draw.text((220, 304), "one half is reached where W x = −b", INK, 13)
    places, body = column(470, 5, 46, 145), (640.0, 145.0)
    for k, place in enumerate(places):
        is_bias = k == 4
        edge(draw, place, body, 0.3, 22)
        colour = TARGET if is_bias else X
        draw.neuron(place, "1" if is_bias else name("x", 1, k), None, colour, 20)
    draw.neuron(body, "z₂[0]", None, OTHER, 30)
    draw.text((590, 230), "b₂[0]", W, 13)
    slope = number(t["dE_db_2"][0])
    draw.text((590, 270), "the input of a bias is 1, so", INK, 13)
    draw.text((590, 292), f"∂E/∂b₂[0] = δ₂[0] · 1 = {slope}", DELTA, 13, bold=True)
    return draw


def batch(example: Example) -> Drawing:
    """The gradients of eight rows in two weights, and their mean."""
    draw = Drawing(
        760, 390, "Each row pulls two weights in its own direction; the batch takes the mean"
    )
    places = [example.index(1, 0, 2, 0), example.index(1, 0, 2, 2)]
    network = example.network
    network.parameters[...] = example.start
    pulls = []
    for row in range(len(example.x)):
        xs = network.forward(example.x[row : row + 1])
        pulls.append(-network.gradient(xs, example.y[row : row + 1])[places])
    plot = Plot(draw, (80, 50, 400, 280), (-0.045, 0.025), (-0.02, 0.04))
    plot.axes("−∂E/∂W₁[2, 0]", "−∂E/∂W₁[2, 2]", (-0.04, -0.02, 0, 0.02), (-0.02, 0, 0.02, 0.04))
    for row, pull in enumerate(pulls):
        digit = int(example.y[row].argmax())
        colour = (X, TARGET)[digit]
        draw.arrow(plot.at(0, 0), plot.at(*pull), colour, 1.8)
    mean = -example.gradient(example.start)[places]
    draw.arrow(plot.at(0, 0), plot.at(*mean), DELTA, 4)
    draw.notes((510, 90), ["four rows of a 0", "pull to the left"], X, 14)
    draw.notes((510, 150), ["four rows of a 1", "pull upwards"], TARGET, 14)
    draw.notes(
        (510, 220),
        [
            "the mean of all eight",
            f"({number(mean[0])}, {number(mean[1])})",
            "is the step of the batch",
        ],
        DELTA,
        14,
    )
    return draw


def saturation(example: Example) -> Drawing:
    """The sigmoid is flat far from 0, so δ vanishes there; cross-entropy has no such factor."""
    draw = Drawing(760, 330, "Where the sigmoid is flat, δ of the squared error vanishes")
    z = np.linspace(-8, 8, 81)
    x = sigmoid(z)
    left = Plot(draw, (60, 50, 280, 200), (-8, 8), (0, 1))
    left.axes("z", "σ(z) and its slope σ′(z)", (-8, -4, 0, 4, 8), (0, 0.25, 0.5, 0.75, 1))
    left.curve(z, x, X)
    left.curve(z, sigmoid_derivative(x), OTHER)
    draw.text(left.at(4.4, 0.88), "σ", X, 15)
    draw.text(left.at(2.6, 0.2), "σ′", OTHER, 15)
    draw.dot(left.at(0, 0.25), OTHER)
    right = Plot(draw, (430, 50, 280, 200), (-8, 8), (-1, 0))
    right.axes("z of the output that should be 1", "δ", (-8, -4, 0, 4, 8), (-1, -0.5, 0))
    network = example.network
    squared = [network.output_delta(v, np.ones((1, 1)))[0, 0] for v in x[:, None, None]]
    right.curve(z, squared, DELTA)
    right.curve(z, x - 1, TARGET)
    draw.text(right.at(-4.6, -0.16), "squared error", DELTA, 13)
    draw.text(right.at(-4.6, -0.9), "cross-entropy", TARGET, 13)
    draw.text((200, 312), "the slope is at most ¼, and almost 0 far out", INK, 13)
    draw.text((570, 312), "badly wrong (left): a large δ is needed", INK, 13)
    return draw


FIGURES: dict[str, Callable[[Example], Drawing]] = {
    "neuron": neuron,
    "forward": forward,
    "error": error,
    "descent": descent,
    "delta": delta,
    "backward": backward,
    "transpose": transpose,
    "outer": outer,
    "bias": bias,
    "batch": batch,
    "saturation": saturation,
}


def main(folder: Path = HERE) -> None:
    """Write all figures into a folder."""
    draw_all(FIGURES, folder)


if __name__ == "__main__":
    main()
