"""Documents are read as text by a program in the sandbox; what is broken or missing is one sentence."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import docx
import openpyxl
import pytest

from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.documents import documents


def pdf(*texts: str) -> bytes:
    """A small PDF with a page for each text."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(texts)))
    parts = [
        "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj",
        f"2 0 obj <</Type/Pages/Kids[{kids}]/Count {len(texts)}>> endobj",
        "3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj",
    ]
    for index, text in enumerate(texts):
        content = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        number = 4 + 2 * index
        parts.append(
            f"{number} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {number + 1} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>> endobj"
        )
        parts.append(f"{number + 1} 0 obj <</Length {len(content)}>> stream\n{content}\nendstream endobj")
    return ("%PDF-1.4\n" + "\n".join(parts) + "\ntrailer <</Root 1 0 R>>\n%%EOF\n").encode()


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def call(work, tmp_path):
    async def called(name, **arguments):
        settings = Settings(workspace=work, home=tmp_path / "state")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home")}
        (tmp_path / "home").mkdir(exist_ok=True)
        return await run_tool(settings, name, json.dumps(arguments), environment)

    return called


@pytest.mark.slow
async def test_a_pdf_is_read_by_its_pages(work, call):
    (work / "a.pdf").write_bytes(pdf("Hello one", "Hello two", ""))
    result = await call("read", path="a.pdf")
    assert result.ok, result.text
    assert "== page 1\nHello one\n== page 2\nHello two\n== page 3: no text\n" in result.text
    assert "3 pages" in result.text and "a.pdf#1" in result.text
    part = await call("read", path="a.pdf", offset=2, limit=1)
    assert "Hello two" in part.text and "Hello one" not in part.text and "offset=3" in part.text
    assert not (await call("read", path="a.pdf", offset=9)).ok


@pytest.mark.slow
async def test_a_page_is_a_picture_for_a_model_that_sees(work, call):
    (work / "a.pdf").write_bytes(pdf("One", "Two"))
    result = await call("view_image", path="a.pdf#2")
    assert result.ok and [image.media_type for image in result.images] == ["image/png"], result.text
    missing = await call("view_image", path="a.pdf#3")
    assert not missing.ok and "it has no page 3: it has 2" in missing.text


async def test_a_word_document_is_its_paragraphs_and_tables(work, call):
    made = docx.Document()
    made.add_heading("Plan", 1)
    made.add_paragraph("First this.")
    made.add_table(1, 2).rows[0].cells[1].text = "cell"
    made.save(str(work / "a.docx"))
    result = await call("read", path="a.docx")
    assert result.text.startswith("# Plan\nFirst this.\n | cell\n[a.docx: 3 paragraphs, as text")


@pytest.mark.slow
async def test_a_workbook_is_its_sheets(work, call):
    book = openpyxl.Workbook()
    book.active.title = "Sums"
    book.active.append(["a", 1])
    book.active.append([None, 2.5, "=B1+B2"])
    book.create_sheet("Empty")
    book.save(work / "a.xlsx")
    result = await call("read", path="a.xlsx")
    assert result.text.startswith(
        "== sheet Sums\na | 1\n | 2.5 | =B1+B2\n== sheet Empty: no text\n[a.xlsx: 2 sheets"
    )


async def test_what_archives_hold_is_listed(work, call):
    with zipfile.ZipFile(work / "a.zip", "w") as made:
        made.writestr("x/y.txt", "hello")
    with tarfile.open(work / "a.tar.gz", "w:gz") as made:
        entry = tarfile.TarInfo("../out")
        entry.size = 2
        made.addfile(entry, io.BytesIO(b"hi"))
    assert "x/y.txt  5 bytes\n[a.zip: 1 entry" in (await call("read", path="a.zip")).text
    assert "../out  2 bytes\n[a.tar.gz: 1 entry" in (await call("read", path="a.tar.gz")).text
    assert [path.name for path in sorted(work.iterdir())] == ["a.tar.gz", "a.zip"], "nothing is unpacked"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.zip", "a.tar.gz"])
async def test_what_is_none_is_said_in_a_sentence(work, call, name):
    (work / name).write_bytes(b"\0\xff\x01 nothing \0" * 50)
    result = await call("read", path=name)
    assert not result.ok and result.text.startswith(f"{name} can't be shown: ") and "\n" not in result.text


async def test_without_the_extra_it_says_how_to_get_it(work, call, monkeypatch, tmp_path):
    program = tmp_path / "convert.py"
    program.write_text("import json\nprint(json.dumps({'missing': 'pypdfium2'}))\n")
    monkeypatch.setattr(documents, "_PROGRAM", program)
    (work / "a.pdf").write_bytes(pdf("x"))
    result = await call("read", path="a.pdf")
    assert not result.ok and "pip install 'seedsmith[documents]'" in result.text


async def test_what_kills_the_program_is_a_failed_call(work, call, monkeypatch, tmp_path):
    program = tmp_path / "convert.py"
    program.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(documents, "_PROGRAM", program)
    (work / "a.pdf").write_bytes(pdf("x"))
    result = await call("read", path="a.pdf")
    assert not result.ok and result.text == "a.pdf can't be shown: it ended what reads it."


@pytest.mark.parametrize(
    ("name", "kind"), [("A.PDF", "pdf"), ("x.tar.xz", "archive"), ("x.gz", ""), ("x.py", "")]
)
def test_a_name_says_what_a_document_is(name, kind):
    assert documents.kind_of(name) == kind
