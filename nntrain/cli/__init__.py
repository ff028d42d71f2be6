"""The command line: parse, call one library function, print, translate errors.

Commands import what they need when they run, so that `nntrain --help` is instant.
"""

import signal
import sys
import traceback
from types import FrameType

import click

from nntrain import __version__
from nntrain.cli import config, data, fit, predict, runs
from nntrain.errors import NNTrainError

INTERRUPTED = 130


class Program(click.Group):
    """The group of all commands; an error ends it with one line and the error's exit status."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; with `--debug`, a traceback comes before the line."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except NNTrainError as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            click.echo(str(error), err=True)
            sys.exit(error.exit_status)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except MemoryError:
            click.echo("out of memory; try a smaller network or training.batch_size", err=True)
            sys.exit(1)
        except Exception as error:  # whatever it is, people at a terminal get one line
            if ctx.params["debug"]:
                raise
            # C code that Ctrl-C has interrupted says so in a roundabout way.
            if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
                click.echo("interrupted", err=True)
                sys.exit(INTERRUPTED)
            click.echo(
                f"nntrain failed unexpectedly ({type(error).__name__}: {error}); "
                "'nntrain --debug …' shows where",
                err=True,
            )
            sys.exit(1)


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that temporary files are removed on the way out."""
    sys.exit(128 + number)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Try: nntrain data demo && nntrain config init && nntrain fit config.yaml",
)
@click.version_option(__version__, prog_name="nntrain")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Train a network on MNIST and write the submission that Kaggle accepts."""
    del debug  # read by Program


main.add_command(fit.fit)
main.add_command(predict.predict)
main.add_command(predict.evaluate)
main.add_command(data.data)
main.add_command(config.config)
main.add_command(runs.runs)
