"""Which skills are found, which of two wins, and that a repository's wait for the user's trust."""

from __future__ import annotations

import hashlib
from importlib.metadata import EntryPoint

import pytest
import yaml

from seedsmith.skills.errors import SkillError, UnknownSkill
from seedsmith.skills.loader import Root, load, roots
from seedsmith.skills.scaffold import STARTER
from seedsmith.skills.skill import BUILT_IN, Origin, Skill
from seedsmith.skills.skill_folder import check_unchanged
from seedsmith.skills.trust import TrustStore

SMALLEST = "name: {}\ndescription: Tidies up.\ninstructions: Do it.\n"


@pytest.fixture
def found(tmp_path):
    """Loads the user's and the repository's skills of a small home and workspace."""

    class Found:
        home, workspace = tmp_path / "home", tmp_path / "repo"
        trust = TrustStore(tmp_path / "state")

        def write(self, path, text=None):
            file = tmp_path / path / "skill.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(text or SMALLEST.format(file.parent.name))
            return file

        def load(self):
            return load(roots(self.workspace, self.home)[:5], self.trust)

    return Found()


def test_the_nearer_of_two_wins_and_the_other_is_shown(found):
    found.write("home/.agents/skills/tidy")
    found.write("repo/.agents/skills/tidy")
    near = found.write("repo/.seedsmith/skills/tidy")
    for skill in found.load().untrusted:
        found.trust.trust(skill)
    library = found.load()
    assert library.skills["tidy"].manifest == near
    assert [shadowed.skill.origin for shadowed in library.shadowed] == [Origin.REPOSITORY, Origin.USER]


def test_a_repository_s_skill_waits_for_trust_and_loses_it_with_a_byte(found):
    file = found.write("repo/.claude/skills/tidy")
    (file.parent / "run.sh").write_text("echo 1")
    library = found.load()
    assert not library.skills
    with pytest.raises(UnknownSkill, match="seedsmith skills trust tidy"):
        library.find("tidy")
    found.trust.trust(library.untrusted[0])
    assert found.load().find("tidy").manifest == file
    (file.parent / "run.sh").write_text("echo 2")
    assert [skill.name for skill in found.load().untrusted] == ["tidy"]
    assert found.trust.forget("tidy") == 1


def test_an_untrusted_skill_hides_none_of_the_user_s(found):
    mine = found.write("home/.agents/skills/tidy")
    found.write("repo/.seedsmith/skills/tidy")
    assert found.load().find("tidy").manifest == mine


def test_a_broken_skill_stops_no_other(found):
    found.write("home/.agents/skills/bad", "name: [")
    found.write("home/.agents/skills/collection/inner/good")
    library = found.load()
    assert list(library.skills) == ["good"]
    assert [broken.name for broken in library.broken] == ["bad"]
    with pytest.raises(UnknownSkill, match="'bad' is broken: .*skill.yaml:1:"):
        library.find("bad")


def test_links_out_of_a_repository_are_not_followed(found, tmp_path):
    found.write("elsewhere/tidy")
    root = tmp_path / "repo/.agents/skills"
    root.mkdir(parents=True)
    (root / "tidy").symlink_to(tmp_path / "elsewhere/tidy")
    assert not found.load().untrusted
    user = tmp_path / "home/.agents/skills"
    user.mkdir(parents=True)
    (user / "tidy").symlink_to(tmp_path / "elsewhere/tidy")
    assert list(found.load().skills) == ["tidy"]


def test_the_built_in_skills_are_told_of_without_being_read_and_read_at_their_first_use(found):
    built_in = Root(BUILT_IN, Origin.BUILT_IN)
    library = load([built_in], found.trust)
    told = library.summaries()
    assert [each.name for each in told] == sorted(
        folder.name for folder in BUILT_IN.iterdir() if folder.is_dir()
    )
    assert not any(isinstance(each, Skill) for each in told) and all(each.folder.is_dir() for each in told)
    skill = library.find("fix-bug")
    assert skill.instructions and skill.folder == BUILT_IN / "fix-bug" and library.skills["fix-bug"] is skill
    assert [each.name for each in library.summaries() if isinstance(each, Skill)] == ["fix-bug"]
    assert "nonsense" not in library.skills and len(library.skills) == len(told)


def test_the_user_s_skill_hides_the_built_in_one_of_its_name(found):
    mine = found.write("home/.agents/skills/commit")
    searched = [Root(found.home / ".agents/skills", Origin.USER), Root(BUILT_IN, Origin.BUILT_IN)]
    library = load(searched, found.trust)
    assert library.find("commit").manifest == mine
    assert [each.skill.folder for each in library.shadowed] == [BUILT_IN / "commit"]


def test_a_wrong_name_hears_the_near_ones(found):
    found.write("home/.agents/skills/tidy")
    with pytest.raises(UnknownSkill, match="did you mean 'tidy'"):
        found.load().find("tidi")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', "\0"])
def test_a_damaged_trust_file_trusts_nothing_and_can_be_written_again(found, tmp_path, content):
    found.write("repo/.agents/skills/tidy")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/trusted-skills.json").write_text(content)
    skill = found.load().untrusted[0]
    found.trust.trust(skill)
    assert (tmp_path / "state/trusted-skills.json").stat().st_mode & 0o777 == 0o600
    assert found.load().skills


def test_folders_that_are_not_there_hold_nothing(tmp_path):
    assert not load([Root(tmp_path / "none", Origin.USER)], TrustStore(tmp_path)).skills


def test_trust_covers_every_file_and_no_name_can_stand_for_another(found):
    file = found.write("repo/.agents/skills/tidy")
    folder = file.parent
    inner = hashlib.sha256(b"evil").hexdigest()
    (folder / f"a\n{inner} b.sh").write_bytes(b"x")
    found.trust.trust(found.load().untrusted[0])
    assert found.load().skills
    (folder / f"a\n{inner} b.sh").rename(folder / "a")
    (folder / "b.sh").write_bytes(b"evil")
    assert not found.load().skills
    found.trust.trust(found.load().untrusted[0])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/helper.pyc").write_bytes(b"evil")
    assert not found.load().skills


def test_files_do_not_count_and_too_many_folders_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr("seedsmith.skills.loader._MOST_FOLDERS", 3)
    for name in ("a", "b", "c"):
        (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "root" / name / "skill.yaml").write_text(SMALLEST.format(name))
        (tmp_path / "root" / f"0-{name}.txt").write_text("")
    searched = [Root(tmp_path / "root", Origin.USER)]
    library = load(searched, TrustStore(tmp_path))
    assert list(library.skills) == ["a", "b", "c"] and not library.broken
    (tmp_path / "root/d").mkdir()
    library = load(searched, TrustStore(tmp_path))
    assert list(library.skills) == ["a", "b", "c"]
    assert "holds more than 3 folders" in str(library.broken[0].errors[0])


def test_a_package_that_offers_a_relative_path_is_told_and_not_searched(tmp_path, monkeypatch):
    (tmp_path / "skills/tidy").mkdir(parents=True)
    (tmp_path / "skills/tidy/skill.yaml").write_text(SMALLEST.format("tidy"))
    (tmp_path / "offering_relative.py").write_text("def folder():\n    return 'skills'\n")
    point = EntryPoint("offered", "offering_relative:folder", "seedsmith.skills")
    monkeypatch.setattr("seedsmith.skills.loader.entry_points_of", lambda group: [point])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    library = load(roots(None, None), TrustStore(tmp_path / "state"))
    assert "tidy" not in library.skills
    assert "which is no absolute path" in str(library.broken[0].errors[0])


@pytest.mark.parametrize(
    "manifest", [*BUILT_IN.glob("*/skill.yaml"), STARTER / "skill.yaml"], ids=lambda path: path.parent.name
)
def test_our_manifests_are_yaml_for_the_reader_in_pure_python_too(manifest):
    assert yaml.load(manifest.read_text(encoding="utf-8"), yaml.SafeLoader)["tests"]


def test_nothing_runs_of_a_skill_that_changed_since_it_was_trusted(found):
    file = found.write("repo/.agents/skills/tidy")
    found.trust.trust(found.load().untrusted[0])
    skill = found.load().find("tidy")
    check_unchanged(skill)
    (file.parent / "guard.sh").write_text("exit 0")
    with pytest.raises(SkillError, match="was changed since it was trusted"):
        check_unchanged(skill)
