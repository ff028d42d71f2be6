"""A doctor's letter: findings with the line to change, each followed by what comes of it."""

import math
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from nntrain.config.issues import ConfigIssue, KeyPath, Location, format_value, location_of
from nntrain.config.source import Value, read_yaml
from nntrain.explain.doctor.diagnoses import CAUSES, Diagnosis, DiagnosisKind, findings
from nntrain.explain.doctor.examination import Examination, examine, rows_of
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder


def diagnose(run: RunFolder, reporter: Reporter, threads: int = 1) -> list[str]:
    """What is wrong with a run, or with each member of a committee, as lines for people.

    Args:
        run: Finished or not.
        reporter: Is told what is read, and what is missing.
        threads: How many share the work.

    Raises:
        ConfigError: The run's config.yaml cannot be read.
        CheckpointError: None of its checkpoints can be trusted.
        RunError: Its metrics.csv cannot be read.
    """
    file = _ConfigFile(run)
    data = rows_of(run.config(), reporter)
    lines: list[str] = []
    for member in run.members():
        if member is not run and not member.config_file.exists():
            lines.append(f"{member}: not begun; go on with '{run.resume_command}'")
            continue
        lines += _letter(examine(member, data, reporter, threads), file)
    return lines


class Chain(NamedTuple):
    """A cause, and what comes of it."""

    cause: Diagnosis
    consequences: list[Diagnosis]


def chains(found: list[Diagnosis]) -> list[Chain]:
    """Each finding that no other explains, followed by those that it explains.

    Args:
        found: Causes before consequences.
    """
    root: dict[DiagnosisKind, Chain] = {}
    for finding in found:
        cause = next((cause for cause in CAUSES.get(finding.ill, ()) if cause in root), None)
        if cause is None:
            root[finding.ill] = Chain(finding, [])
        else:
            root[finding.ill] = root[cause]
            root[cause].consequences.append(finding)
    return [chain for ill, chain in root.items() if chain.cause.ill is ill]


def _letter(seen: Examination, file: "_ConfigFile") -> list[str]:
    found = chains(findings(seen))
    count = f"{len(found)} finding{'s' * (len(found) != 1)}" if found else "nothing found"
    lines = [f"{seen.run}: {count}; looked at {', '.join(_looked_at(seen))}"]
    if not seen.finished and seen.divergence is None:
        lines.append(f"{seen.run}: not finished; go on with '{file.run.resume_command}'")
    for cause, consequences in found:
        lines.append(file.say(cause))
        lines += [f"  so: {finding.ill.value}: {finding.evidence}" for finding in consequences]
        if cause.mends:
            lines.append(f"  try: {file.command(cause)}")
    return lines


def _looked_at(seen: Examination) -> Iterator[str]:
    epochs = len(seen.history)
    yield f"{epochs} of {seen.config.training.epochs} epochs"
    if epochs:
        last = seen.history[-1]
        shares = f"E {last.train_loss:.4g}, {last.train_accuracy:.1%} of training rows right"
        if last.validated:
            shares += f" and {last.val_accuracy:.1%} of validation rows"
        yield f"the last with {shares}"
    if seen.weights is not None and math.isinf(seen.weights.moved):
        yield "weights that began as 0"
    elif seen.weights is not None:
        yield f"weights that moved by {seen.weights.moved:.2g} of their size"
    if seen.sample is not None:
        yield f"σ′, δ and steps of {len(seen.sample.x):,} training rows"


class _ConfigFile:
    """A run's config.yaml, with its lines.

    Attributes:
        run: Whose.
    """

    def __init__(self, run: RunFolder) -> None:
        run.config()  # which complains of what it cannot read
        self.run = run
        name = str(run.config_file)
        text = run.config_file.read_text(encoding="utf-8-sig")
        self._values, self._places = read_yaml(text, lambda n: Location((0, n), f"{name}:{n}"))

    def say(self, finding: Diagnosis) -> str:
        """The line, the key, what it says now, what is wrong and what to write instead."""
        sentence = f"{_shown(self._value(finding.path))}: {finding.ill.value}: {finding.evidence}"
        if finding.mends:
            (path, value), *others = finding.mends
            sentence += f"; try {value if path == finding.path else _assignment(path, value)}"
            sentence += " and what else is set below" * bool(others)
        return str(ConfigIssue(location_of(finding.path, self._places), finding.path, sentence))

    def command(self, finding: Diagnosis) -> str:
        """What to type."""
        sets = [f"--set {shlex.quote(_assignment(*mend, equals='='))}" for mend in finding.mends]
        return " ".join(["nntrain fit", shlex.quote(str(self.run.config_file)), *sets])

    def _value(self, path: KeyPath) -> Value:
        value = self._values
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, tuple) and isinstance(part, int):
                value = value[part]
        return value


def _shown(value: Value) -> str:
    """A value as config.yaml has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return value if isinstance(value, str) else format_value(value)


def _assignment(path: KeyPath, value: str, equals: str = ": ") -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{key.removeprefix('.')}{equals}{value}"
