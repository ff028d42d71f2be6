"""nntrain runs: what has been trained so far."""

import click


@click.command(epilog="Example: nntrain runs")
def runs() -> None:
    """List the runs below runs/, best first."""
    from nntrain.training.run import RUNS, all_runs, table

    found = all_runs()
    if found:
        click.echo(table(found))
    else:
        click.echo(f"no runs in {RUNS}/ yet; train one with 'nntrain fit CONFIG'", err=True)
