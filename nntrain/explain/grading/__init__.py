"""Grading of a student's own backpropagation; `docs/grade.md` describes the file.

`sandbox_worker` runs the file in a process of its own, without the right answers, and `sandbox`
sends it the calls; `adapters` makes functions of a class, and `conventions` transposes what they
take and return. `problems` holds the arguments and the right answers of `nntrain.nn`, `mistakes`
the wrong answers of usual mistakes, of which `hypotheses` finds the fewest that explain a value.
`compare` describes differences of arrays, `efficiency` finds loops and measures the time, and
`verdict` makes the `report`.
"""

from nntrain.explain.grading.report import Report
from nntrain.explain.grading.source import read_source, starter_text
from nntrain.explain.grading.verdict import grade

__all__ = ["Report", "grade", "read_source", "starter_text"]
