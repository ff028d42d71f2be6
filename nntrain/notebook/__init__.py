"""nntrain in a notebook, and in any program: `nntrain.fit`, `nntrain.load` and `nntrain.Run`."""
