"""Export of trained networks to files of other programs."""

from nntrain.export.formats import export, files_of

__all__ = ["export", "files_of"]
