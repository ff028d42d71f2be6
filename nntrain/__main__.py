"""`python -m nntrain` is `nntrain`."""

from nntrain.cli import main

main(prog_name="nntrain")
