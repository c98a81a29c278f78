"""Reads whole texts, record by record."""

from csvreader.scanner import scan_record


def read_rows(text, delimiter=","):
    """All records as lists of strings; blank lines are skipped."""
    rows = []
    position = 0
    while position < len(text):
        fields, position = scan_record(text, position, delimiter)
        if fields != [""]:
            rows.append(fields)
    return rows


def read_dicts(text, delimiter=","):
    """All records after the first as dictionaries, named by the first."""
    header, *rows = read_rows(text, delimiter)
    records = []
    for number, row in enumerate(rows, start=2):
        if len(row) > len(header):
            raise ValueError(f"record {number} has {len(row)} fields, expected {len(header)}")
        records.append(dict(zip(header, row + [""] * (len(header) - len(row)), strict=True)))
    return records
