"""The report on a file: verdicts and what else is to be said of it."""

from dataclasses import asdict, dataclass
from typing import Any

from nntrain.explain.grading.adapters import Adapter
from nntrain.explain.grading.efficiency import Speed


@dataclass(frozen=True)
class FunctionVerdict:
    """The verdict on one function.

    Attributes:
        function: Its name.
        verdict: "right", "wrong", "not written yet" or "missing".
        reasons: Why; for a right function, remarks.
    """

    function: str
    verdict: str
    reasons: list[str]


@dataclass(frozen=True)
class Report:
    """The verdict on a file.

    Attributes:
        file: Its path.
        findings: The verdicts on the four functions.
        imports: The packages that it imports without permission.
        loops: Messages on loops where a product belongs.
        speed: None unless backprop is right.
        notes: Other remarks.
        adapter: The lines by which a class is graded; None for functions.
    """

    file: str
    findings: list[FunctionVerdict]
    imports: list[str]
    loops: list[str]
    speed: Speed | None
    notes: list[str]
    adapter: Adapter | None = None

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to correct."""
        verdicts = {finding.verdict for finding in self.findings}
        return verdicts == {"right"} and not self.imports and not self.loops

    def conclusion(self) -> str:
        """The verdict in one line."""
        if len(self.findings) == 1:
            issues = [f"{self.findings[0].function} is {self.findings[0].verdict}"]
        else:
            right = sum(finding.verdict == "right" for finding in self.findings)
            are = "is" if right == 1 else "are"
            issues = [f"{right} of {len(self.findings)} functions {are} right"]
        issues += ["it imports what it may not"] * bool(self.imports)
        issues += ["a loop stands where a product belongs"] * bool(self.loops)
        return f"{self.file}: {'all right' if self.is_right else ', but '.join(issues)}"

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        adapter = self.adapter and self.adapter.text
        return {**asdict(self), "adapter": adapter, "right": self.is_right}
