"""Why a run learns badly, and which line of its configuration to change.

`examination` measures the run, `diagnoses` finds problems, `remedies` chooses changes, and `report`
groups the problems by cause and writes the report.
"""

from nntrain.explain.doctor.report import Diagnoses, diagnose

__all__ = ["Diagnoses", "diagnose"]
