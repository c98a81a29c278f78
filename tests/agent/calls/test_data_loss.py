"""What a command could destroy is told from its words."""

import pytest

from seedsmith.agent.calls.data_loss import in_command

BIG, OTHER = "data/big.bin", "other.bin"


@pytest.mark.parametrize(
    ("command", "files", "reached"),
    [
        ("rm -rf data", "all", [BIG]),
        ("rm -rf build && make", "all", []),
        ("rm data/*.bin", "all", [BIG]),
        ("rm -rf *", "all", [BIG, OTHER]),
        ("rm -rf ./", "all", [BIG, OTHER]),
        ("cd data && rm -f big.bin", "all", [BIG]),
        ("cd data; rm -rf ..", "all", [BIG, OTHER]),
        ("cd $X && rm -rf y", "all", [BIG, OTHER]),
        ('rm -rf "$OUT"', "all", [BIG, OTHER]),
        ("ls | xargs rm", "all", [BIG, OTHER]),
        ("find data -name '*.bin' -delete", "all", [BIG]),
        ("find . -exec rm {} ';'", "all", [BIG, OTHER]),
        ("FOO=1 sudo rm other.bin", "all", [OTHER]),
        ("if true; then rm other.bin; fi", "all", [OTHER]),
        ("git clean -fdx", "untracked", [BIG, OTHER]),
        ("git -C . reset --hard HEAD~1", "tracked", [BIG, OTHER]),
        ("git checkout -- .", "tracked", [BIG, OTHER]),
        ("git stash drop; git branch -D side", "none", []),
        ("git stash -u", "all", [BIG, OTHER]),
        ("cd data && bash -ec 'cd .. && rm -rf data'", "all", [BIG]),
        ("rm -rf 'unbalanced", "all", [BIG, OTHER]),
    ],
)
def test_what_a_command_could_destroy(command, files, reached):
    found = in_command(command)
    assert found.files == files
    if files != "none":
        assert [path for path in (BIG, OTHER) if found.reaches(path)] == reached


@pytest.mark.parametrize(
    "command",
    ["ls", "git status", "git reset HEAD a", "echo 'no'; make", "npm run format", "git branch x", "it's"],
)
def test_others_destroy_nothing(command):
    assert in_command(command) is None
