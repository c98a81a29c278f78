import pytest
from templating import render
from templating.nodes import TemplateError


def test_values():
    assert render("Hello {{ user.name }}!", user={"name": "Ann"}) == "Hello Ann!"


def test_loop():
    assert render("{% for x in xs %}{{ index }}:{{ x }} {% end %}", xs="ab") == "1:a 2:b "


def test_condition():
    template = "{% if a %}yes{% end %}{% if not a %}no{% end %}"
    assert render(template, a=[1]) == "yes"
    assert render(template, a=[]) == "no"


def test_unknown_name():
    with pytest.raises(TemplateError, match="unknown name nobody"):
        render("{{ nobody }}")


def test_unbalanced():
    with pytest.raises(TemplateError):
        render("{% if a %}", a=1)
    with pytest.raises(TemplateError):
        render("{% end %}")


def test_table():
    template = "{% for row in rows %}{% for cell in row %}{{ cell }},{% end %}row {{ index }};{% end %}"
    assert render(template, rows=[[1, 2, 3], [4]]) == "1,2,3,row 1;4,row 2;"


def test_title_after_list():
    template = "{% for name in names %}<{{ name }}>{% end %} by {{ name }}"
    assert render(template, name="Bob", names=["x", "y"]) == "<x><y> by Bob"
