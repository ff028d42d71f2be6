"""The losses in the table of docs/optimizers.md."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import load_config
from nntrain.config.build import build_optimizer, initial_network
from tests.support.cli import succeed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/optimizers.md").read_text("utf-8")
CONFIG = "configs/lecture-3-4-2.yaml"
BASE = f"nntrain fit {CONFIG} --set training.batch_size=8"
ROWS = {
    name: (settings, loss)
    for name, settings, loss in re.findall(
        r"^\| (\w+(?:,? [\w =]+)?) \| (?:`(.*)`)? ?\| (0\.\d+) \|$", PAGE, re.M
    )
}
RANDOM = "momentum and dropout"  # its masks are those of a real training only


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", [name for name in ROWS if name != RANDOM])
def test_forty_steps_end_at_the_loss_of_the_table(name: str) -> None:
    settings, loss = ROWS[name]
    config = load_config(Path(CONFIG), shlex.split(settings.replace("--set", "")))
    network = initial_network(config, 3)
    optimizer = build_optimizer(config, network)
    rows = np.loadtxt(config.data.train, delimiter=",", skiprows=1)
    x, y = rows[:, 1:] / 255, np.eye(2)[rows[:, 0].astype(int)]
    for _ in range(39):  # the loss of epoch 40 is that before its step
        gradient = network.gradient(network.forward(x), y)
        optimizer.step(network.parameters, gradient, config.training.optimizer.learning_rate)
    assert f"{network.loss.value(network.predict(x), y):.4f}" == loss


@pytest.mark.parametrize("name", ["Adam", RANDOM])
def test_a_command_prints_the_loss_of_the_table(name: str, tmp_path: Path) -> None:
    settings, loss = ROWS[name]
    command = shlex.split(f"{BASE} {settings}")[1:]
    printed = succeed(*command, "--run", str(tmp_path / "run")).output
    assert re.findall(r"^epoch 40/40 .* loss (0\.\d+),", printed, re.M) == [loss]


def test_every_command_to_try_is_in_the_table() -> None:
    tried = re.findall(r"^    (nntrain .*)$", PAGE, re.M)
    assert len(tried) == 5
    assert set(tried) <= {f"{BASE} {settings}" for settings, _ in ROWS.values()}
    assert len(ROWS) == 7
