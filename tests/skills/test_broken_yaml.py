"""Files that are no manifest at all, or no YAML: each gets one located sentence."""

from __future__ import annotations

import pytest

from seedsmith.skills.skill import Origin
from seedsmith.skills.skill_folder import read_skill

OWN = "name: tidy\ndescription: Tidies up.\ninstructions: Do it.\n"
BOMB = "l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
CASES = {
    "empty": (b"", "1:1 is empty"),
    "only a comment": (b"# nothing\n", "1:1 is empty"),
    "nul": (b"name: tidy\x00\n", "1:11 holds the control character U+0000"),
    "latin-1": (b"name: tidy\ndescription: caf\xe9\n", "2:17 is not UTF-8 here; save it as UTF-8"),
    "utf-16": (
        b"\xff\xfen\x00a\x00m\x00e\x00:\x00 \x00t\x00i\x00d\x00y\x00\n\x00",
        "1:1 is not UTF-8 here; save it as UTF-8",
    ),
    "not utf-8 after Chinese": (
        b"name: tidy\ndescription: \xe6\x95\xb4\xe7\x90\x86\xff\n",
        "2:20 is not UTF-8 here; save it as UTF-8",
    ),
    "lone surrogate": (
        b"name: tidy\ndescription: \xed\xa0\x80\n",
        "2:14 is not UTF-8 here; save it as UTF-8",
    ),
    "too large": (b"#" * 300_000, "1:1 is larger than 256 KiB"),
    "a list": (b"- name: tidy\n", "1:1 the manifest must be a mapping"),
    "a text": (b"tidy", "1:1 the manifest must be a mapping"),
    "a number": (b"42\n", "1:1 the manifest must be a mapping"),
    "null": (b"null\n", "1:1 is empty"),
    "two documents": (
        b"name: tidy\n---\nname: tidy\n",
        "2:1 is not YAML: a second document begins: a manifest is one",
    ),
    "bell": (b"name: tidy\ndescription: a\x07b\n", "2:15 holds the control character U+0007"),
    "escape": (b"name: tidy\ndescription: \x1b[31mred\n", "2:14 holds the control character U+001B"),
    "delete": (b"name: tidy\ndescription: a\x7fb\n", "2:15 holds the control character U+007F"),
    "c1": (b"name: tidy\ndescription: a\xc2\x80b\n", "2:15 holds the control character U+0080"),
    "noncharacter": (b"name: tidy\ndescription: a\xef\xbf\xbeb\n", "2:15 holds the control character U+FFFE"),
    "tab": (
        b"name: tidy\ndescription: d\nparameters:\n\tp: {}\n",
        "4:1 is not YAML: a tab stands where only spaces may: indent with spaces",
    ),
    "tab crlf": (
        b"name: tidy\r\ndescription: d\r\nparameters:\r\n\tp: {}\r\n",
        "4:1 is not YAML: a tab stands where only spaces may: indent with spaces",
    ),
    "crlf": (
        b"name: tidy\r\ndescription: d\r\ninstructions: x\r\nfoo: 1\r\n",
        "4:1 'foo' is no key here; there are name, version, description, license, triggers,",
    ),
    "cr": (
        b"name: tidy\rdescription: d\rinstructions: x\rfoo: 1\r",
        "4:1 'foo' is no key here; there are name, version, description, license, triggers,",
    ),
    "bom": (
        b"\xef\xbb\xbfname: tidy\nfoo: 1\ndescription: d\ninstructions: x\n",
        "2:1 'foo' is no key here; there are name, version, description, license, triggers,",
    ),
    "unclosed quote": (b"name: 'tidy\n", "2:1 is not YAML: found unexpected end of stream"),
    "unclosed list": (b"name: [tidy\n", "2:1 is not YAML: expected ',' or ']', but got '<stream end>'"),
    "unclosed mapping": (b"name: {a: b\n", "2:1 is not YAML: expected ',' or '}', but got '<stream end>'"),
    "bad indentation": (
        b"name: tidy\n  description: d\n",
        "2:14 is not YAML: a second ': ' in one line: put the text in quotes",
    ),
    "at": (b"name: @tidy\n", "1:7 is not YAML: found character '@' that cannot start any token"),
    "backtick": (b"name: `tidy`\n", "1:7 is not YAML: found character '`' that cannot start any token"),
    "percent": (b"%FOO\nname: tidy\n", "2:1 is not YAML: expected '<document start>', but found '<scalar>'"),
    "bad escape": (b'name: "\\q"\n', "1:9 is not YAML: found unknown escape character 'q'"),
    "two colons": (
        b"name: tidy: up\n",
        "1:11 is not YAML: a second ': ' in one line: put the text in quotes",
    ),
    "a word": (b"name: tidy\nwhat\n", "3:1 is not YAML: could not find expected ':'"),
    "question key": (b"? [a]\n: b\n", "1:3 has a key that is no text"),
    "number key": (b"1: x\n", "1:1 has the key 1, which is no text: quote it"),
    "null key": (b"~: x\n", "1:1 has a key that is no text"),
    "true key": (b"true: x\n", "1:1 has the key true, which is no text: quote it"),
    "date key": (b"2026-01-01: x\n", "1:1 'name' is missing"),
    "block end": (b"name: |\ntidy\n", "3:1 is not YAML: could not find expected ':'"),
    "alias of itself": (OWN + "a: &a [*a]\n", "4:4 holds an alias of something it is part of"),
    "alias cycle": (OWN + "a: &a {b: &b [*a]}\n", "4:4 holds an alias of something it is part of"),
    "no anchor": (OWN + "a: *b\n", "4:4 is not YAML: found undefined alias 'b'"),
    "anchor twice is fine but unknown": (
        OWN + "a: [&x 1, &x 2]\n",
        "4:11 is not YAML: an anchor is defined twice",
    ),
    "bomb": (OWN + BOMB, "4:5 holds more than 20000 values, its aliases counted"),
    "merge": (OWN + "a: {<<: {b: 1}}\n", "4:5 merges mappings with <<, which is not read: write them out"),
    "deep": (OWN + "a: " + "[" * 60 + "]" * 60, "4:24 is nested deeper than 20 levels"),
    "very deep": (OWN + "a: " + "[" * 100_000, "4:24 is nested deeper than 20 levels"),
    "very deep and closed": (
        OWN + "a: " + "[" * 100_000 + "]" * 100_000,
        "4:24 is nested deeper than 20 levels",
    ),
    "very deep mappings": (OWN + "a: " + "{a: " * 50_000, "4:84 is nested deeper than 20 levels"),
    "very deep keys": (OWN + "? " * 100_000, "4:43 is nested deeper than 20 levels"),
    "many": (OWN + "a: [" + "1," * 20_001 + "]", "4:39995 holds more than 20000 values, its aliases counted"),
    "python tag": (
        OWN + "a: !!python/object/apply:os.system [ls]\n",
        "4:4 has the tag tag:yaml.org,2002:python/object/apply:os.system, which is not read: plain data only",
    ),
    "own tag": (OWN + "a: !mine x\n", "4:4 has the tag !mine, which is not read: plain data only"),
    "tag on map": (OWN + "a: !mine {b: c}\n", "4:4 has the tag !mine, which is not read: plain data only"),
    "set tag": (
        OWN + "a: !!set {b}\n",
        "4:4 has the tag tag:yaml.org,2002:set, which is not read: plain data only",
    ),
    "binary": (
        OWN + "a: !!binary aGk=\n",
        "4:4 has the tag tag:yaml.org,2002:binary, which is not read: plain data only",
    ),
    "bad int": (OWN + "a: !!int x\n", "4:4 has the value 'x', which is no plain data"),
    "omap": (
        OWN + "a: !!omap [b: 1]\n",
        "4:4 has the tag tag:yaml.org,2002:omap, which is not read: plain data only",
    ),
}


@pytest.mark.parametrize(("text", "said"), CASES.values(), ids=CASES)
def test_each_gets_one_located_sentence(folders, text, said):
    broken = read_skill(folders.write({"skill.yaml": text}), Origin.USER)
    assert folders.errors(broken)[0].startswith(said)
    assert all(len(str(each).splitlines()) == 1 for each in broken.errors)
