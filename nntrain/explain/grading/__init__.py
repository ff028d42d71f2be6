"""Grading of a student's own backpropagation; `docs/grade.md` describes the file.

`sandbox_worker` runs the file in a process of its own, without the right answers, and `sandbox`
sends it the calls. `problems` holds the arguments and the right answers of `nntrain.nn`, `mistakes`
the wrong answers of usual mistakes. `compare` describes differences of arrays, `efficiency` finds
loops and measures the time, and `verdict` makes the report.
"""

from nntrain.explain.grading.source import read_source, starter_text
from nntrain.explain.grading.verdict import Report, grade

__all__ = ["Report", "grade", "read_source", "starter_text"]
