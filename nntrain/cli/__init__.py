"""The command line: parse, call one library function, print, translate errors.

Commands import what they need when they run, so that `nntrain --help` is instant.
"""

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

import click
from click.shell_completion import add_completion_class

from nntrain.cli import (
    config,
    data,
    doctor,
    export,
    fit,
    gradcheck,
    grade,
    inspect,
    predict,
    report,
    runs,
    shells,
    streams,
    sweep,
    trace,
)
from nntrain.cli.terminal import echo
from nntrain.errors import OS_HINTS, NNTrainError, OutputError, printable, status_after
from nntrain.version import __version__


class RootGroup(click.Group):
    """The group of all commands; an error ends it with one line and the error's exit status."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Parse the command line, run the command and end the process, in any mode."""
        streams.prepare()
        try:
            # A pipe that nobody reads any more ends it without a word, by click.
            sys.exit(super().main(args, prog_name, complete_var, False, **extra))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            _end(_complaint(error), error.exit_code)
        except click.Abort:  # Ctrl-C while the command line was parsed
            sys.exit(status_after(signal.SIGINT))
        except OutputError as error:  # of a help text
            _end(str(error), error.exit_status)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; with `--debug`, a traceback comes before the line."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except NNTrainError as error:
            if ctx.params["debug"]:
                echo(traceback.format_exc(), keep="\n", err=True)
            _end(str(error), error.exit_status)
        except KeyboardInterrupt:
            _end("interrupted", status_after(signal.SIGINT))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except MemoryError:
            _end("out of memory; try a smaller network or training.batch_size", 1)
        except Exception as error:  # whatever it is, people at a terminal get one line
            if ctx.params["debug"]:
                raise
            if _interrupted(error):
                _end("interrupted", status_after(signal.SIGINT))
            _end(_unexpected(error), 1)


def _end(line: str, status: int) -> NoReturn:
    echo(line, err=True, keep="\n")
    sys.exit(status)


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that temporary files are removed on the way out."""
    sys.exit(status_after(number))


def _complaint(error: click.UsageError) -> str:
    """One line in place of click's usage, hint and error."""
    command = error.ctx.command_path if error.ctx else "nntrain"
    fault, mend = error.format_message(), f"'{command} --help' shows what there is"
    if isinstance(error, click.exceptions.NoSuchCommand | click.NoSuchOption) and (
        error.possibilities
    ):
        fault, mend = error.message, f"did you mean {error.possibilities[0]!r}?"
    line = f"{command}: {fault[0].lower()}{fault[1:].rstrip('.')}; {mend}"
    return printable(line)


def _unexpected(error: Exception) -> str:
    """One line for an error that nothing has put into words; the system's own say enough."""
    where = "'nntrain --debug …' shows where"
    if isinstance(error, OSError) and error.strerror:
        place = error.filename if isinstance(error.filename, str) else "nntrain"
        line = f"{place}: {error.strerror}; {OS_HINTS.get(error.errno or 0, where)}"
    else:
        line = f"nntrain failed unexpectedly ({type(error).__name__}: {error}); {where}"
    return printable(line)


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: C code that it has interrupted may raise another."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


@click.group(
    "nntrain",
    cls=RootGroup,
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
main.add_command(report.report)
main.add_command(export.export)
main.add_command(data.data)
main.add_command(config.config)
main.add_command(runs.runs)
main.add_command(sweep.sweep)
main.add_command(inspect.inspect)
main.add_command(trace.trace)
main.add_command(gradcheck.gradcheck)
main.add_command(grade.grade)
main.add_command(doctor.doctor)

for shell in shells.SHELLS:
    add_completion_class(shell)
