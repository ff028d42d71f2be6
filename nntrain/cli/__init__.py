"""The command line: parses arguments, calls the library, prints results and reports errors.

Commands import the library when they run, so that `nntrain --help` is instant.
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
    compare,
    config,
    data,
    doctor,
    export,
    fit,
    gradcheck,
    grade,
    info,
    inspect,
    lesson,
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

SUMMARY_WIDTH = 58  # columns that --help has for the summary of a command
EXAMPLE = "Try: nntrain data demo && nntrain config init && nntrain fit config.yaml"

# The commands by what they are for, in the order of --help.
PURPOSES: dict[str, tuple[click.Command, ...]] = {
    "train": (fit.fit, sweep.sweep),
    "predict": (predict.predict, predict.evaluate, compare.compare, export.export),
    "look": (report.report, runs.runs, inspect.inspect, doctor.doctor),
    "learn": (lesson.lesson, trace.trace, gradcheck.gradcheck, grade.grade),
    "data": (data.data, config.config),
    "help": (info.info,),
}


class RootGroup(click.Group):
    """The group of all commands, which reports an error in one line and sets the exit status."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by purpose, then the options; all that fits one screen."""
        formatter.write_paragraph()
        for purpose, commands in PURPOSES.items():
            for number, command in enumerate(commands):
                heading = "" if number else purpose
                summary = command.get_short_help_str(SUMMARY_WIDTH)
                formatter.write(f"  {heading:<9}{command.name:<11}{summary}\n")
        formatter.write_paragraph()
        formatter.write(
            "  Options: --version, --debug (show the traceback of an error), -h, --help\n"
        )
        formatter.write(f"  {EXAMPLE}\n")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Parse the command line, run the command and exit, also if `standalone_mode` is false."""
        streams.prepare()
        try:
            # click exits silently after a broken pipe.
            sys.exit(super().main(args, prog_name, complete_var, False, **extra))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            _exit(_usage_message(error), error.exit_code)
        except click.Abort:  # Ctrl-C during parsing
            sys.exit(status_after(signal.SIGINT))
        except OutputError as error:  # while a help text was printed
            _exit(str(error), error.exit_status)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; with `--debug`, print a traceback before the error line."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except NNTrainError as error:
            if ctx.params["debug"]:
                echo(traceback.format_exc(), keep="\n", err=True)
            _exit(str(error), error.exit_status)
        except KeyboardInterrupt:
            _exit("interrupted", status_after(signal.SIGINT))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except MemoryError:
            _exit("out of memory; try a smaller network or training.batch_size", 1)
        except Exception as error:
            if ctx.params["debug"]:
                raise
            if _interrupted(error):
                _exit("interrupted", status_after(signal.SIGINT))
            _exit(_unexpected_message(error), 1)


def _exit(line: str, status: int) -> NoReturn:
    echo(line, err=True, keep="\n")
    sys.exit(status)


def _terminate(signum: int, frame: FrameType | None) -> None:
    """Exit by an exception, as after Ctrl-C, so that temporary files are removed."""
    sys.exit(status_after(signum))


def _usage_message(error: click.UsageError) -> str:
    """Format click's error in one line, with a hint."""
    command = error.ctx.command_path if error.ctx else "nntrain"
    issue, hint = error.format_message(), f"see '{command} --help'"
    if isinstance(error, click.exceptions.NoSuchCommand | click.NoSuchOption) and (
        error.possibilities
    ):
        issue, hint = error.message, f"did you mean {error.possibilities[0]!r}?"
    return printable(f"{command}: {issue[0].lower()}{issue[1:].rstrip('.')}; {hint}")


def _unexpected_message(error: Exception) -> str:
    """Format an error that no other code has handled in one line."""
    hint = "'nntrain --debug …' shows where"
    if isinstance(error, OSError) and error.strerror:
        location = error.filename if isinstance(error.filename, str) else "nntrain"
        line = f"{location}: {error.strerror}; {OS_HINTS.get(error.errno or 0, hint)}"
    else:
        line = f"nntrain failed unexpectedly ({type(error).__name__}: {error}); {hint}"
    return printable(line)


def _interrupted(error: BaseException | None) -> bool:
    """Whether an error was caused by Ctrl-C: interrupted C code may raise another error."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


@click.group(
    "nntrain",
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="nntrain")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Train a network on MNIST and write the submission that Kaggle accepts."""
    del debug  # read by RootGroup.invoke


for commands in PURPOSES.values():
    for command in commands:
        main.add_command(command)

for shell in shells.SHELLS:
    add_completion_class(shell)
