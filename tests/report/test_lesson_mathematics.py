"""The lesson's JavaScript against `nntrain.nn`, in a real browser and in its worker."""

import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nntrain.nn import ACTIVATIONS, LOSSES, Network
from nntrain.nn.arrays import Array
from nntrain.report.templates import template
from tests.report.lesson import Lesson
from tests.support.networks import batch_for, network_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ASSETS = Path(template("base.html").filename or "").parent
SCRIPTS = [ASSETS / "activations.js", ASSETS / "lesson/mathematics.js"]
CASES = [
    ([hidden, "tanh", last], loss)
    for hidden, last, loss in product(ACTIVATIONS, ACTIVATIONS, LOSSES)
]
WIDTHS = [4, 5, 3, 4]
RATE = 0.3
# For each case: forward, backward and update for single samples, then the same for the batch.
# As JSON, which crosses to the browser much faster than its values one by one.
COMPUTE = """(text) => JSON.stringify(JSON.parse(text).map(({ network, xs, ys, rate }) => {
  const singles = xs.map((x, n) => {
    const pass = forward(network, x);
    const gradients = backward(network, pass, ys[n]);
    const after = update(network, gradients, rate);
    return {
      z: pass.z.slice(1), x: pass.x, E: error(network.loss, pass.x.at(-1), ys[n]),
      δ: gradients.δ.slice(1), dW: gradients.dW, db: gradients.db, W: after.W, b: after.b,
    };
  });
  const typed = (rows) => rows.map((row) => Float64Array.from(row));
  const fast = { ...network, W: network.W.map(typed), b: typed(network.b) };
  const batch = batchGradients(fast, typed(xs), typed(ys));
  const after = update(fast, batch, rate);
  const plain = (value) => ArrayBuffer.isView(value) ? [...value]
    : Array.isArray(value) ? value.map(plain) : value;
  const plainSingles = singles.map((all) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, plain(value)])));
  const batched = plain([batch.dW, batch.db, after.W, after.b]);
  return { singles: plainSingles, batch: batched, E: batch.error };
}))"""
# Sends messages to a new worker of the lesson, one after the other, and returns its reports.
WORK = """({ digits, messages }) => new Promise((resolve, reject) => {
  const source = document.getElementById("training-worker").textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const reports = [];
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.onmessage = ({ data }) => {
    const { W, b } = data.network;
    const rows = (matrix) => matrix.map((row) => [...row]);
    reports.push({ ...data, network: null, W: W.map(rows), b: rows(b) });
    if (messages.length > 0) worker.postMessage(messages.shift());
    else {
      worker.terminate();
      resolve(reports);
    }
  };
  worker.postMessage({ kind: "begin", digits: {
    ...digits, pixels: Uint8Array.from(digits.pixels), labels: Uint8Array.from(digits.labels),
  } });
  worker.postMessage(messages.shift());
  worker.postMessage(messages.shift());
})"""


def portable(network: Network, activations: list[str], loss: str) -> dict[str, Any]:
    """A network as the page's `Network`."""
    views = [(w.tolist(), b.tolist()) for w, b in network.views(network.parameters)]
    weights, biases = zip(*views, strict=True)
    return {"W": weights, "b": biases, "activations": activations, "loss": loss}


def assert_equal(found: Any, expected: Array) -> None:
    """To a millionth of the greatest entry, or of 1."""
    values = np.array(found)
    assert values.shape == expected.shape
    assert np.abs(values - expected).max() <= 1e-6 * max(1.0, np.abs(expected).max())


def assert_are_parameters(found: Any, network: Network, vector: Array) -> None:
    """Lists of weights and biases, against a vector in the order of a network's parameters."""
    weights, biases = found
    for w, b, (expected_w, expected_b) in zip(weights, biases, network.views(vector), strict=True):
        assert_equal(w, expected_w)
        assert_equal(b, expected_b)


def test_forward_backward_and_update_are_those_of_nntrain(page: "Page") -> None:
    for script in SCRIPTS:  # the mathematics alone
        page.add_script_tag(path=script)
    subjects = []
    for seed, (activations, loss) in enumerate(CASES):
        network = network_of(WIDTHS, activations, loss, seed)
        subjects.append((network, activations, loss, *batch_for(network, 2, seed)))
    cases = [
        {"network": portable(n, a, loss), "xs": x.tolist(), "ys": y.tolist(), "rate": RATE}
        for n, a, loss, x, y in subjects
    ]
    answers = json.loads(page.evaluate(COMPUTE, json.dumps(cases)))
    assert len(answers) == len(CASES)
    for (network, _, _, x, y), answer in zip(subjects, answers, strict=True):
        for row, single in enumerate(answer["singles"]):
            one = x[row : row + 1], y[row : row + 1]
            xs = network.forward(one[0])
            for i, layer in enumerate(network.layers):
                assert_equal(single["z"][i], (xs[i] @ layer.weights.T + layer.biases)[0])
            for found, expected in zip(single["x"], xs, strict=True):
                assert_equal(found, expected[0])
            assert_equal(single["E"], np.array(network.loss.value(xs[-1], one[1])))
            for found, delta in zip(single["δ"], network.backpropagate(xs, one[1]), strict=True):
                assert_equal(found, delta[0])
            gradient = network.gradient(xs, one[1])
            after = network.parameters - RATE * gradient
            assert_are_parameters((single["dW"], single["db"]), network, gradient)
            assert_are_parameters((single["W"], single["b"]), network, after)
        gradient = network.gradient(network.forward(x), y)
        assert_equal(answer["E"], np.array(network.loss.value(network.predict(x), y)))
        assert_are_parameters(answer["batch"][:2], network, gradient)
        assert_are_parameters(answer["batch"][2:], network, network.parameters - RATE * gradient)


def test_the_worker_takes_the_steps_of_nntrain(
    opened_lesson: Lesson,
) -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 16, (14, 9)), rng.integers(0, 10, 14)
    begun, *stepped = opened_lesson.page.evaluate(
        WORK,
        {
            "digits": {
                "pixels": pixels.ravel().tolist(),
                "labels": labels.tolist(),
                "heldOut": 4,
                "greys": 15,
            },
            "messages": [
                {"kind": "set", "α": RATE, "size": 10},  # all, so that their order is no matter
                {"kind": "reset", "attempt": 7, "hidden": 6},
                *[{"kind": "step"}] * 3,
            ],
        },
    )
    activations = ["sigmoid", "sigmoid"]
    network = network_of([9, 6, 10], activations, "squared_error")
    for layer, weights, biases in zip(network.layers, begun["W"], begun["b"], strict=True):
        layer.weights[...], layer.biases[...] = weights, biases
    assert begun["steps"] == 0
    assert begun["attempt"] == 7
    assert np.std(begun["W"][0]) == pytest.approx(1 / 3, rel=0.3)  # 1 / √n_0
    assert len(stepped) == 3
    x, y = pixels / 15, np.eye(10)[labels]
    for number, report in enumerate(stepped, 1):
        network.parameters -= RATE * network.gradient(network.forward(x[:10]), y[:10])
        assert_are_parameters((report["W"], report["b"]), network, network.parameters)
        outputs = network.predict(x[10:])
        assert report["answers"] == outputs.argmax(axis=1).tolist()
        assert report["right"] == (outputs.argmax(axis=1) == labels[10:]).sum()
        assert report["E"] == pytest.approx(network.loss.value(outputs, y[10:]))
        assert report["steps"] == report["epochs"] == number
