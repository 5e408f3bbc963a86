"""Counts the proposals in a file as other tools export them: CSV with or without a head, or EMF's JSON."""
import csv
import json
import sys

name = sys.argv[1]
if name.endswith(".json"):
    with open(name, encoding="utf-8") as file:
        print(json.dumps({"accepted": len(json.load(file)["proposals"]["accepted"])}))
else:
    with open(name, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    head = rows[0]
    out = {"rows": len([row for row in rows if len(row) > 1 and row[1].strip()])}
    if "title" in head:
        at = head.index("title")
        out["title"] = len([row for row in rows[1:] if len(row) > at and row[at].strip()])
    out["authors"] = sum(min(20, len([cell for cell in row[3:] if cell.strip()])) for row in rows)
    print(json.dumps(out))
