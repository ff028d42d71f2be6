"""What a fuzzer feeds the command line with: argument lists over a folder of small files.

Whatever they are, the command ends within ten seconds, with status 0, 1 or 2, and says in one line
what is wrong. What may work for long (a training of a million epochs) is stopped as by Ctrl-C, and
must end then.
"""

import contextlib
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from unittest import mock
from urllib.error import URLError

import numpy as np
from click.testing import CliRunner, Result

from nntrain.cli import main
from nntrain.data.kaggle import write_csv
from nntrain.errors import NNTrainError, status_after

PATIENCE = 3  # seconds until Ctrl-C
TINY = """\
seed: 3
data: {train: train.csv, validation: 0.25, classes: 3, distortion: {rotation: 5}}
network:
  - {dense: 4, activation: sigmoid}
  - {dense: 3, activation: softmax}
loss: cross_entropy
training: {epochs: 2, batch_size: 16, optimizer: {name: adam, learning_rate: 0.02}}
"""
SWEEP = """\
config: tiny.yaml
space: {training.batch_size: {choice: [8, 16]}}
trials: 2
"""

# A piece of one byte stands for one of these, so that one changed bit gives another word.
WORDS = """
fit predict evaluate report export data config runs sweep inspect trace gradcheck grade doctor
demo mnist check preview init show schema tiny.yaml sweep.yaml broken.yaml train.csv test.csv
labelled.csv broken.csv empty.csv runs/tiny runs/broken runs/none missing.csv . - -- --help
--version --set --run --resume --threads --scheduler --data --label-column --json --distortions
--force --out --id-column --probabilities --competition nn5 digit-recognizer --train --test --seed
--mirror --layer --samples --epsilon --row --starter --seconds --memory mine.py new.py out.csv
out.npz out.html out.onnx --npz --parallel --best --report training.epochs=1 members=2
dtype=float64 data.train=labelled.csv data.validation=0 network[0].dense=2 training=null loss=x
network=[] 0 1 2 -1 1000000000000 0.5 nan label id a=b = --like --init out.py
""".split()  # noqa: SIM905  # far shorter so
_BETWEEN = b"\xff"  # two pieces
_REFUSED = re.compile(r"\.\.|/|~|(?<!\d)\d{5,11}(?!\d)|[eE]\+?\d{2}")  # leads out, or is just large


@cache
def template() -> Path:
    """The folder that each argument list gets a copy of."""
    folder = Path(mkdtemp(prefix="nntrain-fuzz-"))
    rng = np.random.default_rng(0)
    labels = (np.arange(60) % 3).astype(np.uint8)
    pixels = np.clip(80 * labels[:, None] + rng.integers(0, 60, (60, 16)), 0, 255).astype(np.uint8)
    write_csv(folder / "train.csv", pixels, labels)
    write_csv(folder / "test.csv", pixels[:9])
    write_csv(folder / "labelled.csv", pixels[:9], labels[:9])
    (folder / "broken.csv").write_text("label,a,b\n1,2\n")
    (folder / "empty.csv").touch()
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "sweep.yaml").write_text(SWEEP)
    (folder / "broken.yaml").write_text("network: [{dense: 3\n")
    (folder / "mine.py").write_text("import numpy as np\n\n\ndef sigmoid(z):\n    return z\n")
    with _inside(folder):
        _invoke(["fit", "tiny.yaml"])
        shutil.copytree("runs/tiny", "runs/broken")
        Path("runs/broken/metrics.csv").write_text("epoch\n")
        Path("runs/broken/best.npz").write_bytes(b"PK\x03\x04")
    return folder


def arguments(data: bytes) -> list[str] | None:
    """The argument list that bytes stand for; None for one that is not to be tried."""
    words = []
    for piece in data.split(_BETWEEN) if data else []:
        if len(piece) == 1 and piece[0] < len(WORDS):
            words.append(WORDS[piece[0]])
        else:
            words.append(os.fsdecode(piece))
            if "\0" in words[-1] or _REFUSED.search(words[-1]):
                return None
    return words


def encoded(line: str) -> bytes:
    """The bytes that stand for a command line."""
    return _BETWEEN.join(
        bytes([WORDS.index(word)]) if word in WORDS else word.encode() for word in line.split()
    )


def run(data: bytes) -> Result | None:
    """Run what bytes stand for, in a folder of its own."""
    words = arguments(data)
    if words is None:
        return None
    with TemporaryDirectory() as folder, _inside(Path(folder)), _without_network(), _ctrl_c():
        shutil.copytree(template(), folder, dirs_exist_ok=True)
        return _invoke(words)


def commands(data: bytes) -> None:
    """Any argument list ends as the module's docstring says."""
    result = run(data)
    if result is None:
        return
    words = arguments(data) or []
    assert "failed unexpectedly" not in result.stderr, (words, result.stderr)
    assert result.exit_code in (0, 1, 2, status_after(signal.SIGINT)), (words, result.exit_code)
    if "--debug" in words:
        return
    assert "Traceback" not in result.output, (words, result.output)
    lines = [line for line in result.stderr.split("\n") if line]
    assert all(line.isprintable() for line in lines), (words, lines)
    if result.exit_code in (1, 2) and not is_help(result.stderr):
        # A configuration's faults, and those of several files, have a line each.
        with_places = [re.match(r":?[^:]*:|and \d+ more$", line) for line in lines]
        assert len(lines) <= 1 or all(with_places), (words, lines)


def is_help(text: str) -> bool:
    """Whether a group shows what commands it has."""
    return text.startswith("Usage: ")


def _invoke(words: list[str]) -> Result:
    return CliRunner().invoke(main, words, prog_name="nntrain", catch_exceptions=False)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _without_network() -> Iterator[None]:
    """Nothing is fetched, and no processes of a cluster are started: tests of theirs do that."""

    def refuse(*given: object, **options: object) -> None:
        raise NNTrainError("no cluster is to be had here")

    with (
        mock.patch("urllib.request.urlopen", side_effect=URLError("no network")),
        mock.patch("nntrain.cluster.connect.open_cluster", refuse),
        # A training's progress is no error.
        mock.patch("nntrain.training.reporter.TerminalReporter.log", lambda self, text: None),
    ):
        yield


@contextlib.contextmanager
def _ctrl_c() -> Iterator[None]:
    """Interrupt what works for long."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt = threading.Timer(PATIENCE, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    try:
        yield
    finally:
        interrupt.cancel()
        interrupt.join()
        for number, handler in kept.items():
            signal.signal(number, handler)


RIGHT = """
fit tiny.yaml
fit tiny.yaml --set training.epochs=1 --run new --threads 2
fit tiny.yaml --resume --set training.epochs=3
fit tiny.yaml --set members=2
predict --test test.csv
predict runs/tiny --test test.csv --out out.csv --distortions 2
predict --test test.csv --probabilities --competition nn5
evaluate --data labelled.csv --label-column label
evaluate runs/tiny --json
report runs/tiny --out out.html
export runs/tiny out.onnx --force
export runs/tiny out.npz --force
export runs/tiny out.py
data check train.csv test.csv
data demo --train 2 --test 1 --seed 0 --out new
data preview tiny.yaml --out out.png
config init new.yaml
config show tiny.yaml
config check tiny.yaml
config schema
runs . --json
inspect runs/tiny
trace runs/tiny --row 2 --npz out.npz --data labelled.csv
gradcheck tiny.yaml --layer 1 --samples 1 --epsilon 0.001
doctor runs/tiny
grade --starter new.py
--version
--debug runs
""".strip().splitlines()
