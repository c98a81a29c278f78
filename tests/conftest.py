"""Fixtures every floor shares, how many examples a property is tried with, and what may be skipped."""

from __future__ import annotations

import gc
import itertools
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, settings
from present import why_not_skipped
from scripted_endpoint import Endpoint

# How long an example takes, and how long it takes to think of one, is the machine's.
settings.register_profile(
    "seedsmith",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seedsmith")


WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
FOLDERS = itertools.count()


def pytest_configure() -> None:
    """Nothing that is made while the tests are collected goes away: nobody looks for what does."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Nor is it ever looked through again, and what comes later more rarely than by default."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 50, 50)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Has every second worker begin at the end: in a fresh clone each then prepares half of the modules.

    What one has prepared, with its assertions rewritten, the other finds in ``__pycache__``.
    """
    report = yield
    if isinstance(collector, pytest.Directory) and WORKER and int(WORKER.removeprefix("gw")) % 2:
        report.result.reverse()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same order in every worker."""
    if WORKER:
        items.sort(key=lambda item: item.path.parts)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own, with a number that is counted; its path has the same length in every run.

    pytest's own fixture looks through the folders of all tests before for the next number of the name.
    """
    name = re.sub(r"\W", "_", request.node.name)[:27]
    folder = tmp_path_factory.getbasetemp() / f"{name}{next(FOLDERS):04}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A scripted model service on loopback, started."""
    with Endpoint() as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails what is skipped for want of something that is there."""
    report = yield
    if report.skipped and call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception):
        wrong = why_not_skipped(str(call.excinfo.value))
        if wrong is not None:
            report.outcome, report.longrepr = "failed", wrong
    return report
