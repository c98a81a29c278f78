"""The flag ``--attempts`` of ``run`` and ``fix``."""

import click

attempts_flag = click.option(
    "--attempts",
    type=click.IntRange(2, 16),
    metavar="N",
    help="Work N times, each in a copy of the folder, and take the best (docs/batch.md).",
)
