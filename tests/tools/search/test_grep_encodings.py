"""grep finds what a pattern means in files of any encoding, and says which it is."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedsmith.tools.search.grep
from seedsmith.tools.content.encodings import detect
from seedsmith.tools.search.legacy_encodings import across_stray_bytes, ripgrep_name

CHINESE = "第一行：今天天气很好，我们去公园。\nprint('中文 needle 结果')\n最后一行没有内容\n"
JAPANESE = "一行目：これはテストです。\nprint('日本語 needle の文字列')\nおわりの行でした\n"
FRENCH = "première ligne\nprint('café needle à la crème')\nvoilà, c'est terminé\n"

FILES = {
    # Name: text, codec, the pattern that means its second line, and the label in the result.
    "gbk.py": (CHINESE, "gbk", "中文", "gbk"),
    "sjis.py": (JAPANESE, "cp932", "日本語", "shift_jis"),
    "eucjp.py": (JAPANESE, "euc_jp", "日本語", "euc_jp"),
    "latin.py": (FRENCH, "latin-1", "café", "latin-1"),
    "utf16.py": (CHINESE, "utf-16", "中文", "utf-16-le with BOM"),
    "utf8.py": (CHINESE, "utf-8", "中文", ""),
    "bom.py": (CHINESE, "utf-8-sig", "中文", ""),
}


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("path", [".", "sub", "sub/{name}"])
async def test_a_file_is_searched_and_shown_in_its_own_encoding(bench, name, path):
    text, codec, pattern, label = FILES[name]
    bench.put(f"sub/{name}", text.encode(codec))
    bench.put("sub/other.txt", "nothing here\n")
    result = await bench.call("grep", pattern=pattern, path=path.replace("{name}", name))
    head = f"sub/{name} [{label}]" if label else f"sub/{name}"
    assert result.text == f"{head}\n2:{text.splitlines()[1]}"
    assert result.data.get("encodings", {}) == ({f"sub/{name}": label} if label else {})


async def test_one_search_finds_all_encodings_sorted_by_path(bench):
    for name, (text, codec, _, _) in FILES.items():
        bench.put(f"sub/{name}", text.encode(codec))
    result = await bench.call("grep", pattern="中文|日本語|café")
    assert result.data["matches"] == result.data["files"] == len(FILES)
    heads = [line.split(" [")[0] for line in result.text.splitlines() if line.startswith("sub/")]
    assert heads == [f"sub/{name}" for name in sorted(FILES)]
    assert "\\x{" not in result.text and "\\u{" not in result.text


GREPS = [
    ({"pattern": "needle"}, 7),
    ({"pattern": "NEEDLE", "ignore_case": True}, 7),
    ({"pattern": "[中日]"}, 6),
    ({"pattern": "(?:中|日本).* needle"}, 6),
    ({"pattern": r"\p{Hiragana}{3}"}, 4),
    ({"pattern": r"\u{4e2d}文"}, 4),
    ({"pattern": "CAFÉ", "ignore_case": True}, 1),
    ({"pattern": "CAFÉ"}, 0),
    ({"pattern": "^[^ -~，]+$", "glob": "gbk.*"}, 1),
    ({"pattern": "中文", "glob": "sjis.*"}, 0),
    ({"pattern": "^最后|^おわり"}, 6),
]


@pytest.mark.parametrize(("arguments", "matches"), GREPS)
async def test_patterns_mean_characters_not_bytes(bench, arguments, matches):
    for name, (text, codec, _, _) in FILES.items():
        bench.put(name, text.encode(codec))
    assert (await bench.call("grep", **arguments)).data["matches"] == matches


ACROSS = [
    # A pattern of ASCII alone, and in how many of FILES it is found in one line.
    ("print.*needle", 7),
    (r"print\('[^']*needle", 7),
    (r"^p.+?needle.+\)$", 7),
    (r"print\('.. needle", 3),
    (r"^[^\s]+ needle", 3),
    ("print[.]*needle", 0),
    (r"print\.*needle", 0),
    ("print[a.*]needle", 0),
    ("(?x) print .* needle", 3),
]


@pytest.mark.parametrize(("pattern", "files"), ACROSS)
async def test_a_pattern_of_ascii_reaches_across_characters_of_any_encoding(bench, pattern, files):
    for name, (text, codec, _, _) in FILES.items():
        bench.put(name, text.encode(codec))
    assert (await bench.call("grep", pattern=pattern)).data["matches"] == files


@pytest.mark.parametrize(
    ("pattern", "changed"),
    [
        ("a.b", "a.b"),
        ("a.*", r"a(?:.|(?-u:[\x80-\xFF]))*"),
        (r"[^\]x]+?", r"(?:[^\]x]|(?-u:[\x80-\xFF]))+?"),
        ("[^中]*", "[^中]*"),
        (r"[^\s]*", r"[^\s]*"),
        (r"[^]x]*", r"(?:[^]x]|(?-u:[\x80-\xFF]))*"),
        (r"[^[:alpha:]]*", r"(?:[^[:alpha:]]|(?-u:[\x80-\xFF]))*"),
        (r"[.*]\.*\[.*", r"[.*]\.*\[(?:.|(?-u:[\x80-\xFF]))*"),
        ("[a[.*]]", "[a[.*]]"),
        ("(?x) a .* b", "(?x) a .* b"),
        ("(?i-u).*", "(?i-u).*"),
        (".{2}*", ".{2}*"),
        ("[a", "[a"),
        ("\\", "\\"),
    ],
)
def test_only_what_repeats_is_let_run_over_stray_bytes(pattern, changed):
    assert across_stray_bytes(pattern) == changed


async def test_context_lines_are_decoded_and_gaps_shown(bench):
    lines = [f"第{number}行的内容在这里" for number in range(1, 12)]
    lines[2] = lines[8] = "中文中文在这里"
    bench.put("a.txt", "\n".join(lines).encode("gbk"))
    result = await bench.call("grep", pattern="中文", context=1)
    assert result.text.splitlines() == [
        "a.txt [gbk]",
        "2-第2行的内容在这里",
        "3:中文中文在这里",
        "4-第4行的内容在这里",
        "--",
        "8-第8行的内容在这里",
        "9:中文中文在这里",
        "10-第10行的内容在这里",
    ]


async def test_ignored_binary_and_linked_files_stay_out(bench, tmp_path):
    (tmp_path / "outside.txt").write_bytes(CHINESE.encode("gbk"))
    bench.put(".gitignore", "ignored.txt\n")
    bench.put("ignored.txt", CHINESE.encode("gbk"))
    bench.put("binary", CHINESE.encode("gbk") + b"\0")
    (bench.root / "link").symlink_to(tmp_path / "outside.txt")
    result = await bench.call("grep", pattern="中文")
    assert result.data["matches"] == 0


async def test_a_pattern_of_ascii_is_one_run_of_ripgrep(bench, monkeypatch):
    runs = []
    run = seedsmith.tools.search.grep.run_ripgrep

    async def counted(*arguments, **options):
        runs.append(arguments)
        return await run(*arguments, **options)

    monkeypatch.setattr(seedsmith.tools.search.grep, "run_ripgrep", counted)
    monkeypatch.setattr(seedsmith.tools.search.legacy_encodings, "run_ripgrep", counted)
    bench.put("gbk.txt", CHINESE.encode("gbk"))
    result = await bench.call("grep", pattern="needle")
    assert len(runs) == 1 and result.text == "gbk.txt [gbk]\n2:print('中文 needle 结果')"
    await bench.call("grep", pattern="中文")
    assert len(runs) == 4


async def test_more_files_than_can_be_open_are_counted_as_left_out(bench, monkeypatch):
    monkeypatch.setattr(seedsmith.tools.search.grep, "_MOST_LEGACY_FILES", 3)
    for number in range(5):
        bench.put(f"{number}.txt", CHINESE.encode("gbk"))
    result = await bench.call("grep", pattern="中文")
    assert result.data == {
        "matches": 3,
        "files": 3,
        "complete": False,
        "encodings": {f"{number}.txt": "gbk" for number in range(3)},
    }
    assert "there are more" in result.text


async def test_a_wrong_pattern_is_refused_as_ever(bench):
    bench.put("gbk.txt", CHINESE.encode("gbk"))
    with pytest.raises(seedsmith.tools.base.ToolError, match="does not work: unclosed group"):
        await bench.call("grep", pattern="(中")


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text("éàüçñ中文字あいうア" + "ab ", min_size=1, max_size=12),
    st.sampled_from(["gbk", "cp932", "latin-1"]),
)
async def test_every_file_taken_for_a_legacy_one_is_found_in_it(bench, words, codec):
    try:
        data = f"x {words} y\n".encode(codec)
    except UnicodeEncodeError:
        return
    encoding = detect(data)
    if encoding is None or not ripgrep_name(encoding):
        return
    bench.put("a.txt", data)
    meant = encoding.decode(data).strip()
    if not meant.isprintable():  # control codes of latin-1, which ripgrep reads as those of windows-1252
        return
    result = await bench.call("grep", pattern=meant.replace(" ", r"\x20"))
    assert result.data["matches"] == 1 and f"1:{meant}" in result.text
