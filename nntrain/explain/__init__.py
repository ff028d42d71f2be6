"""Tools for learners: gradient check, trace, summary, grading of code, diagnosis of runs."""
