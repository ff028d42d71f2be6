"""Train fully-connected networks on MNIST, with backpropagation written from scratch in NumPy.

    import nntrain

    run = nntrain.fit("config.yaml")
    run.predict("data/test.csv")

The names are imported on first use.
"""

from nntrain.version import __version__

TYPE_CHECKING = False  # as of `typing`, which would take time to import
if TYPE_CHECKING:
    from nntrain.classifier import NNClassifier
    from nntrain.errors import NNTrainError
    from nntrain.notebook.run import Run
    from nntrain.notebook.session import fit, load

__all__ = ["NNClassifier", "NNTrainError", "Run", "__version__", "fit", "load"]

_MODULES = {
    "NNClassifier": "nntrain.classifier",
    "NNTrainError": "nntrain.errors",
    "Run": "nntrain.notebook.run",
    "fit": "nntrain.notebook.session",
    "load": "nntrain.notebook.session",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'nntrain' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
