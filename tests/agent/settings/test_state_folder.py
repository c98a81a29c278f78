"""The state folder is the user's own, and nobody else writes in it."""

from __future__ import annotations

import os

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.state_folder import prepare_state


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_a_new_one_is_private(tmp_path, work):
    assert prepare_state(tmp_path / "a/state", work).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
@pytest.mark.parametrize("inner", ["", "sessions"])
def test_one_that_others_may_write_is_refused(tmp_path, work, mode, inner):
    home = tmp_path / "state"
    (home / "sessions").mkdir(parents=True, mode=0o700)
    (home / inner).chmod(mode)
    with pytest.raises(UsageError, match="Others may write"):
        prepare_state(home, work)


def test_one_that_others_may_read_is_taken(tmp_path, work):
    (tmp_path / "state").mkdir(mode=0o755)
    assert prepare_state(tmp_path / "state", work)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only it gives folders away")
def test_one_of_another_user_is_refused(tmp_path, work):
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 65534, 65534)
    with pytest.raises(UsageError, match="another user"):
        prepare_state(tmp_path / "state", work)


def test_sessions_that_are_a_link_elsewhere_are_refused(tmp_path, work):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state/sessions").symlink_to(work)
    with pytest.raises(UsageError, match="link"):
        prepare_state(tmp_path / "state", work)


def test_one_that_can_not_be_made_names_the_way_out(tmp_path, work):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/state: Not a directory\. SEEDSMITH_HOME names another\.$"):
        prepare_state(tmp_path / "file/state", work)
