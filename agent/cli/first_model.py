"""What ``run`` and ``fix`` do where no model is set up: at a terminal they offer those there are."""

from __future__ import annotations

import os
import sys

from seedsmith.agent.cli.invocation import at_a_terminal
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.settings.settings import Settings


def with_model(settings: Settings, shown: DisplayOptions) -> Settings:
    """``settings`` with the model that the person chose where none is named and no key is set.

    As it is where nobody can be asked, or nothing was chosen: opening the model says what is missing.
    """
    goes_on = settings.resume or settings.fork or settings.replay
    if settings.model or goes_on or shown.as_json or not at_a_terminal():
        return settings
    from seedsmith.agent.models.catalog import catalog
    from seedsmith.agent.models.open import default_model

    known = catalog.load(os.environ)
    if default_model(known, os.environ):
        return settings
    from seedsmith.agent.cli.first_run import choose_model

    chosen = choose_model(settings, known, os.environ)
    sys.stdout.flush()
    return settings if chosen is None else chosen
