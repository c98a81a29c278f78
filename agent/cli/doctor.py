"""``seedsmith doctor``: what is enforced here, what is missing, how to mend it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag

_STATE = 8
"""The width of the column that says how a thing is."""


@click.command("doctor", short_help="Show what is enforced, what is missing, and how to mend it.")
@setting_flags("workspace", "network", "model", "base_url", "wire")
@json_flag
@debug_flag
def command(as_json: bool, **flags: Any) -> int:
    """Look at this machine. Exits 0 where a run is possible, 1 where it isn't."""
    from seedsmith.agent.frontends.line_wrapping import as_told, fitted, padded, screen_width
    from seedsmith.agent.frontends.terminal import visible_row
    from seedsmith.agent.tasks import doctor

    findings, width = [], screen_width()
    for finding in doctor.examine(load_settings(flags), os.environ):
        findings.append(finding)
        if as_json:
            from seedsmith.agent.frontends.jsonl import encode

            sys.stdout.buffer.write(encode(asdict(finding)))
        else:
            said = as_told(f"{visible_row(finding.subject)}: {visible_row(finding.said)}")
            state = padded(as_told(finding.state), _STATE)
            print(fitted(f"{state}{said}", _STATE, width), flush=True)
            if finding.mend:
                mend = as_told(visible_row(finding.mend))
                print(fitted(f"{'':{_STATE}}→ {mend}", _STATE, width), flush=True)
    ready = doctor.possible(findings)
    if not as_json:
        how = " with a model named" if doctor.names_no_model(findings) else ""
        end = f"A run is possible{how}." if ready else "A run is not possible yet; mend what is broken."
        print(f"\n{as_told(end)}")
    return 0 if ready else 1
