"""Train runs for the doctor, and what it advises."""

from contextlib import suppress
from pathlib import Path

from nntrain.config import Config
from nntrain.errors import DivergenceError
from nntrain.explain.doctor.advice import advise
from nntrain.explain.doctor.diagnosis import Diagnosis, DiagnosisKind
from nntrain.explain.doctor.examination import RunStats, examine
from nntrain.explain.doctor.remedies import assignment
from nntrain.explain.doctor.report import cause_chains
from nntrain.training.fit import fit
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder


def sgd(rate: float, name: str = "sgd") -> str:
    return f"training.optimizer={{name: {name}, learning_rate: {rate}}}"


def trained(config: Config, folder: Path, data: Split) -> RunStats:
    run = RunFolder.create(folder, config)
    with suppress(DivergenceError):
        fit(config, lambda: run, Reporter(), data=data)
    return examine(run, data, Reporter(), threads=1)


def kinds(found: list[Diagnosis]) -> set[DiagnosisKind]:
    return {finding.kind for finding in found}


def assignments(stats: RunStats, found: list[Diagnosis]) -> list[str]:
    """What the doctor advises against the problems that it has found."""
    causes = [chain.cause for chain in cause_chains(found)]
    return [assignment(*remedy) for remedy in advise(stats, causes)]
