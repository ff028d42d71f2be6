"""Train fully-connected networks on MNIST, with backpropagation written from scratch in NumPy.

    import nntrain

    nntrain.inspect("config.yaml")        # layers, parameters and memory
    run = nntrain.fit("config.yaml")      # train a network
    run                                   # its curves, in a notebook
    run.predict("data/test.csv")          # the labels of other rows
    run.evaluate()                        # accuracy and confusions on the validation rows
    run.trace(3)                          # one row through the network and back
    run.doctor()                          # why it learns badly
    run.report()                          # an HTML page of all of it
    run = nntrain.load("config")          # the same run, later

`NNClassifier` is an estimator for scikit-learn, and `NNTrainError` the class of all errors. The
names are imported on first use; docs/python.md has an example of each.
"""

from nntrain.version import __version__

TYPE_CHECKING = False  # as of `typing`, which would take time to import
if TYPE_CHECKING:
    from nntrain.classifier import NNClassifier
    from nntrain.errors import NNTrainError
    from nntrain.notebook.inspection import inspect
    from nntrain.notebook.run import Run
    from nntrain.notebook.session import fit, load

__all__ = ["NNClassifier", "NNTrainError", "Run", "__version__", "fit", "inspect", "load"]

_MODULES = {
    "NNClassifier": "nntrain.classifier",
    "NNTrainError": "nntrain.errors",
    "Run": "nntrain.notebook.run",
    "fit": "nntrain.notebook.session",
    "inspect": "nntrain.notebook.inspection",
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
