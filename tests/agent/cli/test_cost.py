"""``seedsmith cost``: sums over real sessions, forks and helpers counted once, drawings that load nothing."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest
from scripted_endpoint import text

from seedsmith import Agent
from seedsmith.agent.cli.main import main
from seedsmith.agent.frontends import line_wrapping
from seedsmith.agent.frontends.cost_chart import page, svg, table
from seedsmith.agent.sessions.costs import RequestCost, questions, sums

PRICED = "doubao-seed-2.0-code"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state"


@pytest.fixture
def agent(endpoint, home, tmp_path):
    def make(folder="one", **more):
        (tmp_path / folder).mkdir(exist_ok=True)
        address = {"base_url": endpoint.base_url, "api_key": "k", "home": home}
        return Agent(tmp_path / folder, **{"model": f"openai/{PRICED}", **address, **more})

    return make


@pytest.fixture
def cost(capfdbinary):
    def call(*arguments, code=0):
        capfdbinary.readouterr()
        assert main(["cost", *arguments]) == code
        out, errors = capfdbinary.readouterr()
        call.errors = errors.decode()
        return out.decode()

    return call


def rows(printed):
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_rows_fit_the_terminal(columns, endpoint, agent, cost, monkeypatch):
    endpoint.script(text("Done."))
    agent(model="openai/a-model-of-no-known-price").run("One")
    monkeypatch.setattr(line_wrapping, "screen_width", lambda: columns)
    shown = cost("--by", "model")
    assert all(len(line) <= columns for line in shown.splitlines()), shown
    said = " ".join(shown.split())
    assert "a-model-of-no-known-price" in said and "total" in said and "no price known" in said


@pytest.mark.slow
def test_sums_are_those_of_the_sessions(endpoint, agent, cost, tmp_path):
    endpoint.script(*(text("Done.") for _ in range(3)))
    first = agent().run("One")
    agent().run("Two")
    agent("other", model="openai/unpriced").run("Three")
    by_session = {row["session"]: row for row in rows(cost("--by", "session", "--json"))}
    assert len(by_session) == 3
    mine = by_session[first.session]
    assert mine["cost_cny"] == pytest.approx(first.cost_cny)
    assert mine["input_tokens"] + mine["output_tokens"] == first.usage.total_tokens
    one, other = rows(cost("--by", "repository", "--json"))
    assert (one["repository"], one["questions"], one["sessions"]) == (str(tmp_path / "one"), 2, 2)
    assert (other["repository"], other["cost_cny"], other["unpriced"]) == (str(tmp_path / "other"), None, 1)
    (day,) = rows(cost("--json"))
    assert day["questions"] == 3 and day["unpriced"] == 1
    assert len(rows(cost("--by", "model", "--json"))) == 2
    (here,) = rows(cost("-C", "other", "--json"))
    assert here["questions"] == 1
    assert rows(cost("--days", "0", "--json")) == []


@pytest.mark.slow
def test_a_fork_counts_from_where_it_went_on(endpoint, agent, cost):
    endpoint.script(*(text("Done.") for _ in range(3)))
    first = agent().run("One")
    agent(resume=first.session).run("Two")
    agent(fork=first.session).run("Three")
    found = rows(cost("--by", "session", "--json"))
    assert sorted(row["questions"] for row in found) == [1, 2]


@pytest.mark.slow
def test_a_helper_counts_as_its_caller(endpoint, agent, home):
    from scripted_endpoint import calls

    endpoint.script(calls(("task", {"task": "Look."})), text("Found."), text("Done."))
    outcome = agent(subagents=True).run("Look around")
    found = list(questions(home))
    assert {each.session for each in found} == {outcome.session}
    assert sum(each.cost_cny for each in found) == pytest.approx(outcome.cost_cny)


@pytest.mark.slow
def test_damaged_sessions_and_torn_lines_are_left_out(endpoint, agent, cost, home):
    endpoint.script(text("Done."), text("Done."))
    first, second = agent().run("One").session, agent().run("Two").session
    (home / "sessions" / first / "records.jsonl").write_bytes(b"nothing\n")
    with (home / "sessions" / second / "records.jsonl").open("ab") as file:
        file.write(b'{"kind": "usage", "model": "x", "inp')
    assert [row["session"] for row in rows(cost("--by", "session", "--json"))] == [second]


def test_the_table_ends_with_a_total(endpoint, agent, cost):
    assert cost() == "" and "Nothing was asked." in cost.errors
    endpoint.script(text("Done."))
    outcome = agent().run("One")
    head, day, total = cost().splitlines()
    assert head.split() == ["day", "questions", "input", "cached", "output", "cost"]
    assert f"¥{outcome.cost_cny:.4f}" in day and total.startswith("total")


def question(**more):
    told = {"session": "s", "workspace": "/w", "model": "m", "time": 0.0, "estimated": False}
    return RequestCost(
        **{**told, "input_tokens": 10, "cached_tokens": 0, "output_tokens": 1, "cost_cny": 1.0, **more}
    )


def test_bars_go_by_the_cost_and_without_one_by_tokens():
    found = sums([question(model="a"), question(model="b", cost_cny=0.5)], "model")
    assert [line.count("#") for line in table(found, "model", 10, "#")] == [0, 10, 5, 0]
    free = sums([question(cost_cny=None), question(model="b", input_tokens=21, cost_cny=None)], "model")
    assert [line.count("#") for line in table(free, "model", 10, "#")] == [0, 10, 5, 0]
    assert "no price known" in table(free, "model", 0, "")[1]


@pytest.mark.parametrize("name", ["<b>&\"'", "/a/\x1b[31m/\udce4", "x" * 500])
def test_drawings_are_well_formed_whatever_names_hold(name):
    found = sums([question(workspace=name)], "repository")
    drawing = ElementTree.fromstring(svg(found, "repository").encode())
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}rect"))) == 1
    whole = page(found, "repository")
    assert "default-src 'none'" in whole and "<script" not in whole and "<b>" not in whole


def test_a_chart_is_written_by_the_ending_of_its_name(endpoint, agent, cost, tmp_path):
    endpoint.script(text("Done."))
    agent().run("One")
    cost("-o", "cost.svg")
    cost("-o", "cost.html", "--by", "session")
    assert (tmp_path / "cost.svg").read_text().startswith("<svg xmlns")
    assert "<table>" in (tmp_path / "cost.html").read_text()
    cost("-o", "cost.png", code=2)
    assert "ends with .svg or .html" in cost.errors
    cost("-o", "none/cost.svg", code=2)
    assert "can't be written" in cost.errors
