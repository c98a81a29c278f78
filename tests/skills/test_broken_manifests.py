"""Manifests with one fault: each gets one sentence that names line, column and key."""

from __future__ import annotations

import pytest

from seedsmith.skills.skill import Origin
from seedsmith.skills.skill_folder import read_skill

OWN = "name: tidy\ndescription: Tidies up.\ninstructions: Do it.\n"
CASES = {
    "key twice": (OWN + "name: tidy\n", "4:1 has the key 'name' twice"),
    "nested key twice": (OWN + "budget:\n  turns: 1\n  turns: 2\n", "6:3 has the key 'turns' twice"),
    "misspelt": (OWN + "parameter: {}\n", "4:1 'parameter' is no key here (did you mean 'parameters'?)"),
    "unknown": (
        OWN + "zzz: 1\n",
        "4:1 'zzz' is no key here; there are name, version, description, license, triggers,",
    ),
    "case": (OWN + "Tools: [read]\n", "4:1 'Tools' is no key here (did you mean 'tools'?)"),
    "no name": ("description: d\ninstructions: x\n", "1:1 'name' is missing"),
    "name empty": (
        "name: ''\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name null": ("name:\ndescription: d\ninstructions: x\n", "1:1 'name' must be text"),
    "name upper": (
        "name: Tidy\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name space": (
        "name: tidy up\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name path": (
        "name: ../tidy\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name hyphen": (
        "name: -tidy\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name hyphens": (
        "name: ti--dy\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name long": (
        f"name: {'t' * 65}\ndescription: d\ninstructions: x",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name reserved": (
        "name: all\ndescription: d\ninstructions: x\n",
        "1:1 'name' must not be 'all': that word is reserved",
    ),
    "name reserved new": (
        "name: new\ndescription: d\ninstructions: x\n",
        "1:1 'name' must not be 'new': that word is reserved",
    ),
    "name number": ("name: 3\ndescription: d\ninstructions: x\n", "1:1 'name' must be text: write \"3\""),
    "name unicode": (
        "name: 整理\ndescription: d\ninstructions: x\n",
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "name newline": (
        'name: "tidy\\n"\ndescription: d\ninstructions: x\n',
        "1:1 'name' must be at most 64 lower-case letters, digits and single hyphens between them",
    ),
    "no description": ("name: tidy\ninstructions: x\n", "1:1 'description' is missing"),
    "blank description": ("name: tidy\ndescription: ' '\ninstructions: x\n", "2:1 'description' is empty"),
    "long description": (
        f"name: tidy\ndescription: {'d' * 1025}\ninstructions: x",
        "2:1 'description' must be at most 1024 characters long, it has 1025",
    ),
    "description list": ("name: tidy\ndescription: [d]\ninstructions: x\n", "2:1 'description' must be text"),
    "description bool": (
        "name: tidy\ndescription: yes\ninstructions: x\n",
        "2:1 'description' must be text: put it in quotes",
    ),
    "no instructions": ("name: tidy\ndescription: d\n", "1:1 'instructions' is missing"),
    "blank instructions": ("name: tidy\ndescription: d\ninstructions: ' '\n", "3:1 'instructions' is empty"),
    "instructions number": (
        "name: tidy\ndescription: d\ninstructions: 3\n",
        "3:1 'instructions' must be text: write \"3\"",
    ),
    "instructions list": (
        "name: tidy\ndescription: d\ninstructions: [x]\n",
        "3:1 'instructions' must be text",
    ),
    "instructions long": (
        f"name: tidy\ndescription: d\ninstructions: {'x' * 100_001}",
        "3:1 'instructions' must be at most 100000 characters long, it has 100001",
    ),
    "instructions key": (
        "name: tidy\ndescription: d\ninstructions: {path: x}\n",
        "3:1 'instructions.file' is missing",
    ),
    "instructions gone": (
        "name: tidy\ndescription: d\ninstructions: {file: gone.md}\n",
        "3:16 names 'gone.md', which is not in the skill's folder",
    ),
    "instructions outside": (
        "name: tidy\ndescription: d\ninstructions: {file: ../x.md}\n",
        "3:16 'instructions.file' holds '../x.md': give a path inside the skill's folder, with '/'",
    ),
    "instructions folder": (
        "name: tidy\ndescription: d\ninstructions: {file: folder}\n",
        "3:16 names 'folder', which can't be read: folder is a folder, not a regular file.",
    ),
    "instructions empty file": (
        "name: tidy\ndescription: d\ninstructions: {file: empty.md}\n",
        "3:16 names 'empty.md', which is empty",
    ),
    "instructions not utf-8": (
        "name: tidy\ndescription: d\ninstructions: {file: latin.md}\n",
        "1:6 is not UTF-8 here; save it as UTF-8",
    ),
    "version number": (OWN + "version: 1.0\n", "4:1 'version' must be text: write \"1.0\" in quotes"),
    "version empty": (OWN + "version: ''\n", "4:1 'version' must not be empty"),
    "version long": (
        OWN + f"version: '{'1' * 41}'",
        "4:1 'version' must be at most 40 characters long, it has 41",
    ),
    "license list": (OWN + "license: [MIT]\n", "4:1 'license' must be text"),
    "trigger blank": (OWN + "triggers: [a, ' ']\n", "4:15 'triggers[1]' is empty"),
    "triggers many": (
        OWN + f"triggers: [{'a,' * 21}]",
        "4:1 'triggers' must have at most 20 entries, it has 21",
    ),
    "triggers text": (OWN + "triggers: tidy\n", "4:1 'triggers' must be a list"),
    "tools text": (OWN + "tools: read\n", "4:1 'tools' must be a list"),
    "tools none": (OWN + "tools: []\n", "4:1 'tools' must not be empty"),
    "tools number": (OWN + "tools: [1]\n", "4:9 'tools[0]' must be text: write \"1\""),
    "requires number": (OWN + "requires: [1]\n", "4:12 'requires[0]' must be text: write \"1\""),
    "requires mapping": (OWN + "requires: {git: 1}\n", "4:1 'requires' must be a list"),
    "file absolute": (
        OWN + "files: [/etc/passwd]\n",
        "4:9 'files[0]' holds '/etc/passwd': give a path inside the skill's folder, with '/'",
    ),
    "file up": (
        OWN + "files: [a/../../b]\n",
        "4:9 'files[0]' holds 'a/../../b': give a path inside the skill's folder, with '/'",
    ),
    "file home": (
        OWN + "files: ['~/.ssh/id']\n",
        "4:9 'files[0]' holds '~/.ssh/id': give a path inside the skill's folder, with '/'",
    ),
    "file backslash": (
        OWN + "files: ['a\\b']\n",
        "4:9 'files[0]' holds 'a\\\\b': give a path inside the skill's folder, with '/'",
    ),
    "file nul": (
        OWN + 'files: ["a\\0b"]\n',
        "4:9 'files[0]' holds 'a\\x00b': give a path inside the skill's folder, with '/'",
    ),
    "file empty": (
        OWN + "files: ['']\n",
        "4:9 'files[0]' holds '': give a path inside the skill's folder, with '/'",
    ),
    "file gone": (OWN + "files: [gone.md]\n", "4:9 names 'gone.md', which is not in the skill's folder"),
    "file link": (OWN + "files: [link.md]\n", "4:9 names 'link.md', which leads out of the skill's folder"),
    "file link chain": (
        OWN + "files: [away/x.md]\n",
        "4:9 names 'away/x.md', which leads out of the skill's folder",
    ),
    "parameters list": (OWN + "parameters: [p]\n", "4:1 'parameters' must be a mapping"),
    "parameter upper": (
        OWN + "parameters:\n  P: {}\n",
        "5:3 'parameters.P' must be a name of lower-case letters, digits and '_', beginning with a letter",
    ),
    "parameter hyphen": (
        OWN + "parameters:\n  a-b: {}\n",
        "5:3 'parameters.a-b' must be a name of lower-case letters, digits and '_', beginning with a letter",
    ),
    "parameter null": (OWN + "parameters:\n  p:\n", "5:3 'parameters.p' must be a mapping"),
    "parameter type": (
        OWN + "parameters:\n  p: {type: int}\n",
        "5:7 'parameters.p.type' must be one of 'string', 'integer', 'number', 'boolean',",
    ),
    "parameter key": (
        OWN + "parameters:\n  p: {desc: x}\n",
        "5:7 'parameters.p.desc' is no key here; there are type, description, required, default, choices",
    ),
    "parameter required default": (
        OWN + "parameters:\n  p: {required: true, default: a}\n",
        "5:3 'parameters.p' is required and has a default: leave one of them out",
    ),
    "parameter default type": (
        OWN + "parameters:\n  p: {type: integer, default: a}\n",
        "5:3 'parameters.p' has 'a' in default, which is no integer",
    ),
    "parameter choices empty": (
        OWN + "parameters:\n  p: {choices: []}\n",
        "5:7 'parameters.p.choices' must not be empty",
    ),
    "parameter choices type": (
        OWN + "parameters:\n  p: {type: boolean, choices: [1]}\n",
        "5:3 'parameters.p' has 1 in choices, which is no boolean",
    ),
    "parameter default not choice": (
        OWN + "parameters:\n  p: {choices: [a], default: b}\n",
        "5:3 'parameters.p' has the default 'b', which is not among its choices",
    ),
    "parameter required word": (
        OWN + "parameters:\n  p: {required: maybe}\n",
        "5:7 'parameters.p.required' must be true or false",
    ),
    "parameter infinite": (
        OWN + "parameters:\n  p: {type: number, default: .inf}\n",
        "5:21 'parameters.p.default' must be a finite number",
    ),
    "parameter long name": (
        OWN + f"parameters:\n  {'p' * 41}: {{}}",
        "5:3 'parameters.ppppppppppppppppppppppppppppppppppppppppp' must be at most 40",
    ),
    "command no argv": (OWN + "commands:\n  c:\n    description: d\n", "5:3 'commands.c.argv' is missing"),
    "command argv text": (
        OWN + "commands:\n  c:\n    description: d\n    argv: rm -rf .\n",
        "7:5 'commands.c.argv' must be a list",
    ),
    "command argv empty": (
        OWN + "commands:\n  c:\n    description: d\n    argv: []\n",
        "7:5 'commands.c.argv' must not be empty",
    ),
    "command argv number": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [head, -1]\n",
        "7:18 'commands.c.argv[1]' must be text: write \"-1\"",
    ),
    "command program parameter": (
        OWN + "commands:\n  c:\n    description: d\n    argv: ['{p}']\n    parameters: {p: {}}\n",
        "5:3 'commands.c' must begin its argv with a program, not with a parameter",
    ),
    "command blank program": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [' ']\n",
        "5:3 'commands.c' must begin its argv with a program, not with a parameter",
    ),
    "command placeholder": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls, '{where}']\n",
        "5:3 'commands.c' uses {where} in its argv, which is none of its parameters",
    ),
    "command nul": (
        OWN + 'commands:\n  c:\n    description: d\n    argv: [ls, "\\0"]\n',
        "5:3 'commands.c' holds a NUL character in its argv",
    ),
    "command skill parameter": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    parameters: {skill: {}}\n",
        "5:3 'commands.c' must not call a parameter 'skill': {skill} is the skill's folder",
    ),
    "command timeout 0": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    timeout: 0\n",
        "8:5 'commands.c.timeout' must be at least 1",
    ),
    "command timeout long": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    timeout: 3601\n",
        "8:5 'commands.c.timeout' must be at most 3600",
    ),
    "command timeout text": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    timeout: 1m\n",
        "8:5 'commands.c.timeout' must be a whole number",
    ),
    "command timeout half": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    timeout: 1.5\n",
        "8:5 'commands.c.timeout' must be a whole number",
    ),
    "command read_only": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    read_only: 1\n",
        "8:5 'commands.c.read_only' must be true or false",
    ),
    "command key": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    readonly: true\n",
        "8:5 'commands.c.readonly' is no key here (did you mean 'read_only'?)",
    ),
    "command name": (
        OWN + "commands:\n  a b: {description: d, argv: [ls]}\n",
        "5:3 'commands.a b' must be a name of lower-case letters, digits and '_', beginning with a letter",
    ),
    "command shell": (
        OWN + "commands:\n  c:\n    description: d\n    argv: [ls]\n    shell: true\n",
        "8:5 'commands.c.shell' is no key here; there are description, parameters, argv, timeout, read_only",
    ),
    "model effort": (
        OWN + "model: {effort: extreme}\n",
        "4:9 'model.effort' must be one of 'minimal', 'low', 'medium' or 'high'",
    ),
    "model temperature": (OWN + "model: {temperature: 2.5}\n", "4:9 'model.temperature' must be at most 2.0"),
    "model top_p": (OWN + "model: {top_p: -0.1}\n", "4:9 'model.top_p' must be at least 0.0"),
    "model nan": (OWN + "model: {temperature: .nan}\n", "4:9 'model.temperature' must be a finite number"),
    "model name": (
        OWN + "model: {name: gpt}\n",
        "4:9 'model.name' is no key here; there are effort, temperature, top_p, max_output_tokens",
    ),
    "model tokens": (
        OWN + "model: {max_output_tokens: 0}\n",
        "4:9 'model.max_output_tokens' must be at least 1",
    ),
    "budget zero": (OWN + "budget: {turns: 0}\n", "4:10 'budget.turns' must be at least 1"),
    "budget cost": (OWN + "budget: {cost: 0}\n", "4:10 'budget.cost' must be greater than 0.0"),
    "budget negative": (OWN + "budget: {seconds: -1}\n", "4:10 'budget.seconds' must be greater than 0.0"),
    "budget text": (OWN + "budget: {tokens: many}\n", "4:10 'budget.tokens' must be a whole number"),
    "budget word": (
        OWN + "budget: {time: 3}\n",
        "4:10 'budget.time' is no key here; there are turns, tokens, cost, seconds",
    ),
    "budget number": (OWN + "budget: 3\n", "4:1 'budget' must be a mapping"),
    "verify blank": (OWN + "verify: ''\n", "4:1 'verify' is empty"),
    "verify list": (OWN + "verify: [pytest, -q]\n", "4:1 'verify' must be text"),
    "verify placeholder": (
        OWN + "verify: pytest {where}\n",
        "4:1 'verify' uses {where}, which is none of the parameters",
    ),
    "verify nul": (OWN + 'verify: "a\\0b"\n', "4:1 'verify' holds a NUL character"),
    "hooks list": (OWN + "hooks: [a]\n", "4:1 'hooks' must be a mapping"),
    "hook event": (
        OWN + "hooks:\n  before_tools: [{argv: [a]}]\n",
        "5:3 'hooks.before_tools' is no key here (did you mean 'before_tool'?)",
    ),
    "hook argv": (
        OWN + "hooks:\n  before_tool: [{tools: [read]}]\n",
        "5:17 'hooks.before_tool[0].argv' is missing",
    ),
    "hook no list": (OWN + "hooks:\n  before_tool: {argv: [a]}\n", "5:3 'hooks.before_tool' must be a list"),
    "hook tools": (
        OWN + "hooks:\n  session_start: [{argv: [a], tools: [read]}]\n",
        "4:1 'hooks' names tools under session_start, which is about no tool",
    ),
    "hook timeout": (
        OWN + "hooks:\n  before_finish: [{argv: [a], timeout: 601}]\n",
        "5:31 'hooks.before_finish[0].timeout' must be at most 600",
    ),
    "hook argv empty": (
        OWN + "hooks:\n  after_tool: [{argv: []}]\n",
        "5:17 'hooks.after_tool[0].argv' must not be empty",
    ),
    "tests mapping": (OWN + "tests: {name: t}\n", "4:1 'tests' must be a list"),
    "test no name": (OWN + "tests: [{prompt: x}]\n", "4:9 'tests[0].name' is missing"),
    "test twice": (
        OWN + "tests: [{name: t}, {name: t}]\n",
        "4:21 'tests[1].name' is 't', as an earlier test is called",
    ),
    "test workspace gone": (
        OWN + "tests: [{name: t, workspace: gone}]\n",
        "4:19 names 'gone', which is not in the skill's folder",
    ),
    "test workspace outside": (
        OWN + "tests: [{name: t, workspace: ../..}]\n",
        "4:19 'tests[0].workspace' holds '../..': give a path inside the skill's folder, with '/'",
    ),
    "test recording outside": (
        OWN + "tests: [{name: t, recording: /tmp/x}]\n",
        "4:19 'tests[0].recording' holds '/tmp/x': give a path inside the skill's folder, with '/'",
    ),
    "test uncommitted gone": (
        OWN + "tests: [{name: t, uncommitted: gone}]\n",
        "4:19 names 'gone', which is not in the skill's folder",
    ),
    "test changed outside": (
        OWN + "tests: [{name: t, changed: [../x]}]\n",
        "4:29 'tests[0].changed[0]' holds '../x': give a path inside the skill's folder, with '/'",
    ),
    "test changed text": (
        OWN + "tests: [{name: t, changed: a.py}]\n",
        "4:19 'tests[0].changed' must be a list",
    ),
    "test says number": (
        OWN + "tests: [{name: t, says: [3]}]\n",
        "4:26 'tests[0].says[0]' must be text: write \"3\"",
    ),
    "test budget": (
        OWN + "tests: [{name: t, budget: {trns: 1}}]\n",
        "4:28 'tests[0].budget.trns' is no key here (did you mean 'turns'?)",
    ),
    "test verify blank": (OWN + "tests: [{name: t, verify: ' '}]\n", "4:19 'tests[0].verify' is empty"),
    "test git word": (OWN + "tests: [{name: t, git: maybe}]\n", "4:19 'tests[0].git' must be true or false"),
    "test parameter name": (
        OWN + "tests: [{name: t, parameters: {A: 1}}]\n",
        "4:32 'tests[0].parameters.A' must be a name of lower-case letters, digits and '_',",
    ),
    "test name long": (
        OWN + f"tests: [{{name: {'t' * 101}}}]",
        "4:10 'tests[0].name' must be at most 100 characters long, it has 101",
    ),
    "test key": (
        OWN + "tests: [{name: t, verfy: x}]\n",
        "4:19 'tests[0].verfy' is no key here (did you mean 'verify'?)",
    ),
}


@pytest.mark.parametrize(("text", "said"), CASES.values(), ids=CASES)
def test_each_gets_one_located_sentence(folders, tmp_path, text, said):
    files = {"skill.yaml": text, "empty.md": "", "latin.md": b"# caf\xe9", "folder/inside.md": "x"}
    folder = folders.write(files)
    (tmp_path / "outside.md").write_text("s")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / "away").symlink_to(tmp_path)
    broken = read_skill(folder, Origin.USER)
    first, *more = folders.errors(broken)
    assert first.startswith(said)
    assert not more or text == CASES["instructions key"][0], "one fault, one sentence"
    assert all(len(str(each).splitlines()) == 1 for each in broken.errors)
