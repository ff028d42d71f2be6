"""Why a run learns badly, and which line of its configuration to change.

`examination` measures, `diagnoses` judges, `report` says it, causes first.
"""

from nntrain.explain.doctor.report import diagnose

__all__ = ["diagnose"]
