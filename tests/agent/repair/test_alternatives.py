"""What a model's answer would begin with, had one of its tokens been another."""

from seedsmith.agent.repair.alternatives import other_beginnings


def told(token: str, **others: float) -> dict:
    """A token as the service tells it, with the likeliest in its place, itself among them."""
    likeliest = {token: -0.1, **{name.replace("_", " "): value for name, value in others.items()}}
    tops = [{"token": name, "logprob": value} for name, value in likeliest.items()]
    return {"token": token, "logprob": -0.1, "top_logprobs": tops}


def test_the_likelier_of_the_other_tokens_comes_first() -> None:
    answer = [told("if", while_=-5.0), told(" a", _b=-2.0, _c=-0.5), told(" <", **{" >": -1.0})]
    assert other_beginnings(answer) == ["if c", "if a >", "if b", "while "]


def test_what_changes_nothing_in_the_line_is_no_other_beginning() -> None:
    answer = [told("x", **{" x": -0.2, "x\n": -0.3, "\n": -0.4, "é": -2.0, "\ufffd": -0.5})]
    assert other_beginnings(answer) == ["é"]


def test_an_answer_without_likelihoods_has_none() -> None:
    assert other_beginnings([]) == []
    assert other_beginnings([{"token": "a"}, {"token": "b", "top_logprobs": None}]) == []
