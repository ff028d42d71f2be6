"""Entry point of `nntrain` and `python -m nntrain`; handles Ctrl-C during slow imports, too."""

import signal
import sys
import warnings

from nntrain.errors import status_after


def main() -> None:
    """Run the command line; warnings of libraries are shown only if Python is asked for them."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        from nntrain.cli import main as program
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(status_after(signal.SIGINT))
    program(prog_name="nntrain")


if __name__ == "__main__":
    main()
