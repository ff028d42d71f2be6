"""Export of trained networks to files of other programs."""

from nntrain.export.formats import ENDINGS, export, files_of

__all__ = ["ENDINGS", "export", "files_of"]
