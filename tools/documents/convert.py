"""A program of its own: prints a document as one JSON object. Arguments: kind, path, first, most, and page.

``{"unit": …, "total": …, "parts": [[name, text], …]}``, or ``{"picture": base64}`` for a page of a PDF, or
``{"missing": library}`` or ``{"error": sentence}``. It runs in the sandbox and imports nothing of ours.
"""

import base64
import io
import itertools
import json
import sys
import tarfile
import zipfile

MOST_CHARACTERS = 400_000
MOST_ROWS = 5_000
MOST_MEMBERS = 20_000
PICTURE_PIXELS = 1_600


def pdf(path, first, most):
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    parts = []
    for number in range(first, min(first + most, len(document) + 1)):
        text = document[number - 1].get_textpage().get_text_bounded()
        parts.append([f"page {number}", text.replace("\r\n", "\n").strip()])
    return {"unit": "page", "total": len(document), "parts": parts}


def picture(path, number):
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    if not 1 <= number <= len(document):
        return {"error": f"it has no page {number}: it has {len(document)}"}
    page = document[number - 1]
    scale = min(PICTURE_PIXELS / max(*page.get_size(), 1), 4)
    out = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(out, "PNG")
    return {"picture": base64.b64encode(out.getvalue()).decode()}


def docx(path, first, most):
    import docx as word
    from docx.table import Table

    lines = []
    for block in word.Document(path).iter_inner_content():
        if isinstance(block, Table):
            lines += [" | ".join(cell.text.replace("\n", " ") for cell in row.cells) for row in block.rows]
        else:
            style = block.style.name if block.style is not None else ""
            level = style.removeprefix("Heading ")
            mark = "#" * int(level) + " " if style.startswith("Heading ") and level.isdigit() else ""
            lines.append(mark + block.text)
    return {"unit": "paragraph", "total": len(lines), "parts": [["", "\n".join(lines[first - 1 :][:most])]]}


def xlsx(path, first, most):
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(path, read_only=True)
    parts = []
    for name in book.sheetnames[first - 1 :][:most]:
        sheet = book[name]
        if not hasattr(sheet, "iter_rows"):  # a chart's
            parts.append([f"sheet {name}", ""])
            continue
        rows = []
        both = (each.iter_rows(values_only=True) for each in (sheet, formulas[name]))
        for pair in itertools.islice(zip(*both, strict=False), MOST_ROWS):
            cells = [value_of(*each).replace("\n", " ") for each in itertools.zip_longest(*pair)]
            rows.append(" | ".join(cells).rstrip(" |"))
        parts.append([f"sheet {name}", "\n".join(rows).rstrip("\n")])
    return {"unit": "sheet", "total": len(book.sheetnames), "parts": parts}


def value_of(value, formula):
    """A cell as text: a formula's value, or itself where no program has computed it yet."""
    if value is None:
        return formula if isinstance(formula, str) and formula.startswith("=") else ""
    return str(value)


def archive(path, first, most):
    names = []
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            names = [f"{each.filename}  {each.file_size:,} bytes" for each in opened.infolist()]
    else:
        with tarfile.open(path) as opened:
            for each in itertools.islice(opened, MOST_MEMBERS):
                where = f" -> {each.linkname}" if each.issym() or each.islnk() else ""
                size = f"  {each.size:,} bytes" if each.isfile() else "/" if each.isdir() else ""
                names.append(f"{each.name}{where}{size}")
    return {"unit": "entry", "total": len(names), "parts": [["", "\n".join(names[first - 1 :][:most])]]}


KINDS = {"pdf": pdf, "docx": docx, "xlsx": xlsx, "archive": archive}


def shortened(found):
    """``found`` with so many characters of its parts as a model can be shown."""
    left = MOST_CHARACTERS
    for part in found.get("parts", ()):
        part[1] = part[1][:left]
        left -= len(part[1])
    return found


def main():
    kind, path, first, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    try:
        found = picture(path, first) if kind == "picture" else shortened(KINDS[kind](path, first, most))
    except ModuleNotFoundError as error:
        found = {"missing": error.name or ""}
    except Exception as error:  # of a library, about a file: all it can say is that it is none
        said = str(error).partition("\n")[0].rstrip(".: ")[:200]
        found = {"error": f"{type(error).__name__}: {said}"}
    print(json.dumps(found))


main()
