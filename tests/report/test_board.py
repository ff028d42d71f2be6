"""Digits are drawn in a real browser, and what it shows is held against nntrain itself."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nntrain.config import parse_config
from nntrain.data.dataset import Subset
from nntrain.data.demo import demo_digits
from nntrain.report import board as board_module
from nntrain.report.board import board
from nntrain.training.fit import fit
from nntrain.training.inference import Predictor
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.browser import as_new, heard
from tests.support.csvs import make_dataset
from tests.support.variants import slow, slow_except

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Points: TypeAlias = list[tuple[float, float]]
OpenBoard: TypeAlias = Callable[..., "BoardPage"]

# In hundredths of the paper's side.
STROKES: dict[str, list[Points]] = {
    "0": [[(50, 15), (30, 28), (30, 70), (50, 85), (70, 70), (70, 28), (50, 15)]],
    "1": [[(52, 15), (50, 85)]],
    "2": [[(30, 30), (48, 15), (68, 30), (30, 82), (72, 82)]],
    "4": [[(36, 15), (30, 52), (72, 52)], [(62, 20), (58, 88)]],
    "7": [[(28, 18), (70, 18), (46, 85)]],
}
DOT: Points = [(20, 70)]

NETWORKS = {
    "relu and softmax": """
        network: [{dense: 64, activation: relu}, {dense: 10, activation: softmax}]
        loss: cross_entropy
        """,
    "sigmoid and squared error": """
        network: [{dense: 20, activation: sigmoid}, {dense: 10, activation: sigmoid}]
        loss: squared_error
        """,
    "tanh and inputs from -1 to 1": """
        data: {input_range: [-1.0, 1.0]}
        network: [{dense: 20, activation: tanh}, {dense: 10, activation: tanh}]
        loss: squared_error
        """,
    "dropout": """
        network:
          - {dense: 60, activation: leaky_relu, dropout: 0.3}
          - {dense: 20, activation: scaled_tanh, dropout: 0.2}
          - {dense: 10, activation: softmax}
        loss: cross_entropy
        training: {input_dropout: 0.1}
        """,
    "a moving average in float64": """
        dtype: float64
        network: [{dense: 20, activation: identity}, {dense: 10, activation: sigmoid}]
        loss: binary_cross_entropy
        training: {average: 0.9}
        """,
    "convolution and pooling": """
        network:
          - {conv: 3, kernel: 5, activation: relu}
          - {max_pool: 2}
          - {conv: 5, kernel: 3, stride: 2, padding: same, activation: tanh}
          - {mean_pool: 3, stride: 1}
          - {dense: 10, activation: softmax}
        loss: cross_entropy
        """,
    "any numbers": """
        network: [{dense: 10, activation: identity}]
        loss: squared_error
        """,
}


def train(
    folder: Path, text: str, pixels: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> Predictor:
    """A network that has seen these digits for two epochs."""
    rows = make_dataset(pixels, labels).as_subset()
    config = parse_config(
        text,
        "board.yaml",
        [
            "seed=4",
            "data.train=drawn",
            "data.validation=0",
            f"data.classes={len(np.unique(labels))}",
            "training.epochs=2",
            "training.batch_size=20",
            "training.optimizer={name: adam, learning_rate: 0.004}",
        ],
    )
    run = RunFolder(folder)
    fit(config, lambda: run.prepare(config), Reporter(), data=(rows, None))
    return Predictor(run)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    """Small networks of many kinds, trained on demo digits when a test asks for them."""
    digits = demo_digits(2000)

    class Models(dict[str, Predictor]):
        def __missing__(self, name: str) -> Predictor:
            folder = tmp_path_factory.mktemp("run") / "run"
            self[name] = train(folder, NETWORKS[name], *digits)
            return self[name]

    return Models()


@pytest.fixture
def model(models: dict[str, Predictor]) -> Predictor:
    return models["relu and softmax"]


class BoardPage:
    """A page with a board, and a hand in front of it."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.paper = page.locator("#board-paper")

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where on the screen a point of the paper is."""
        box = self.paper.bounding_box()
        assert box is not None
        return box["x"] + box["width"] * point[0] / 100, box["y"] + box["height"] * point[1] / 100

    def draw(self, strokes: list[Points]) -> None:
        for stroke in strokes:
            first, *others = [self.place(point) for point in stroke]
            self.page.mouse.move(*first)
            self.page.mouse.down()
            for place in others:
                self.page.mouse.move(*place)
            self.page.mouse.up()

    def touch(self, stroke: Points) -> None:
        session = self.page.context.new_cdp_session(self.page)
        for at, point in enumerate(stroke):
            x, y = self.place(point)
            kind = "touchMove" if at else "touchStart"
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def press(self, *keys: str) -> None:
        self.paper.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def clear(self) -> None:
        self.press("Escape")

    @property
    def status(self) -> str:
        text: str = self.page.locator("[aria-live=polite]").inner_text()
        return text.replace("\u00a0", " ")

    @property
    def drawing(self) -> str:
        """What is drawn on the paper, as an address."""
        address: str = self.paper.evaluate("canvas => canvas.toDataURL()")
        return address

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture that the network sees, shape (side, side)."""
        address = self.page.evaluate("document.querySelector('.board-picture').toDataURL()")
        image = np.asarray(Image.open(BytesIO(b64decode(address.partition(",")[2]))))
        assert (image[..., :3] == image[..., :1]).all()
        return image[..., 0]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """What the table says, shape (classes,)."""
        values = self.page.evaluate(
            "Array.from(document.querySelectorAll('.board data'), data => data.value)"
        )
        return np.array(values, np.float64)


@pytest.fixture
def changeable(models: dict[str, Predictor]) -> Iterator[Predictor]:
    """A model whose parameters a test may change; they are restored for the other tests."""
    model = models["any numbers"]
    trained = model.network.parameters.copy()
    yield model
    model.network.parameters[...] = trained


@pytest.fixture(scope="module")
def sheet(browser: "Browser") -> Iterator["Page"]:
    """Where boards are opened, one after the other."""
    window = browser.new_context(has_touch=True, reduced_motion="reduce")
    yield window.new_page()
    window.close()


@pytest.fixture
def open_board(sheet: "Page", tmp_path: Path) -> Iterator[OpenBoard]:
    """Opens a page with a network's board; at the end nothing may have gone wrong there."""
    faults: list[str] = []
    requests: list[str] = []

    def open_page(*models: Predictor, **options: Any) -> BoardPage:
        file = tmp_path / "board.html"
        file.write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Board</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<style>body { margin: 1rem; --accent: rgb(1, 2, 3) }</style>"
            f"<p>Above.</p>{board(models, **options)}",
            encoding="utf-8",
        )
        sheet.goto(file.as_uri())
        assert requests.pop() == file.as_uri()
        return BoardPage(sheet)

    as_new(sheet, 800, 600)
    with heard(
        sheet,
        console=lambda message: faults.append(f"{message.type}: {message.text}"),
        pageerror=lambda error: faults.append(f"error: {error.message}"),
        request=lambda request: requests.append(request.url),
    ):
        yield open_page
    assert not [fault for fault in faults if fault.startswith("error: ")]
    assert not requests


def answers(model: Predictor, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What nntrain says of one picture, shape (classes,)."""
    one = make_dataset(pixels.reshape(1, -1))
    probabilities: Any = model.probabilities(Subset(one, np.array([0])))
    return np.asarray(probabilities[0], np.float64)


def centre_of_mass(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """x and y in pixels, counted from the middle of the first."""
    ink = pixels / pixels.sum(dtype=float)
    at = np.arange(len(pixels))
    return np.array([ink.sum(axis=0) @ at, ink.sum(axis=1) @ at])


def longer_side(pixels: NDArray[np.uint8]) -> int:
    """Of the box around all ink."""
    return max(int(np.ptp(np.flatnonzero(pixels.any(axis=axis)))) + 1 for axis in (0, 1))


def as_mnist_has_it(strokes: list[Points]) -> NDArray[np.float64]:
    """Strokes as a picture, shape (28, 28), by way of a large drawing in black and white.

    The drawing is made smaller by averaging, so its lines get edges of a pixel, half of it outside
    of them: hence 19 pixels from line to line.
    """
    fine = 16
    pen = 2.4
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    scale = (19 - pen) / np.ptp(points, axis=0).max()
    middle = (points.max(axis=0) + points.min(axis=0)) / 2

    def draw(offset: NDArray[np.float64]) -> NDArray[np.float64]:
        drawing = Image.new("L", (28 * fine, 28 * fine))
        hand = ImageDraw.Draw(drawing)
        for stroke in strokes:
            # Pixel i reaches from i to i + 1 in the drawing.
            line = ((np.array(stroke) - middle) * scale + offset + 0.5) * fine
            hand.line([tuple(point) for point in line], fill=255, width=round(pen * fine))
            for x, y in line:
                radius = pen * fine / 2
                hand.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return np.asarray(drawing.reduce(fine), np.float64)

    offset = np.array([13.5, 13.5])
    return draw(offset + 14 - centre_of_mass(draw(offset)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    slow_except(
        {"relu and softmax", "tanh and inputs from -1 to 1", "convolution and pooling"}, NETWORKS
    ),
)
def test_the_page_answers_as_nntrain_does(
    name: str, models: dict[str, Predictor], open_board: OpenBoard
) -> None:
    drawn = open_board(models[name])
    drawn.draw(STROKES["2"])
    probabilities = drawn.probabilities
    assert_allclose(probabilities, answers(models[name], drawn.pixels), rtol=0, atol=1e-5)
    assert probabilities.max() > 0.11  # it does say something


# The subnormal numbers of float16 are the multiples of 2⁻²⁴ below 2⁻¹⁴.
@pytest.mark.parametrize("unit", [2.0**-24, 31.0, *slow(2.0**-14, 1.0)])
def test_halved_parameters_are_those_of_float16(
    unit: float, changeable: Predictor, open_board: OpenBoard
) -> None:
    outputs = unit * np.array([1, 2, 3, 64, 1023, 1024, 1025, 2047, 2048, -5])
    changeable.network.parameters[...] = 0
    changeable.network.layers[-1].biases[...] = outputs
    rounded = outputs.astype(np.float16)
    drawn = open_board(changeable, halved=True)
    changeable.network.layers[-1].biases[...] = rounded
    drawn.draw([DOT])
    assert_allclose(drawn.probabilities, answers(changeable, drawn.pixels), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "outputs", [np.arange(-5.0, 5.0), *slow(np.zeros(10), -np.arange(1.0, 11.0))]
)
def test_outputs_that_are_no_probabilities_become_some(
    outputs: NDArray[np.float64], changeable: Predictor, open_board: OpenBoard
) -> None:
    changeable.network.parameters[...] = 0
    changeable.network.layers[-1].biases[...] = outputs
    drawn = open_board(changeable)
    drawn.draw([DOT])
    assert_allclose(drawn.probabilities, answers(changeable, drawn.pixels), rtol=0, atol=1e-5)


def test_pictures_are_framed_as_mnist_s_are(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    for digit, strokes in STROKES.items():
        drawn.clear()
        drawn.draw(strokes)
        pixels = drawn.pixels
        assert 19 <= longer_side(pixels) <= 20, digit
        assert_allclose(centre_of_mass(pixels), 14, atol=0.1, err_msg=digit)

        expected = as_mnist_has_it(strokes)
        difference = np.abs(pixels - expected)
        assert difference.sum() < 0.1 * expected.sum(), digit
        assert difference.max() < 100, digit


@pytest.mark.parametrize(
    ("size", "right", "down"), [(0.3, 65, 5), *slow((1.3, -15, -14), (0.6, 0, 35))]
)
def test_it_does_not_matter_how_large_or_where_a_digit_is_drawn(
    size: float, right: float, down: float, model: Predictor, open_board: OpenBoard
) -> None:
    drawn = open_board(model)
    drawn.draw(STROKES["4"])
    before = drawn.pixels.astype(float)
    drawn.clear()
    drawn.draw([[(size * x + right, size * y + down) for x, y in s] for s in STROKES["4"]])
    assert np.abs(drawn.pixels - before).mean() < 3


def test_the_hand_may_leave_the_paper_while_it_draws(
    model: Predictor, open_board: OpenBoard
) -> None:
    drawn = open_board(model)
    drawn.draw([[(50, 50), (150, 50), (50, 60)]])
    assert 19 <= longer_side(drawn.pixels) <= 20
    pixels = drawn.pixels
    drawn.page.mouse.move(*drawn.place((30, 30)))
    assert (drawn.pixels == pixels).all()


@pytest.mark.parametrize("digit", ["7", *slow("0", "1")])
def test_a_network_trained_on_demo_digits_reads_what_is_drawn(
    digit: str, model: Predictor, open_board: OpenBoard
) -> None:
    drawn = open_board(model)
    drawn.draw(STROKES[digit])
    assert drawn.status.startswith(f"{digit}, ")


def test_the_answer_is_told_in_words(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    assert drawn.status == "Draw a digit."
    drawn.draw(STROKES["4"])
    second, first = np.argsort(drawn.probabilities)[-2:]
    shares = [f"{100 * share:.1f} %" for share in drawn.probabilities]
    assert drawn.status == f"{first}, {shares[first]}; next {second}, {shares[second]}"
    row = drawn.page.get_by_role("row").filter(has=drawn.page.locator(".board-bar")).nth(first)
    assert re.fullmatch(rf"{first}\s+{shares[first]}", row.inner_text().replace("\u00a0", " "))


def test_a_digit_of_0_percent_has_no_bar(changeable: Predictor, open_board: OpenBoard) -> None:
    changeable.network.parameters[...] = 0
    changeable.network.layers[-1].biases[...] = [0.99, 0.00049, 0.0006, 0.006, *[0.00291 / 6] * 6]
    drawn = open_board(changeable)
    drawn.draw([DOT])
    bars = drawn.page.locator(".board-bar span")
    widths = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    told = drawn.page.locator(".board data").all_inner_texts()
    assert [width > 0 for width in widths] == [text != "0.0\u00a0%" for text in told]
    assert [width > 0 for width in widths] == [True, False, True, True] + [False] * 6


def test_a_finger_draws_what_the_mouse_draws(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    drawn.draw(STROKES["7"])
    by_mouse = drawn.pixels
    drawn.clear()
    drawn.touch(STROKES["7"][0])
    assert np.abs(drawn.pixels - by_mouse.astype(float)).max() < 3
    assert drawn.page.evaluate("scrollY") == 0
    assert_allclose(drawn.probabilities, answers(model, drawn.pixels), rtol=0, atol=1e-5)


def test_the_keyboard_draws(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    drawn.press(*["ArrowUp"] * 8, *["ArrowLeft"] * 4)
    assert not drawn.pixels.any()
    drawn.press("Space")
    assert drawn.status == "The pen is down."
    drawn.press(*["ArrowRight"] * 8, *["End"] * 6, *["ArrowDown"] * 10, "Enter")
    by_keys = drawn.pixels
    assert re.match(r"\d, \d+\.\d %", drawn.status)
    drawn.press("Shift+ArrowLeft")  # up again, so it leaves nothing behind
    assert (drawn.pixels == by_keys).all()
    drawn.press("Escape")
    assert not drawn.pixels.any()
    corner: Points = [(36, 21), (64, 21), (43, 43), (43, 79)]
    drawn.draw([corner])
    assert np.abs(drawn.pixels - by_keys.astype(float)).mean() < 3


def test_strokes_are_taken_back_one_by_one(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    drawn.draw(STROKES["4"][:1])
    pixels, status = drawn.pixels, drawn.status
    drawn.draw(STROKES["4"][1:])
    assert (drawn.pixels != pixels).any()
    drawn.page.get_by_role("button", name="Undo last stroke").click()
    assert (drawn.pixels == pixels).all()
    assert drawn.status == status
    drawn.press("Control+z")
    assert not drawn.pixels.any()
    assert drawn.status == "Draw a digit."
    drawn.press("Control+z")
    drawn.draw(STROKES["4"][:1])
    assert (drawn.pixels == pixels).all()


def test_clear_leaves_an_empty_paper(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    empty = drawn.drawing
    drawn.draw(STROKES["4"])
    assert drawn.drawing != empty
    drawn.page.get_by_role("button", name="Clear").click()
    assert drawn.drawing == empty
    assert drawn.status == "Draw a digit."
    assert drawn.page.locator(".board data").all_inner_texts() == ["–"] * 10


def test_a_stroke_may_be_cleared_away_while_it_is_drawn(
    model: Predictor, open_board: OpenBoard
) -> None:
    drawn = open_board(model)
    drawn.page.mouse.move(*drawn.place((30, 30)))
    drawn.page.mouse.down()
    drawn.page.mouse.move(*drawn.place((60, 30)))
    drawn.clear()
    drawn.page.mouse.move(*drawn.place((60, 60)))
    drawn.page.mouse.up()
    assert not drawn.pixels.any()


def test_a_dot_is_a_drawing_too(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    drawn.draw([DOT])
    assert_allclose(centre_of_mass(drawn.pixels), 14, atol=0.1)
    assert_allclose(drawn.probabilities, answers(model, drawn.pixels), rtol=0, atol=1e-5)


def test_every_neuron_of_every_layer_is_shown(
    models: dict[str, Predictor], open_board: OpenBoard
) -> None:
    model = models["dropout"]
    drawn = open_board(model)
    drawn.draw(STROKES["2"])
    one = drawn.pixels.reshape(1, -1).astype(np.float32) * np.float32(model.scale.slope)
    trace = model.network.forward(one)
    strips = drawn.page.evaluate(
        """Array.from(document.querySelectorAll(".board-layer canvas"), (canvas) =>
            Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)
        )"""
    )
    for strip, (x,) in zip(strips, trace[1:], strict=True):
        colours = np.array(strip).reshape(-1, 4)[: len(x)]
        assert_allclose(colours[:, 3] / 255, np.abs(x) / np.abs(x).max(), atol=0.01)
        strong = np.abs(x) > 0.2 * np.abs(x).max()
        is_warm = colours[:, 0] > colours[:, 2]
        assert (is_warm == (x < 0))[strong].all()


def test_feature_maps_are_shown_side_by_side(
    models: dict[str, Predictor], open_board: OpenBoard
) -> None:
    model = models["convolution and pooling"]
    drawn = open_board(model)
    drawn.draw(STROKES["2"])
    one = drawn.pixels.reshape(1, -1).astype(np.float32) * np.float32(model.scale.slope)
    maps = model.network.forward(one)[1][0]
    alphas = drawn.page.evaluate(
        """(() => {
            const canvas = document.querySelector(".board-layer canvas");
            const {width, height} = canvas;
            const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [width, Array.from(data).filter((_, at) => at % 4 === 3)];
        })()"""
    )
    strip = np.array(alphas[1]).reshape(-1, alphas[0])
    expected = np.concatenate(
        [np.pad(maps, [(0, 0), (0, 1), (0, 0)])[:, :, i] for i in range(3)], 1
    )
    assert_allclose(strip / 255, expected[:, :-1] / maps.max(), atol=0.01)
    captions = drawn.page.locator(".board-layer figcaption").all_inner_texts()
    told = [caption.replace("\n", " ").split(", ")[:2] for caption in captions]
    assert told == [
        ["x1: 3 maps of 24×24", "relu"],
        ["x2: 3 maps of 12×12", "max-pooling"],
        ["x3: 5 maps of 6×6", "tanh"],
        ["x4: 5 maps of 4×4", "mean-pooling"],
        ["x5: 10 neurons", "softmax"],
    ]
    drawn.page.set_viewport_size({"width": 360, "height": 740})
    assert drawn.page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_need_not_scroll_sideways(
    scheme: Any, model: Predictor, open_board: OpenBoard
) -> None:
    drawn = open_board(model)
    drawn.page.emulate_media(color_scheme=scheme)
    drawn.page.set_viewport_size({"width": 360, "height": 740})
    drawn.draw(STROKES["7"])
    assert drawn.page.evaluate("document.documentElement.scrollWidth") == 360
    ink, paper = drawn.page.evaluate(
        """(() => {
            const canvas = document.querySelector("#board-paper");
            const {data} = canvas.getContext("2d").getImageData(280, 101, 1, 1);
            return [data[0], getComputedStyle(canvas).backgroundColor.match(/\\d+/)[0]];
        })()"""
    )
    assert (ink < 60) == (int(paper) > 200) == (scheme == "light")


def test_the_page_s_own_colours_are_taken(model: Predictor, open_board: OpenBoard) -> None:
    drawn = open_board(model)
    bar = drawn.page.locator(".board-bar span").first
    assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(1, 2, 3)"


@pytest.mark.slow
def test_nothing_is_left_among_the_page_s_globals(
    model: Predictor, open_board: OpenBoard, tmp_path: Path
) -> None:
    names = "Object.getOwnPropertyNames(window)"
    drawn = open_board(model)
    with_board = drawn.page.evaluate(names)
    bare = tmp_path / "bare.html"
    bare.write_text("<!doctype html>")
    page = drawn.page.context.new_page()
    page.goto(bare.as_uri())
    assert set(with_board) == set(page.evaluate(names))
    page.close()


def test_pictures_of_another_size_and_fewer_classes_are_drawn_too(
    tmp_path: Path, open_board: OpenBoard
) -> None:
    digits, labels = demo_digits(300)
    small = digits.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).astype(np.uint8).reshape(-1, 196)
    few = labels < 3
    text = "network: [{dense: 3, activation: softmax}]\nloss: cross_entropy"
    model = train(tmp_path / "run", text, small[few], labels[few])
    drawn = open_board(model)
    drawn.draw(STROKES["1"])
    assert drawn.pixels.shape == (14, 14)
    assert longer_side(drawn.pixels) <= 10
    assert_allclose(centre_of_mass(drawn.pixels), 7, atol=0.1)
    assert_allclose(drawn.probabilities, answers(model, drawn.pixels), rtol=0, atol=1e-5)


def test_there_is_no_board_for_pictures_that_are_not_square(tmp_path: Path) -> None:
    pixels = np.arange(40 * 12, dtype=np.uint8).reshape(40, 12)
    text = "network: [{dense: 2, activation: softmax}]\nloss: cross_entropy"
    model = train(tmp_path / "run", text, pixels, np.arange(40, dtype=np.uint8) % 2)
    sentence = "the network&#39;s 12 inputs are not a square image to draw in"
    assert board([model]) == f"<p>No drawing board here: {sentence}.</p>"


def test_there_is_no_board_for_a_network_too_large_for_a_page(model: Predictor) -> None:
    text = "50,890 parameters would add 0.3 MB to this page, and no more than 0.2"
    assert text in board([model], largest=0.2)
    assert "<canvas" in board([model], largest=0.3)
    assert "<canvas" in board([model], largest=0.2, halved=True)


def test_there_is_no_board_for_a_network_too_slow_for_a_page(
    models: dict[str, Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models["convolution and pooling"]
    # 24² windows of 5² · 3, 6² of 3² · 3 · 5, and 80 · 10 weights
    products = 43_200 + 4_860 + 800
    monkeypatch.setattr(board_module, "MOST_PRODUCTS", products - 1)
    assert "the network&#39;s 48,860 multiplications a picture would take" in board([model])
    monkeypatch.setattr(board_module, "MOST_PRODUCTS", products)
    assert "<canvas" in board([model])


@pytest.mark.parametrize("image", ["[16, 49]", "[14, 14, 4]"])
def test_there_is_no_board_for_pictures_in_colour_or_of_another_shape(
    tmp_path: Path, image: str
) -> None:
    text = f"""
        data: {{image: {image}}}
        network: [{{conv: 2, kernel: 3, activation: relu}}, {{dense: 10, activation: softmax}}]
        loss: cross_entropy
        """
    model = train(tmp_path / "run", text, *demo_digits(100))
    shape = image.strip("[]").replace(", ", "×")
    assert f"pictures of {shape} are not square grey ones to draw in" in board([model])


def test_several_networks_vote(models: dict[str, Predictor], open_board: OpenBoard) -> None:
    voters = [models[name] for name in list(NETWORKS)[:3]]
    drawn = open_board(*voters)
    drawn.draw(STROKES["2"])
    mean = np.mean([answers(model, drawn.pixels) for model in voters], axis=0)
    assert_allclose(drawn.probabilities, mean, rtol=0, atol=2e-3)  # of float16
    alone = answers(voters[0], drawn.pixels)
    assert np.abs(alone - mean).max() > 0.01
