"""`nntrain` and `python -m nntrain`: Ctrl-C ends in one line, even while the rest is imported."""

import signal
import sys
import warnings

from nntrain.errors import status_after


def main() -> None:
    """Run the program; warnings of libraries are for those who ask Python for them."""
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
