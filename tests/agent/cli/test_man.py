"""The manual page is made from the help, and man's own formatter takes it."""

import shutil
import subprocess

import pytest


def test_the_page_holds_every_command_and_its_flags(seedsmith):
    page = seedsmith("man").stdout
    for part in ('.TH "SEEDSMITH" "1"', ".SS run [FLAGS]", ".SS sessions export", "\\fB\\-\\-max\\-turns N"):
        assert part.replace("[FLAGS]", "[OPTIONS]") in page, part


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_finds_no_fault(seedsmith):
    page = seedsmith("man").stdout
    command = ("groff", "-man", "-Tutf8", "-ww", "-k")
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    assert done.stderr == "" and "Carry out the task PROMPT in a folder" in done.stdout
