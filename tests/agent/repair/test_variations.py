import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.repair.functions import Region
from seedsmith.agent.repair.variations import variations_of


def whole(path: str, text: str) -> Region:
    lines = tuple(text.split("\n"))
    return Region(path, "function", tuple(range(1, len(lines) + 1)), lines)


def varied(path: str, text: str, number: int) -> list[str]:
    lines = text.split("\n")
    return [each.of(lines) for each in variations_of(whole(path, text), lines, number)]


@pytest.mark.parametrize(
    ("path", "line", "right"),
    [
        ("a.py", "    return max(days * rate, limit)", "    return min(days * rate, limit)"),
        ("a.c", "while (size >= capacity) {", "while (size > capacity) {"),
        ("a.js", "if (entries[middle].time < time) {", "if (entries[middle].time <= time) {"),
        ("a.py", "if a or b:", "if a and b:"),
        ("a.py", "if a and b:", "if a:"),
        ("a.py", "if a and not b:", "if a and b:"),
        ("a.py", "if a:", "if not (a):"),
        ("a.py", '"^": Operator(30, right=False),', '"^": Operator(30, right=True),'),
        ("a.py", "return year if month == 11 else day", "return year if month == 12 else day"),
        ("a.js", "const index = ++next;", "const index = next++;"),
        ("a.py", "total -= value", "total += value"),
        ("a.py", "if not ready:", "if ready:"),
        ("a.py", "if value:", "if value is not None:"),
        ("a.py", "if not self.size and ready:", "if self.size is None and ready:"),
        ("a.py", "if self.cache.get(key):", "if key in self.cache:"),
        ("a.py", "if not seen.get(name):", "if name not in seen:"),
        ("a.py", "if value is not None:", "if value:"),
        ("a.py", "if value is None:", "if not value:"),
        ("a.py", "return given or 10", "return given if given is not None else 10"),
        ("a.py", 'before = token["before"]', 'before = token.get("before")'),
        ("a.js", "if (value) {", "if (value != null) {"),
        ("a.js", "if (!value) {", "if (value === undefined) {"),
        ("a.py", "return left - right", "return right - left"),
        ("a.py", "return send(to, text)", "return send(text, to)"),
        ("a.py", "return join(first, rest, ends)", "return join(first, rest)"),
        ("a.py", "for i in range(count):", "for i in range(count + 1):"),
        ("a.py", "for i in range(count + 1):", "for i in range(count):"),
        ("a.py", "for i in range(count):", "for i in range(1, count):"),
        ("a.js", "const last = Math.min(pages, first);", "const last = Math.min(pages, first - 1);"),
        ("a.py", "kept = given", "kept = list(given)"),
        ("a.py", "kept = given", "kept = given.copy()"),
        ("a.py", "return len(sorted(names))", "return sorted(names)"),
        ("a.py", "return text.lower().strip()", "return text.strip().lower()"),
        ("a.py", "end = other.end", "end = max(other, other.end)"),
        ("a.go", "if count > limit && open {", "if count > limit {"),
        ("a.go", "if v := next(); v > limit {", "if v := next(); !(v > limit) {"),
        ("a.go", "err := save(item)", "err = save(item)"),
        ("a.go", "if strings.HasPrefix(name, end) {", "if strings.HasSuffix(name, end) {"),
        ("a.rs", "for i in 0..count {", "for i in 0..=count {"),
        ("a.rs", "for i in 0..count {", "for i in 1..count {"),
        ("a.rs", "rest = &rest[end..];", "rest = &rest[end + 1..];"),
        ("a.go", "return a[i] < a[j]", "return a[i] > a[j]"),
        ("a.rs", "if found.is_some() {", "if found.is_none() {"),
        ("a.rs", "Some(n) if n > limit => n,", "Some(n) if n >= limit => n,"),
        ("a.rs", "let kept = given;", "let kept = given.clone();"),
        ("a.py", "return values[::2]", "return values[::1]"),
    ],
)
def test_one_change_within_a_line(path: str, line: str, right: str) -> None:
    assert right in varied(path, line, 1)


def test_what_stands_nearby_may_be_meant() -> None:
    text = "def f(table, key, default):\n    found = table.get(default)\n"
    text += "    if key in table:\n        return found"
    assert text.replace("get(default)", "get(key)") in varied("a.py", text, 2)
    assert text.replace("return found", "return default") in varied("a.py", text, 4)
    assert text.replace("in table:", "in table and default:") not in varied("a.py", text, 3)


def test_a_statement_moves_goes_or_comes() -> None:
    text = "def f(items):\n    total = 0\n    for item in items:\n        total += item\n"
    text += "        seen = item\n    return total"
    lines = text.split("\n")
    assert "\n".join([*lines[:3], *lines[4:]]) in varied("a.py", text, 4), "left out"
    assert "\n".join([*lines[:3], lines[4], lines[3], lines[5]]) in varied("a.py", text, 4), "one down"
    assert "\n".join([*lines[:4], "    seen = item", lines[5]]) in varied("a.py", text, 5), "out of the block"
    assert "\n".join([lines[0], *lines[2:5], lines[1], lines[5]]) in varied("a.py", text, 2), "over a block"
    assert "\n".join([*lines[:4], "        total += item", *lines[4:]]) in varied("a.py", text, 5), "copied"
    assert "\n".join([*lines[:5], "    total += 1", lines[5]]) in varied("a.py", text, 6), "an update"
    guarded = "\n".join([lines[0], "    if not items: return None", *lines[1:]])
    assert guarded in varied("a.py", text, 2), "an early way out"
    behind = "\n".join([*lines[:5], "        total += item", lines[5]])
    assert behind in varied("a.py", text, 5), "a block's last line, too"


def test_braces_are_kept_together() -> None:
    text = "int f(int n) {\n  int sum = 0;\n  if (n > 2) {\n    sum += n;\n  }\n  return sum;\n}"
    lines = text.split("\n")
    assert "\n".join([lines[0], *lines[2:5], lines[1], *lines[5:]]) in varied("a.c", text, 2)
    assert "\n".join([*lines[:2], *lines[5:]]) in varied("a.c", text, 3)
    assert all("}" not in each.split("\n")[1] for each in varied("a.c", text, 2))


def test_what_all_objects_share_becomes_each_ones_own() -> None:
    text = "class Basket:\n    items = []\n\n    def __init__(self, owner):\n        self.owner = owner"
    right = (
        "class Basket:\n\n    def __init__(self, owner):\n        self.owner = owner\n        self.items = []"
    )
    assert right in varied("a.py", text, 2)
    head = "def f(into=[]):\n    into.append(1)"
    right = "def f(into=None):\n    into = [] if into is None else into\n    into.append(1)"
    assert right in varied("a.py", head, 1)


def test_strings_and_comments_are_not_code() -> None:
    assert all(
        "3" in each for each in varied("a.py", "say('1 < 2 and 3')  # 1 < 2", 1) if "say('1 > 2" in each
    )
    assert not any("1 <= 2" in each for each in varied("a.py", "say('1 < 2')", 1))


@given(st.text(alphabet="abc<>=!+-*/&|()[]{}.,;:'\"\\ 019_", max_size=40), st.sampled_from(["a.py", "a.js"]))
def test_any_line_is_varied_without_a_crash_and_never_into_itself(line: str, path: str) -> None:
    found = varied(path, line, 1)
    assert line not in found
    assert len(found) == len(set(found))


def test_go_and_rust_have_their_blocks_in_braces() -> None:
    go = "func f(items []int) int {\n\ttotal := 0\n\treturn items[0]\n}"
    assert go.replace("\treturn", "\tif len(items) == 0 { return 0 }\n\treturn") in varied("a.go", go, 3)
    rust = "fn f(items: &[u8]) -> u8 {\n    let first = 0;\n    return items[first];\n}"
    guarded = rust.replace("    return", "    if items.is_empty() { return 0; }\n    return")
    assert guarded in varied("a.rs", rust, 3)


BESIDE = "def f(items):\n    for item in items:\n        use(item)\n    count = 1\n    return count"
BESIDE_BRACES = "function f(a) {\n  for (const b of a) {\n    use(b);\n  }\n  count += 1;\n  return count;\n}"
APART = "def f(a):\n    if a > 1:\n        b = 1\n    if a > 0:\n        b = 2\n    return b"
EXCLUSIVE = APART.replace("    if a > 0", "    elif a > 0")
EXCLUSIVE_BRACES = "function f(a) {\n  if (a > 1) {\n    b = 1;\n  } else if (a) {\n    b = 2;\n  }\n}"
SWALLOWED = "def f(a):\n    try:\n        g(a)\n    except ValueError:\n        pass"
SWALLOWED_BRACES = "function f(a) {\n  try {\n    g(a);\n  } catch (error) {\n    log(error);\n  }\n}"


@pytest.mark.parametrize(
    ("path", "text", "number", "old", "new"),
    [
        ("a.py", BESIDE, 4, "    count = 1", "        count = 1"),
        ("a.js", BESIDE_BRACES, 5, "  }\n  count += 1;", "    count += 1;\n  }"),
        ("a.py", APART, 4, "    if a > 0", "    elif a > 0"),
        ("a.py", EXCLUSIVE, 2, "    elif a > 0", "    if a > 0"),
        ("a.js", EXCLUSIVE_BRACES, 2, "} else if", "}\n  if"),
        ("a.py", SWALLOWED, 5, "pass", "raise"),
        ("a.js", SWALLOWED_BRACES, 5, "    log(error);", "    log(error);\n    throw error;"),
    ],
)
def test_a_statement_goes_into_a_block_a_condition_excludes_the_next_an_exception_is_passed_on(
    path: str, text: str, number: int, old: str, new: str
) -> None:
    assert text.replace(old, new) in varied(path, text, number)


def test_a_variable_is_given_what_it_is_given_elsewhere() -> None:
    text = "func (r *R) a() {\n\tr.head = (r.head + 1) % r.most\n}\n\n"
    text += "func (r *R) b() {\n\tr.head = r.head + 1\n}"
    lines = text.split("\n")
    region = Region("a.go", "b", (5, 6, 7), tuple(lines[4:7]))
    found = [each.of(lines) for each in variations_of(region, lines, 6)]
    assert text.replace("r.head = r.head + 1", "r.head = (r.head + 1) % r.most") in found


def test_in_rust_a_type_never_stands_for_a_value() -> None:
    text = "fn f(n: Size) -> Size {\n    let kept = n;\n    return Some(kept);\n}"
    assert text.replace("= n", "= kept") in varied("a.rs", text, 2)
    assert text.replace("= n", "= Size") not in varied("a.rs", text, 2)


def test_a_name_nobody_knows_is_only_called() -> None:
    text = "fn f(&self) -> usize {\n    return self.values[0].keys();\n}"
    assert text.replace("keys()", "values()") in varied("a.rs", text, 2)
    assert text.replace("self.values", "self.keys") not in varied("a.rs", text, 2)


@pytest.mark.parametrize(
    ("line", "new", "doubtful"),
    [
        ("    self.cache[key] = value", "    self.cache[key] = value + 1", True),
        ("    end = start", "    end = start - 1", True),
        ("    return count", "    return count + 1", False),
        ("    end = min(start, last)", "    end = min(start + 1, last)", False),
        ("    end = start", "", True),
    ],
)
def test_what_often_passes_without_being_right_is_doubtful(line: str, new: str, doubtful: bool) -> None:
    lines = ["def put(self, key, value, start, last, count):", line, "    return last"]
    region = whole("a.py", "\n".join(lines))
    made = {each.of(lines): each.doubtful for each in variations_of(region, lines, 2)}
    wanted = [lines[0], new, lines[2]] if new else [lines[0], lines[2]]
    assert made["\n".join(wanted)] is doubtful
