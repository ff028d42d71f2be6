"""A verdict on a student's own backpropagation.

`child` runs the student's file in a process of its own and knows no right answer; `process` asks it
questions; `problems` has the right answers, from `nntrain.nn`; `mistakes` has the wrong ones that
are usual; `verdict` puts it together. `docs/grade.md` says what the file must hold.
"""

from nntrain.explain.grading.source import read_source, starter_text
from nntrain.explain.grading.verdict import Report, grade

__all__ = ["Report", "grade", "read_source", "starter_text"]
