"""The report as people ask for it, read as a parsed page."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nntrain.config import load_config
from nntrain.data.kaggle import write_csv
from nntrain.report import board, charts
from nntrain.training import checkpoint
from nntrain.training.inference import Predictor
from nntrain.training.progress import EpochRecord
from nntrain.training.run import RunFolder
from tests.report.document import Element, read
from tests.support.cli import refuse, succeed
from tests.support.tiny import TINY, stripes
from tests.support.training import Interrupting, start_run
from tests.support.variants import slow

if TYPE_CHECKING:
    from playwright.sync_api import Page


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def shown(cards: Element) -> list[tuple[int, int, float]]:
    """Truth, answer and confidence of each picture in a gallery."""
    found = []
    for card in cards.all("li", "card"):
        match = re.match(r"(\d)(?: → (\d))? (\d+\.\d\d)%", card.text)
        assert match, card.text
        found.append((int(match[1]), int(match[2] or match[1]), float(match[3])))
    return found


def test_the_numbers_are_those_of_evaluate(demo_folder: Path, demo_report: Path) -> None:
    evaluation = json.loads(succeed("evaluate", str(demo_folder / "run-0"), "--json").stdout)
    root = read(demo_report)
    assert root.section("result").text.startswith(
        f"{evaluation['accuracy']:.2%} of {evaluation['rows']:,} validation rows right"
    )
    (matrix,) = root.all("table", "confusion")
    assert [[int(cell) for cell in cells[1:]] for cells in matrix.rows()] == evaluation["confusion"]
    assert root.section("digits").rows() == [
        [str(row["digit"]), str(row["rows"]), percent(row["precision"]), percent(row["recall"])]
        for row in evaluation["digits"]
    ]
    assert f"loss {evaluation['loss']:.4f} (cross_entropy)" in root.section("digits").text


@pytest.mark.usefixtures("undrawn")
def test_the_sixty_surest_mistakes_are_shown_the_worst_first(
    demo_folder: Path, tmp_path: Path
) -> None:
    run, data = str(demo_folder / "run-0"), demo_folder / "test_labelled.csv"
    labelled = pd.read_csv(data)
    labelled.drop(columns="label").to_csv(tmp_path / "test.csv", index=False)
    shares = tmp_path / "p.csv"
    succeed(
        "predict",
        run,
        "--test",
        str(tmp_path / "test.csv"),
        "--probabilities",
        "--out",
        str(shares),
    )
    table = pd.read_csv(shares)[[str(digit) for digit in range(10)]].to_numpy()
    wrong = [
        (int(truth), int(row.argmax()), float(f"{100 * row.max():.2f}"))
        for truth, row in zip(labelled["label"], table, strict=True)
        if row.argmax() != truth
    ]
    wrong.sort(key=lambda mistake: -mistake[2])

    root = report_of(run, tmp_path, "--data", str(data))
    found = shown(root.section("mistakes"))
    assert f"of 100 rows of {data} right" in root.section("result").text
    assert len(found) == min(60, len(wrong))
    np.testing.assert_allclose(
        [mistake[2] for mistake in found], [mistake[2] for mistake in wrong[:60]], atol=0.011
    )
    assert sorted(found)[:5] == sorted(wrong[: len(found)])[:5]


def report_of(run: str, folder: Path, *arguments: str) -> Element:
    out = folder / "report.html"
    succeed("report", run, *arguments, "--out", str(out))
    return read(out)


def test_of_many_mistakes_sixty_are_shown(demo_report: Path) -> None:
    section = read(demo_report).section("mistakes")
    total = re.search(r"60 of the (\d+) mistakes", section.text)
    assert total
    assert int(total[1]) > 60
    mistakes = shown(section)
    assert len(mistakes) == 60
    assert [sure for *_, sure in mistakes] == sorted((sure for *_, sure in mistakes), reverse=True)
    assert all(truth != answer for truth, answer, _ in mistakes)
    right = shown(read(demo_report).section("sure"))
    assert all(truth == answer for truth, answer, _ in right)


def test_the_file_needs_nothing_beside_it_and_is_small(demo_report: Path) -> None:
    assert demo_report.stat().st_size < 3_000_000
    root = read(demo_report)
    for element in root.everything():
        for name in ("src", "href", "xlink:href", "data", "action", "srcset"):
            assert element.attributes.get(name, "#").startswith(("#", "data:image/png;base64,"))
    assert not root.all("link")
    assert all(not script.attributes.get("src") for script in root.all("script"))
    assert not re.search(r"url\((?!#)|@import|https?:", demo_report.read_text("utf-8"))
    (policy,) = [
        meta.attributes["content"]
        for meta in root.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")


def test_every_part_has_a_heading_and_every_picture_a_text(demo_report: Path) -> None:
    root = read(demo_report)
    assert len(root.all("h1")) == 1
    names = [section.attributes["id"] for section in root.all("section")]
    assert names == [
        "curves",
        "confusion",
        "mistakes",
        "board",
        "sure",
        "calibration",
        "weights",
        "layers",
        "configuration",
        "circumstances",
    ]
    assert all(len(section.all("h2")) == 1 for section in root.all("section"))
    assert all(image.attributes["alt"] for image in root.all("img"))
    assert len(root.all("svg")) == 6
    plots = root.all("div", "plot")
    assert [plot.attributes["role"] for plot in plots] == ["img"] * 6
    labels = [plot.attributes["aria-label"] for plot in plots]
    assert all(label.endswith(".") for label in labels)
    assert [label.partition(", ")[0] for label in labels if "by epoch" in label] == [
        *("Loss", "Accuracy", "Learning rate"),
        *("Saturated outputs", "Size of the gradient"),
    ]
    links = [link.attributes["href"].removeprefix("#") for link in root.all("a")]
    assert set(links) <= set(names)
    identities = [one.attributes["id"] for one in root.everything() if "id" in one.attributes]
    assert len(identities) == len(set(identities))


def test_weights_layers_configuration_and_circumstances(
    demo_folder: Path, demo_report: Path
) -> None:
    root = read(demo_report)
    neurons = root.section("weights").all("img")
    assert len(neurons) == 100
    first = Predictor(RunFolder(demo_folder / "run-0")).network.layers[0].weights
    strongest = int(np.argmax(np.linalg.norm(first, axis=1)))
    assert neurons[0].attributes["title"] == f"neuron {strongest}"
    assert "layer 3 from" in root.section("layers").all("div", "plot")[1].attributes["aria-label"]
    (shown_yaml,) = root.section("configuration").all("code")
    written = (demo_folder / "run-0/config.yaml").read_text()
    assert shown_yaml.text == " ".join(written.split())
    circumstances = root.section("circumstances").text
    assert f"trained on {checkpoint.machine()}" in circumstances
    for name, version in checkpoint.versions().items():
        assert f"{name} {version}" in circumstances


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (360, "dark"), *slow((1280, "dark"), (360, "light"))]
)
def test_a_browser_shows_it_from_the_disk_without_scrolling_sideways(
    page: "Page", demo_report: Path, width: int, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(demo_report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(image => image.naturalWidth === 28)")
    # What is written on a card differs clearly from the card, also within charts.
    for place in ("body", ".plot text", ".confusion td", ".card p"):
        colours = page.evaluate(
            """place => {
                let found = document.querySelector(place);
                const of = name => getComputedStyle(found)[name];
                const ink = found.closest('svg') ? of('fill') : of('color');
                found = document.documentElement;
                return [ink, of('backgroundColor')];
            }""",
            place,
        )
        ink, paper = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert (ink > paper + 300) if scheme == "dark" else (ink < paper - 300)


def test_a_browser_shows_several_runs_on_a_phone(
    page: "Page", demo_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "several.html"
    runs = [str(demo_folder / f"run-{seed}") for seed in (0, 1)]
    succeed("report", *runs, "--out", str(out))
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(out.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.usefixtures("undrawn")
def test_without_a_run_the_newest_finished_one_is_reported_into_its_folder_again_and_again(
    folder: Path,
) -> None:
    succeed("fit", "tiny.yaml")
    succeed("fit", "tiny.yaml")
    result = succeed("report")
    assert result.stdout == (
        "runs/tiny-2/report.html: the report of runs/tiny-2; open it in a browser\n"
    )
    assert not Path("runs/tiny/report.html").exists()
    Path("runs/tiny-2/report.html").write_bytes(
        Path("runs/tiny-2/report.html").read_bytes() + b"old"
    )
    assert "replaced" not in result.stderr
    result = succeed("report", "runs/tiny-2")
    assert result.stderr.endswith("(replaced the earlier report runs/tiny-2/report.html)\n")
    assert not Path("runs/tiny-2/report.html").read_bytes().endswith(b"old")
    succeed("predict")  # a report in the folder disturbs nobody
    assert succeed("runs").stdout.count("finished") == 2


def test_what_is_no_report_is_never_replaced(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    Path("notes.html").write_text("<!DOCTYPE html><title>my notes</title>")
    line = refuse(2, "report", "--out", "notes.html")
    assert line == "notes.html: is no report; name another file with --out or remove it"
    assert "my notes" in Path("notes.html").read_text()
    assert "is a directory" in refuse(1, "report", "--out", "data")
    assert "cannot be written" in refuse(1, "report", "--out", "nowhere/r.html")
    assert refuse(2, "report", "--label-column", "x").startswith("--label-column names a column")
    assert "no such file" in refuse(1, "report", "--data", "none.csv", "--out", "new.html")
    assert not Path("new.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_runs_are_compared_by_what_differs(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1", "--run", "runs/short")
    succeed(
        "fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=0.03", "--run", "runs/long"
    )
    result = succeed("report", "runs/short", "runs/long")
    assert result.stdout.startswith("runs-report.html: the report of runs/short, runs/long;")
    root = read(Path("runs-report.html"))
    table = root.section("runs")
    assert [head.text for head in table.all("thead")[0].all("th")][-2:] == [
        "training.epochs",
        "training.optimizer.learning_rate",
    ]
    accuracies = []
    for row, run, settings in zip(
        table.rows(), ("runs/short", "runs/long"), (["1", "0.02"], ["4", "0.03"]), strict=True
    ):
        evaluation = json.loads(succeed("evaluate", run, "--json").stdout)
        assert row[1:3] == [run, percent(evaluation["accuracy"])]
        assert row[-2:] == settings
        accuracies.append(evaluation["accuracy"])
    together = json.loads(succeed("evaluate", "runs/short", "runs/long", "--json").stdout)
    assert root.section("result").text == (
        f"{together['accuracy']:.2%} of 50 validation rows right, by the vote of 2 networks; "
        f"{max(accuracies):.2%} by the best of them alone"
    )


@pytest.mark.usefixtures("undrawn")
def test_what_runs_disagree_on_is_shown_with_each_answer(folder: Path) -> None:
    rate = "training.optimizer.learning_rate=1e-9"
    for seed in ("0", "1", "2"):
        succeed("fit", "tiny.yaml", "--set", f"seed={seed}", "--set", rate, "--run", f"runs/{seed}")
    runs = ["runs/0", "runs/1", "runs/2"]
    answers = []
    for run in runs:
        succeed("predict", run)
        answers.append(pd.read_csv("submission.csv")["Label"].tolist())
    truth = stripes(260)[1][200:].tolist()
    expected = [
        (
            digit,
            {answer: [n for n, own in enumerate(given, 1) if own == answer] for answer in given},
        )
        for digit, *given in zip(truth, *answers, strict=True)
        if len(set(given)) > 1
    ]
    succeed("report", *runs, "--data", "data/test_labelled.csv")
    cards = read(Path("runs-report.html")).section("disagreements").all("li", "card")
    found = []
    for card in cards:
        (votes,) = card.all("ul", "votes")
        found.append(
            (
                int(card.text[0]),
                {
                    int(line.text[0]): [int(n) for n in line.text[5:].split(", ")]
                    for line in votes.all("li")
                },
            )
        )
    assert len(found) > 3
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.usefixtures("undrawn")
def test_a_committee_is_reported_as_its_members(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "members=3")
    assert succeed("report").stdout.startswith("runs/tiny/report.html: the report of runs/tiny;")
    root = read(Path("runs/tiny/report.html"))
    assert [row[1] for row in root.section("runs").rows()] == [
        f"runs/tiny/member-{number}" for number in (1, 2, 3)
    ]
    accuracy = json.loads(succeed("evaluate", "runs/tiny", "--json").stdout)["accuracy"]
    assert root.section("result").text.startswith(f"{accuracy:.2%} of 50 validation rows right")


@pytest.mark.usefixtures("undrawn")
def test_without_rows_to_judge_by_the_rest_is_shown(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "data.validation=0")
    result = succeed("report")
    assert result.stderr.splitlines()[-1] == (
        "runs/tiny: held no rows out; name a CSV with --data; the report does without answers"
    )
    root = read(Path("runs/tiny/report.html"))
    names = [section.attributes["id"] for section in root.all("section")]
    assert names == [
        "lack",
        "curves",
        "board",
        "weights",
        "layers",
        "configuration",
        "circumstances",
    ]
    assert "no confusion matrix" in root.section("lack").text
    assert "of the training rows right in epoch" in root.section("result").text
    label = root.section("curves").all("div", "plot")[0].attributes["aria-label"]
    assert "validation" not in label
    succeed("report", "--data", "data/test_labelled.csv")
    assert read(Path("runs/tiny/report.html")).section("confusion")


@pytest.mark.usefixtures("undrawn")
def test_files_that_are_gone_cost_only_what_is_drawn_from_them(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    for gone in ("data/train.csv", "runs/tiny/layers.csv", "runs/tiny/metrics.csv"):
        Path(gone).unlink()
    assert "data/train.csv: " in succeed("report", "runs/tiny").stderr
    root = read(Path("runs/tiny/report.html"))
    assert "data/train.csv: " in root.section("lack").text
    assert "no metrics.csv" in root.section("curves").text
    assert "no layers.csv" in root.section("layers").text
    assert "of the validation rows right after epoch" in root.section("result").text


@pytest.mark.usefixtures("undrawn")
def test_pictures_that_are_no_square_are_left_out_with_a_sentence(folder: Path) -> None:
    pixels, labels = stripes(200)
    write_csv("data/train.csv", pixels[:, :15], labels)
    succeed("fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=1e-9")
    succeed("report")
    root = read(Path("runs/tiny/report.html"))
    assert (
        "The network's 15 inputs are not a square image to draw in, so there is no drawing board, "
        "nor pictures of weights."
    ) in root.section("lack").text
    assert root.text.count("not a square image") == 1
    assert not [each for each in root.all("section") if each.attributes["id"] == "board"]
    assert root.all("img") == []
    assert len(shown(root.section("mistakes"))) > 3


CONVOLUTION = (
    "network=[{mean_pool: 2, stride: 1}, {conv: 20, kernel: 2, activation: relu}, "
    "{max_pool: 2}, {dense: 3, activation: softmax}]"
)


@pytest.mark.usefixtures("undrawn")
def test_filters_and_feature_maps_are_shown(folder: Path, page: "Page") -> None:
    succeed("fit", "tiny.yaml", "--set", CONVOLUTION)
    succeed("report")
    root = read(Path("runs/tiny/report.html"))
    assert "4×4×1-3×3×1-2×2×20-1×1×20-3, 163 parameters" in root.text
    filters = root.section("weights").all("img")
    weights = Predictor(RunFolder(Path("runs/tiny"))).network.layers[1].weights
    strongest = int(np.argmax(np.linalg.norm(weights.reshape(20, -1), axis=1)))
    assert len(filters) == 20
    assert filters[0].attributes["title"] == f"filter {strongest}"
    assert "a filter of the first convolution" in root.section("weights").text
    maps = root.section("maps")
    assert [title.text.replace(" ", "") for title in maps.all("h3")] == [
        *("x0:4×4×1", "x1:3×3×1", "x2:2×2×20", "x3:1×1×20"),
    ]
    assert [len(row.all("img")) for row in maps.all("ul")] == [1, 1, 16, 16]
    # Pools are neither saturated nor have a gradient.
    (saturation, _) = root.section("layers").all("div", "plot")
    label = saturation.attributes["aria-label"]
    assert re.findall(r"layer (\d) from", label) == ["2", "4"]

    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(Path("runs/tiny/report.html").absolute().as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sides = "[...document.querySelectorAll('{} img')].map(image => image.naturalWidth)"
    assert page.evaluate(sides.format("#weights")) == [2] * 20
    assert page.evaluate(sides.format("#maps")) == [4, 3] + [2] * 16 + [1] * 16


@pytest.mark.usefixtures("undrawn")
def test_a_network_of_pools_and_one_dense_layer_shows_a_picture_for_each_class(
    folder: Path,
) -> None:
    succeed("fit", "tiny.yaml", "--set", "network=[{max_pool: 2}, {dense: 3, activation: softmax}]")
    succeed("report")
    images = read(Path("runs/tiny/report.html")).section("weights").all("img")
    assert {image.attributes["title"] for image in images} == {"digit 0", "digit 1", "digit 2"}


@pytest.mark.usefixtures("undrawn")
def test_a_report_without_a_board_says_why_and_speaks_of_no_drawing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    monkeypatch.setattr(board, "LARGEST", 0.0001)
    succeed("report")
    text = read(Path("runs/tiny/report.html")).section("board").text
    assert re.fullmatch(
        r"Draw a digit No drawing board here: the network's \d+ parameters would add 0\.0 MB to "
        r"this page, and no more than 0\.0001 MB should\.",
        text,
    )


@pytest.mark.usefixtures("undrawn")
def test_losses_of_two_kinds_are_not_to_be_compared(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1", "--run", "runs/a")
    others = ["--set", "loss=squared_error", "--set", "data.validation=0"]
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1", *others, "--run", "runs/b")
    succeed("report", "runs/a", "runs/b")
    root = read(Path("runs-report.html"))
    warning = "did not learn to lower the same loss (cross_entropy, squared_error)"
    assert warning in root.section("curves").text
    assert root.section("result").text == "2 networks and no rows to judge their vote by"


@pytest.mark.usefixtures("undrawn")
def test_names_are_text_and_nothing_else(folder: Path) -> None:
    nasty = "<b>&\"'$x$</script><img src=x onerror=alert(1)>"
    pixels, labels = stripes(200)
    write_csv("rows.csv", pixels, labels)
    data = Path(nasty.replace("/", "∕"))
    Path("rows.csv").rename(data)
    Path("tiny.yaml").write_text(TINY.replace("data/train.csv", json.dumps(str(data))))
    for name in ("_<b>", "<script>"):
        succeed("fit", "tiny.yaml", "--run", f"runs/{name}")
        with Path(f"runs/{name}/config.yaml").open("a") as config:
            config.write("# </script></style><b>\n")
    succeed("report", "runs/_<b>")
    succeed("report", "runs/_<b>", "runs/<script>")
    for path in (Path("runs/_<b>/report.html"), Path("runs-report.html")):
        root = read(path)
        assert len(root.all("script")) == 2  # the board's
        assert all(image.attributes["src"].startswith("data:") for image in root.all("img"))
        assert "runs/_<b>" in root.all("h1")[0].text
        assert str(data) in root.section("configuration").text


@pytest.mark.parametrize("module", ["matplotlib", "jinja2"])
def test_a_missing_library_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    succeed("fit", "tiny.yaml")
    for name in [name for name in sys.modules if name.startswith("nntrain.report.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert refuse(1, "report") == (
        f'reports need {module}, which is not installed; pip install "nntrain[report]"'
    )


def test_a_report_of_what_cannot_be_asked_is_refused(folder: Path) -> None:
    assert "no finished run in runs/" in refuse(1, "report")
    succeed("fit", "tiny.yaml")
    assert "named twice" in refuse(2, "report", "runs/tiny", "runs/tiny")
    Path("runs/tiny/best.npz").write_bytes(b"no checkpoint")
    assert "damaged" in refuse(1, "report")
    assert not Path("runs/tiny/report.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_damaged_metrics_cost_only_the_curves_of_their_run(folder: Path) -> None:
    for name in ("good", "damaged"):
        succeed("fit", "tiny.yaml", "--run", f"runs/{name}")
    Path("runs/damaged/metrics.csv").write_text("damaged")
    Path("runs/damaged/layers.csv").write_text("damaged")
    both = succeed("report", "runs/good", "runs/damaged")
    assert "warning: runs/damaged/metrics.csv: cannot be read: " in both.stderr
    alone = succeed("report", "runs/damaged")
    assert "warning: runs/damaged/layers.csv: cannot be read: " in alone.stderr
    root = read(Path("runs/damaged/report.html"))
    assert "no metrics.csv" in root.section("curves").text


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_run_is_shown_with_its_planned_epochs(folder: Path) -> None:
    start_run(load_config("tiny.yaml"), Path("runs/stopped"), Interrupting(25))
    succeed("report", "runs/stopped")
    page = Path("runs/stopped/report.html").read_text(encoding="utf-8")
    assert re.search(r"<dt>best epoch</dt><dd>[12] of 2 finished, of 4 planned</dd>", page)


@pytest.mark.usefixtures("undrawn")
def test_a_report_tells_which_run_is_better_as_compare_does(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=1e-9", "--run", "runs/a")
    succeed("fit", "tiny.yaml", "--run", "runs/b")
    succeed("report", "runs/a", "runs/b")
    root = read(Path("runs-report.html"))
    compared = succeed("compare", "runs/a", "runs/b").stdout.splitlines()
    (verdict,) = [line for line in compared if "is better than" in line]
    (pair,) = root.section("comparison").all("li")
    assert pair.text.startswith(verdict)
    for row, line in zip(root.section("runs").rows(), compared[1:3], strict=True):
        assert row[1:4] == line.split()[:3]


@pytest.mark.usefixtures("undrawn")
def test_the_folds_of_a_cross_validation_are_reported_on_all_rows(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--folds", "2", "--set", "training.epochs=1")
    succeed("report")
    root = read(Path("runs/tiny/report.html"))
    accuracy = json.loads(succeed("evaluate", "--json").stdout)["accuracy"]
    assert root.section("result").text == (
        f"{accuracy:.2%} of 200 held-out rows right, each by the network that was not trained on it"
    )
    assert [row[1] for row in root.section("runs").rows()] == [
        "runs/tiny/fold-1",
        "runs/tiny/fold-2",
    ]


def test_learning_rates_that_differ_by_tens_have_a_logarithmic_axis() -> None:
    def of(rate: float) -> list[EpochRecord]:
        return [EpochRecord(1, 0.1, rate, 0.5, 0.8, 0.6, 0.7)]

    texts = []
    for other in (0.001, 0.3):
        drawn = charts.learning_curves([("run 1", of(0.5)), ("run 2", of(other))])
        for chart in drawn:
            ticks = re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg)
            assert {"run 1", "run 2", "1"} <= set(ticks) and not {"0.96", "1.04"} & set(ticks)
        texts.append(str(drawn[-1].svg))
    # Powers of ten have their exponents in parts of their own.
    assert len(re.findall("<tspan", texts[0])) > 2 > len(re.findall("<tspan", texts[1]))
