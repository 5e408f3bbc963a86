"""Counts the proposals in a file as other tools export them: CSV with or without a head, or EMF's JSON."""
import csv
import json
import sys

name = sys.argv[1]
if name.endswith(".json"):
    with open(name, encoding="utf-8") as file:
        accepted = json.load(file)["proposals"]["accepted"]
        # Two of one title by the same people cannot be told apart, and what has no title is nothing.
        title = "title" if "title" in accepted[0] else "published_title"
        told = {(one[title].strip().lower(), one["names"].strip().lower()) for one in accepted if one[title].strip()}
        print(json.dumps({"accepted": len(told)}))
else:
    with open(name, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    head = rows[0]
    out = {"rows": len([row for row in rows if len(row) > 1 and row[1].strip()])}
    if "title" in head:
        at = head.index("title")
        out["title"] = len([row for row in rows[1:] if len(row) > at and row[at].strip()])
    names = [[name for cell in row[3:] for name in cell.split(" and ") if name.strip()] for row in rows]
    out["authors"] = sum(min(20, len(row)) for row in names)
    print(json.dumps(out))
