"""Shell completion: by click's protocol, and typed into real shells."""

# ruff: noqa: E501  # a command line and what it becomes stand on one line

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from nntrain.cli import completion, main, shells
from nntrain.config import Config
from nntrain.training.run import FIELDS, RUNS
from tests.support.configs import configs
from tests.support.examples import examples
from tests.support.variants import slow

VARIABLE = "_NNTRAIN_COMPLETE"


@pytest.fixture
def workspace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fill the working directory with configurations and runs of all kinds."""
    monkeypatch.setenv("HOME", str(folder))
    files = {
        "configs/wide.yaml": "# Wide layers.\nnetwork:\n  - dense: 8\n  # - dense: 9\n  - dense: 3\n",
        "configs/notes.txt": "",
        "configs/papers/old.yml": "seed: 0\n",
        "with space.yaml": "",
        ".hidden.yaml": "",
        "runs/wide/config.yaml": "",
        "runs/wide/metrics.csv": history(0.5, 0.975, 0.9),
        "runs/wide-2/config.yaml": "",
        "runs/five/config.yaml": "",
        "runs/five/member-1/config.yaml": "",
        "runs/five/member-1/metrics.csv": history(0.9),
        "runs/five/member-2/config.yaml": "",
        "runs/five/member-2/metrics.csv": history(0.5, 0.8),
        "runs/none/readme": "",
        "weights.npz": "",
        "elsewhere/run/config.yaml": "",
        "data/packed.csv.gz": "",
        "data/readme.md": "",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return folder


def history(*accuracies: float) -> str:
    rows = [f"{epoch},1,1,1,1,1,{accuracy}" for epoch, accuracy in enumerate(accuracies, 1)]
    return "\n".join([",".join(FIELDS), *rows, ""])


def complete_in_zsh(words: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the completions of the last word with their descriptions."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    answer = shells.Zsh(main, {}, "nntrain", VARIABLE).complete().splitlines()
    assert set(answer[::3]) <= {"plain"}
    return dict(zip(answer[1::3], answer[2::3], strict=True))


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nntrain pre", ["predict"]),
        ("nntrain config s", ["schema", "show"]),
        ("nntrain fit --re", ["--resume"]),
        ("nntrain fit ", ["tiny.yaml", "with space.yaml", "configs/wide.yaml"]),
        ("nntrain fit wi", ["with space.yaml", "configs/wide.yaml"]),
        ("nntrain fit co", ["configs/"]),
        ("nntrain fit .h", [".hidden.yaml"]),
        ("nntrain fit configs/", ["configs/wide.yaml", "configs/papers/"]),
        ("nntrain fit ./configs/papers/", ["./configs/papers/old.yml"]),
        ("nntrain fit nowhere/", []),
        ("nntrain config check t", ["tiny.yaml"]),
        ("nntrain predict ", ["runs/five", "runs/wide", "runs/wide-2"]),
        ("nntrain predict w", ["runs/wide", "runs/wide-2"]),
        ("nntrain predict runs/", ["runs/five", "runs/wide", "runs/wide-2", "runs/none/"]),
        ("nntrain predict runs/wide runs/five/", ["runs/five/member-1", "runs/five/member-2"]),
        ("nntrain evaluate else", ["elsewhere/"]),
        ("nntrain evaluate elsewhere/", ["elsewhere/run"]),
        ("nntrain fit tiny.yaml --run wide-", ["runs/wide-2"]),
        ("nntrain fit tiny.yaml --init w", ["weights.npz", "runs/wide", "runs/wide-2"]),
        ("nntrain fit tiny.yaml --run=runs/wide-", ["--run=runs/wide-2"]),
        ("nntrain predict --test data/t", ["data/test.csv", "data/test_labelled.csv", "data/train.csv"]),
        ("nntrain evaluate --data pa", ["data/packed.csv.gz"]),
        ("nntrain data check data/train.csv data/p", ["data/packed.csv.gz"]),
        ("nntrain predict --competition n", ["nn5"]),
        ("nntrain fit tiny.yaml --set training.e", ["training.epochs="]),
        ("nntrain fit tiny.yaml --set=training.e", ["--set=training.epochs="]),
        ("nntrain fit tiny.yaml --set loss=", ["loss=squared_error", "loss=cross_entropy", "loss=binary_cross_entropy"]),
        ("nntrain fit tiny.yaml --set training.optimizer.name=ad", ["training.optimizer.name=adam", "training.optimizer.name=adamw"]),
        ("nntrain fit tiny.yaml --set training.schedule=c", ["training.schedule=constant", "training.schedule=cosine"]),
        ("nntrain fit tiny.yaml --set training.patience=", ["training.patience=null"]),
        ("nntrain fit tiny.yaml --set training.epochs=", []),
        ("nntrain fit tiny.yaml --set nothing=", []),
        ("nntrain fit tiny.yaml --set data.train=tra", ["data.train=data/train.csv"]),
        ("nntrain fit tiny.yaml --set data.train=[tra", ["data.train=[data/train.csv"]),
        ("nntrain fit tiny.yaml --set data.train=[a.csv,tra", ["data.train=[a.csv,data/train.csv"]),
        ("nntrain fit wide.yaml --set network[1].d", []),
        ("nntrain fit configs/wide.yaml --set network[1].d", ["network[1].dense=", "network[1].dropout="]),
        ("nntrain fit configs/wide.yaml --set network[2].d", []),
        ("nntrain fitt x --se", []),
    ],
)  # fmt: skip
def test_words_are_completed(
    words: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(complete_in_zsh(words, monkeypatch)) == expected


@pytest.mark.usefixtures("workspace")
def test_completions_have_descriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert complete_in_zsh("nntrain fit configs/w", monkeypatch) == {
        "configs/wide.yaml": "Wide layers."
    }
    assert complete_in_zsh("nntrain predict ", monkeypatch) == {
        "runs/five": "85.00% validation accuracy, mean of 2 members",
        "runs/wide": "97.50% validation accuracy",
        "runs/wide-2": "_",
    }
    epochs = complete_in_zsh("nntrain fit x --set training.epochs", monkeypatch)
    assert epochs == {"training.epochs=": "passes over the training rows"}


@pytest.mark.usefixtures("workspace")
def test_configurations_and_runs_are_completed_together() -> None:
    items = completion.configs_and_runs("wid")
    assert [item.value for item in items] == ["configs/wide.yaml", "runs/wide", "runs/wide-2"]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("runs/wide/metrics.csv", b"\xff\x00"),
        ("runs/wide/metrics.csv", b"epoch\n1\n"),
        ("runs/wide/metrics.csv", b""),
        ("runs/wide/metrics.csv", ",".join(FIELDS).encode() + b"\n1,1,1,1,1,1,\n"),
        ("runs/wide/metrics.csv", ",".join(FIELDS).encode() + b"\n1,1\n"),
        ("runs/wide/metrics.csv", b'"' + b"x" * 200_000),
        ("runs/wide/metrics.csv", None),
    ],
)
def test_a_broken_run_is_completed_without_its_accuracy(
    damaged: str, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(damaged).unlink()
    if content is None:
        Path(damaged).mkdir()
    else:
        Path(damaged).write_bytes(content)
    assert complete_in_zsh("nntrain predict runs/wide", monkeypatch) == {
        "runs/wide": "_",
        "runs/wide-2": "_",
    }


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("words", [None, "nntrain fit x --set loss="])
def test_errors_are_silent(
    shell: str,
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(completion, "SCHEMA", Path("missing.json"))
    monkeypatch.setenv(VARIABLE, f"{shell}_complete")
    monkeypatch.setenv("COMP_CWORD", "4")
    if words is None:
        monkeypatch.delenv("COMP_WORDS", raising=False)
    else:
        monkeypatch.setenv("COMP_WORDS", words)
    with pytest.raises(SystemExit):
        main(prog_name="nntrain")
    assert capfd.readouterr() == ("\n", "")


def test_completion_imports_no_slow_libraries(workspace: Path) -> None:
    program = (
        "import sys\nfrom nntrain.__main__ import main\n"
        "try: main()\n"
        "finally: print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    for words in ("nntrain predict ", "nntrain fit configs/wide.yaml --set network[1].activation="):
        result = subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                VARIABLE: "fish_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": words.split(" ")[-1],
            },
            capture_output=True,
            text=True,
            check=True,
        )
        *completions, modules = result.stdout.splitlines()
        assert len(completions) > 2
        assert not {"numpy", "pandas", "pydantic", "ruamel", "rich"} & set(modules.split())


def test_the_stored_schema_is_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = completion.keys(2)
    (tmp_path / "schema.json").write_text(json.dumps(Config.model_json_schema()))
    monkeypatch.setattr(completion, "SCHEMA", tmp_path / "schema.json")
    assert stored == completion.keys(2), "make schema"


def leaves(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict) and path != "data.distortion.limits":
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}".lstrip("."))
    elif isinstance(value, tuple) and path == "network":
        for index, child in enumerate(value):
            yield from leaves(child, f"{path}[{index}]")
    else:
        yield path


@examples(30)
@given(configs())
def test_every_key_of_a_configuration_is_completed(config: Config) -> None:
    completed = completion.keys(len(config.network))
    values = config.model_dump()
    values["data"]["train"] = "one value, even if it is a list"
    if values["training"]["teacher"]:
        values["training"]["teacher"]["runs"] = "the whole list"
    assert set(leaves(values)) <= completed.keys()
    assert all(description for description, _ in completed.values())


def test_the_constants_match_those_of_the_package() -> None:
    assert Path(completion.RUNS) == RUNS
    assert set(completion.PATH_KEYS) <= completion.keys(1).keys()


def test_the_keys_of_a_layer_are_completed_for_each_layer() -> None:
    dense = [key for key in completion.keys(3) if key.endswith(".dense")]
    assert dense == ["network[0].dense", "network[1].dense", "network[2].dense"]


@pytest.fixture
def program(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the program as a script on the PATH."""
    script = workspace / "bin" / "nntrain"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom nntrain.__main__ import main\nmain()\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return script


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fit", "wi"], [r"with\ space.yaml", "configs/wide.yaml"]),
        (["fit", "", "--resume"], ["tiny.yaml", r"with\ space.yaml", "configs/wide.yaml"]),
        (["fit", "x", "--set", "training.epochs", "=", "3", "--set", "data.tr"], ["data.train="]),
        (["predict", "--test", "=", "data/p"], ["data/packed.csv.gz"]),
        *slow(
            (["ev"], ["evaluate"]),
            (["fit", "'wi"], ["with space.yaml", "configs/wide.yaml"]),
            (["fit", "x", "--set", "training.optimizer.name", "=", "ad"], ["adam", "adamw"]),
            (["fit", "x", "--set", "training.optimizer.name=ad"], ["training.optimizer.name=adam", "training.optimizer.name=adamw"]),
            (["fit", "x", "--set", "=", "dtype", "="], ["float32", "float64"]),
        ),
    ],
)  # fmt: skip
def test_bash_completes_words_that_it_has_split(words: list[str], expected: list[str]) -> None:
    current = words.index("") + 1 if "" in words else len(words)
    script = f"""
        {shells.Bash(main, {}, "nntrain", VARIABLE).source()}
        compopt() {{ :; }}
        COMP_CWORD=$1; shift
        COMP_WORDS=(nntrain "$@")
        _nntrain_completion_nospace nntrain
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    command = ["bash", "--norc", "-c", script, "bash", str(current), *words]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (result.stdout.splitlines(), result.stderr) == (expected, "")


def test_the_scripts_of_this_click_are_extended() -> None:
    for text in ("compset -P '--*='; _path_files -f", "compstate[insert]=1"):
        assert text in shells.Zsh.source_template
    for text in ("(commandline -ct)", "split --max 1", 'complete -C ": "(commandline -ct)'):
        assert text in shells.Fish.source_template


SHELLS = {
    "bash": (["bash", "--norc", "-i"], 'eval "$(_NNTRAIN_COMPLETE=bash_source nntrain)"'),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u -D; eval "$(_NNTRAIN_COMPLETE=zsh_source nntrain)"',
    ),
    "fish": (["fish", "--no-config", "-i"], "_NNTRAIN_COMPLETE=fish_source nntrain | source"),
}
INSTALLED = [
    pytest.param(
        shell,
        marks=pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed"),
    )
    for shell in SHELLS
]


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("shell", INSTALLED)
def test_typed_into_a_real_shell(shell: str) -> None:
    expected = {  # @ marks the cursor after completion
        "fit wit\t": "fit with space.yaml @",
        "fit x --set=training.epo\t": "fit x --set=training.epochs=@",
        "fit configs/wide.yaml --set network[1].act\trel\t": (
            "fit configs/wide.yaml --set network[1].activation=relu @"
        ),
        "fit ~/elsew\t": f"fit {Path.home()}/elsewhere/@",
        "fit x --run=./elsew\t\t": "fit x --run=./elsewhere/run @",
        "fit x --run=~/elsew\t": "fit x --run=~/elsewhere/@",
    }
    command, setup = SHELLS[shell]
    keys = [setup, *(f"nntrain {line}@\x01echo :" for line in expected), "exit", ""]
    result = subprocess.run(
        [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *command],
        input="\r".join(keys),
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
        timeout=60,
    )
    assert re.findall(r"[\r\n]:nntrain (.*@)", result.stdout) == list(expected.values())
