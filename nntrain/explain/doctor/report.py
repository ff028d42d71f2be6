"""The report of `nntrain doctor`: causes with the line to change, and their consequences."""

from collections.abc import Iterator
from typing import NamedTuple

from nntrain.config.issues import ConfigIssue, KeyPath, Location, format_value, location_of
from nntrain.config.source import Value, read_yaml
from nntrain.errors import printable
from nntrain.explain.doctor.advice import advise
from nntrain.explain.doctor.diagnoses import find_problems
from nntrain.explain.doctor.diagnosis import (
    CAUSES,
    Diagnosis,
    DiagnosisKind,
    change_of,
    loss,
)
from nntrain.explain.doctor.examination import RunStats, examine, read_rows
from nntrain.explain.doctor.remedies import Remedy, assignment
from nntrain.shell import command_line
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, rows_of
from nntrain.training.run import RunFolder


class Diagnoses(list[Diagnosis]):
    """The problems of a run or of all members of a committee; the repr is the report on them.

    Attributes:
        lines: The report, as lines of text.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __repr__(self) -> str:
        return "\n".join(map(printable, self.lines))


def diagnose(
    run: RunFolder, reporter: Reporter, threads: int = 1, data: Split | None = None
) -> Diagnoses:
    """Find the problems of a run, or of each member of a committee, and report on them.

    Args:
        run: Finished or not.
        reporter: Receives notices about what is read and what is missing.
        threads: Number of threads.
        data: The rows that it was trained on; None: read them from its CSVs.

    Raises:
        ConfigError: If the run's config.yaml cannot be read.
        CheckpointError: If none of its checkpoints can be trusted.
        RunError: If its metrics.csv cannot be read.
    """
    file = _ConfigFile(run)
    data = data or read_rows(run, reporter)
    found = Diagnoses()
    for member in run.members():
        if member is not run and not member.config_file.exists():
            found.lines.append(f"{member}: not started; start it with: {run.resume_command}")
        else:
            rows = rows_of(member.config(), data) if data else None
            stats = examine(member, rows, reporter, threads)
            problems = find_problems(stats)
            found += problems
            found.lines += _report(stats, problems, file)
    return found


class CauseChain(NamedTuple):
    """A diagnosis and those that it explains."""

    cause: Diagnosis
    consequences: list[Diagnosis]


def cause_chains(diagnoses: list[Diagnosis]) -> list[CauseChain]:
    """Group diagnoses by their cause.

    Args:
        diagnoses: Causes before consequences.
    """
    chains: list[CauseChain] = []
    chain_of: dict[DiagnosisKind, CauseChain] = {}
    for diagnosis in diagnoses:
        cause = next((kind for kind in CAUSES.get(diagnosis.kind, ()) if kind in chain_of), None)
        if cause is None:
            chains.append(CauseChain(diagnosis, []))
            chain_of[diagnosis.kind] = chains[-1]
        else:
            chain_of[diagnosis.kind] = chain_of[cause]
            chain_of[cause].consequences.append(diagnosis)
    return chains


def _report(stats: RunStats, problems: list[Diagnosis], file: "_ConfigFile") -> list[str]:
    chains = cause_chains(problems)
    count = f"{len(chains)} finding{'s' * (len(chains) != 1)}" if chains else "nothing found"
    lines = [f"{stats.run}: {count}; looked at {', '.join(describe(stats))}"]
    if not stats.finished and stats.divergence is None:
        lines.append(f"{stats.run}: not finished; resume it with: {file.run.resume_command}")
    remedies = advise(stats, [chain.cause for chain in chains])
    for cause, consequences in chains:
        lines.append(file.message(cause, dict(remedies)))
        lines += [f"  so: {other.kind.value}: {other.evidence}" for other in consequences]
    if remedies:
        lines.append(f"  try: {file.command(remedies)}")
    return lines


def describe(stats: RunStats) -> Iterator[str]:
    """What was looked at, as parts of a sentence."""
    epochs = len(stats.history)
    yield f"{epochs} of {stats.config.training.epochs} epochs"
    if epochs:
        last = stats.history[-1]
        shares = f"E {loss(last.train_loss)}, {last.train_accuracy:.1%} of training rows right"
        if last.validated:
            shares += f" and {last.val_accuracy:.1%} of validation rows"
        yield f"the last with {shares}"
    if stats.weights is not None:
        yield f"weights that moved {change_of(stats.weights.moved)}"
    if stats.sample is not None:
        yield f"σ′, δ and steps of {len(stats.sample.x):,} training rows"


class _ConfigFile:
    """A run's config.yaml, with its lines."""

    def __init__(self, run: RunFolder) -> None:
        run.config()  # raises the errors of a file that cannot be read
        self.run = run
        name = str(run.config_file)
        text = run.config_file.read_text(encoding="utf-8-sig")
        self._values, self._source_map = read_yaml(text, lambda n: Location((0, n), f"{name}:{n}"))

    def message(self, diagnosis: Diagnosis, advised: dict[KeyPath, str]) -> str:
        """The line, the key, its value, the problem and the value to try."""
        value = _shown(self._value(diagnosis.path))
        text = f"{value}: {diagnosis.kind.value}: {diagnosis.evidence}"
        if diagnosis.remedies:
            path, value = diagnosis.remedies[0]  # of the key that causes the problem
            text += f"; try {advised.get(path, value)}"
            text += " and the other changes below" * (len(diagnosis.remedies) > 1)
        location = location_of(diagnosis.path, self._source_map)
        return str(ConfigIssue(location, diagnosis.path, text))

    def command(self, remedies: list[Remedy]) -> str:
        """The command that trains with all remedies."""
        sets = [word for remedy in remedies for word in ("--set", assignment(*remedy))]
        return command_line("nntrain", "fit", self.run.config_file, *sets)

    def _value(self, path: KeyPath) -> Value:
        value = self._values
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, tuple) and isinstance(part, int):
                value = value[part]
        return value


def _shown(value: Value) -> str:
    """A value as it is written in config.yaml."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return value if isinstance(value, str) else format_value(value)
