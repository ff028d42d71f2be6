"""A run on demo digits, its report, and a browser to open it with."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from tests.report.lesson import Lesson
from tests.support.cli import succeed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUICK = Path(__file__).parents[2] / "configs/quick.yaml"


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of 784-300-100-10 on demo digits, one epoch each, and labelled rows beside them."""
    folder = tmp_path_factory.mktemp("demo")
    pixels, labels = demo_digits(900, seed=0)
    write_csv(folder / "train.csv", pixels[:800], labels[:800])
    write_csv(folder / "test_labelled.csv", pixels[800:], labels[800:])
    for seed in ("0", "1"):
        settings = {
            "training.epochs": "1",
            "data.train": str(folder / "train.csv"),
            "data.validation": "0.5",
            "data.split_seed": "0",
            "seed": seed,
        }
        options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        succeed("fit", str(QUICK), *options, "--run", str(folder / f"run-{seed}"))
    return folder


@pytest.fixture(scope="session")
def demo_report(demo_folder: Path) -> Path:
    """The report of one of them."""
    succeed("report", str(demo_folder / "run-0"))
    return demo_folder / "run-0/report.html"


@pytest.fixture(scope="session")
def lesson_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson on the lecture's network."""
    file = tmp_path_factory.mktemp("lesson") / "lesson.html"
    succeed("lesson", "--out", str(file))
    return file


@pytest.fixture(scope="session")
def opened_lesson(browser: "Browser", lesson_page: Path) -> Iterator[Lesson]:
    """The lesson; nothing moves by itself, and at the end nothing may have gone wrong."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    opened = Lesson(context, lesson_page)
    yield opened
    context.close()
    assert opened.trouble() == []


@pytest.fixture
def lesson(opened_lesson: Lesson) -> Lesson:
    """The lesson with the numbers that it opens with."""
    opened_lesson.reset()
    return opened_lesson
