"""Pictures from the command line, against a scripted service on loopback."""

from __future__ import annotations

import base64
import json
import zlib
from struct import pack

import pytest
from scripted_endpoint import calls, text


def png():
    """A teal square of 20 pixels, made without Pillow."""

    def chunk(name, content):
        return pack(">I", len(content)) + name + content + pack(">I", zlib.crc32(name + content))

    rows = (b"\0" + b"\x00\x80\x80" * 20) * 20
    head = chunk(b"IHDR", pack(">IIBBBBB", 20, 20, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def pictures(place, environment, endpoint):
    (place / "repo/Bild schirm").mkdir()
    (place / "repo/repo").mkdir()
    for name in ("shot.png", "Bild schirm/截图 1.png", "repo/in.png"):
        (place / "repo" / name).write_bytes(png())
    environment |= {"SEEDSMITH_API_KEY": "k-secret", "SEEDSMITH_BASE_URL": endpoint.base_url}


RUN = ("run", "-C", "repo", "-m", "openai/test")


def sent(endpoint, number=-1):
    """The text and the pictures of a request's last message."""
    content = endpoint.requests[number].body["messages"][-1]["content"]
    if isinstance(content, str):
        return content, 0
    assert all(part["image_url"]["url"] == URL for part in content[1:])
    return content[0]["text"], len(content) - 1


URL = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def test_named_and_pasted_pictures_go_out_and_are_told(seedsmith, endpoint):
    endpoint.script(text("Seen."))
    done = seedsmith(*RUN, r"Like Bild\ schirm/截图\ 1.png?", "--image", "shot.png", "--image", "repo/in.png")
    assert done.returncode == 0, done.stderr
    names = "shot.png, repo/in.png, Bild schirm/截图 1.png"
    prompt = r"Like Bild\ schirm/截图\ 1.png?"
    assert sent(endpoint) == (f"{prompt}\n\nShown with this message, in this order: {names}", 3)
    assert "- Attached shot.png: 20 x 20 pixels, PNG, " in done.stderr
    assert "- Attached Bild schirm/截图 1.png, named in the prompt: 20 x 20 pixels" in done.stderr


def test_json_tells_of_pictures_and_holds_none(seedsmith, endpoint):
    endpoint.script(calls(("view_image", {"path": "in.png"})), text("Seen."))
    done = seedsmith(*RUN, "What is in.png, beside shot.png?", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (notice,) = (event for event in events if event["type"] == "notice")
    assert notice["code"] == "image" and notice["message"].startswith(
        "Attached shot.png, named in the prompt"
    )
    (finished,) = (event for event in events if event["type"] == "tool.finished")
    data = {"path": "in.png", "width": 20, "height": 20, "sent_width": 20, "sent_height": 20}
    assert finished["data"] == data | {"bytes": len(png())}
    assert URL[-40:] not in done.stdout and len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--image", "none.png"), "The picture none.png can't be read: No such file or directory."),
        (("--image", "repo"), "repo is a folder; name a picture in it."),
        (("-m", "local/qwen2.5-coder-1.5b", "--image", "shot.png"), "takes no pictures, so shot.png can't"),
    ],
)
def test_a_picture_that_can_t_be_shown_is_wrong_usage(seedsmith, endpoint, arguments, words):
    done = seedsmith(*RUN, "See.", *arguments)
    assert done.returncode == 2 and done.stdout == "" and words in done.stderr
    assert done.stderr.count("\n") == 1 and not endpoint.requests


def test_no_configuration_can_name_pictures(seedsmith, endpoint, place):
    (place / "repo/repo/.seedsmith").mkdir()
    (place / "repo/repo/.seedsmith/config.yaml").write_text("image: [in.png]\n")
    endpoint.script(text("Seen."))
    done = seedsmith(*RUN, "Hello there.")
    assert done.returncode == 0 and sent(endpoint) == ("Hello there.", 0)
    assert "image" in done.stderr


def test_the_tool_command_tells_what_would_be_shown(seedsmith):
    done = seedsmith("tool", "view_image", '{"path": "in.png"}', "-C", "repo")
    assert (done.returncode, done.stdout) == (0, f"in.png: 20 x 20 pixels, PNG, {len(png())} bytes.\n")
    refused = seedsmith("tool", "view_image", '{"path": "none.png"}', "-C", "repo")
    assert refused.returncode == 1 and "none.png does not exist" in refused.stdout
