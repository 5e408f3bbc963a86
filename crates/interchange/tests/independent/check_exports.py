"""Checks exported files with readers that are not Plenary's: check_exports.py FOLDER SCHEMAS

Validates schedule JSON v1 and v2 with jsonschema, parses every XML with ElementTree, every CSV with csv, every
calendar with icalendar, whose VTIMEZONE it expands by itself and compares with zoneinfo. Prints what it could not
check because a package is missing; exits 1 on the first file that is wrong.
"""
import csv
import datetime
import glob
import io
import json
import os
import sys
import xml.etree.ElementTree
import zoneinfo

folder, schemas = sys.argv[1:3]
csv.field_size_limit(10**7)


def files(name):
    found = sorted(glob.glob(os.path.join(folder, f"[0-9]*-{name}")))
    assert found, f"no {name} in {folder}"
    return found


def fail(path, why):
    print(f"{path}: {why}")
    sys.exit(1)


def text(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


try:
    import jsonschema

    checker = jsonschema.FormatChecker()
    for name, schema in (("schedule.json", "schedule.schema.json"), ("schedule.v2.json", "schedule2.schema.json")):
        with open(os.path.join(schemas, schema), encoding="utf-8") as file:
            validator = jsonschema.Draft6Validator(json.load(file), format_checker=checker)
        for path in files(name):
            error = next(validator.iter_errors(json.loads(text(path))), None)
            if error is not None:
                fail(path, f"{error.json_path}: {error.message[:500]}")
except ImportError:
    print("skipped: no Python package jsonschema")

for path in glob.glob(os.path.join(folder, "*.json")):
    json.loads(text(path))

for name, root in (("schedule.xml", "schedule"), ("schedule.xcal", "iCalendar"),
                   ("releases.atom", "{http://www.w3.org/2005/Atom}feed")):
    for path in files(name):
        tree = xml.etree.ElementTree.fromstring(text(path))
        if tree.tag != root:
            fail(path, f"root is {tree.tag}")

for path in files("schedule.csv"):
    rows = list(csv.reader(io.StringIO(text(path), newline=""), strict=True))
    if any(len(row) != len(rows[0]) for row in rows):
        fail(path, "rows differ in length")
    if any(cell[:1] in tuple("=+-@") for row in rows for cell in row if cell):
        fail(path, "a cell would be run as a formula")


def offset_by_file(zone, local):
    """The offset that the file's own VTIMEZONE gives a local time (RFC 5545, 3.6.5): the last that began."""
    began = [part for part in zone.subcomponents if part["DTSTART"].dt.replace(tzinfo=None) <= local]
    assert began, f"{zone['TZID']}: no observance at {local}"
    return max(began, key=lambda part: part["DTSTART"].dt.replace(tzinfo=None))["TZOFFSETTO"].td


try:
    import icalendar

    for path in files("schedule.ics"):
        calendar = icalendar.Calendar.from_ical(text(path))
        if calendar.errors:
            fail(path, calendar.errors)
        zones = {str(part["TZID"]): part for part in calendar.walk("VTIMEZONE")}
        events = {}
        for event in calendar.walk("VEVENT"):
            if event.errors:
                fail(path, event.errors)
            for name in ("DTSTART", "DTEND"):
                tzid = event[name].params.get("TZID")
                if tzid is None:
                    continue
                local = event[name].dt.replace(tzinfo=None)
                ours = local - offset_by_file(zones[tzid], local)
                real = local.replace(tzinfo=zoneinfo.ZoneInfo(tzid)).astimezone(datetime.timezone.utc)
                if ours != real.replace(tzinfo=None):
                    fail(path, f"{event['UID']} {name} {local} is {ours} by the file and {real} in {tzid}")
            events[str(event["UID"])] = event
        # The second version of the JSON shows the same slots: compare instants across formats.
        with open(path.replace("schedule.ics", "schedule.v2.json"), encoding="utf-8") as file:
            other = {event["guid"]: event for event in json.load(file)["schedule"]["events"]}
        if {uid.split("@")[0] for uid in events} != set(other):
            fail(path, "the calendar and the JSON show other slots")
        for uid, event in events.items():
            twin = other[uid.split("@")[0]]
            for name, key in (("DTSTART", "start"), ("DTEND", "end")):
                told = event[name].dt
                if told.tzinfo is None:
                    fail(path, f"{uid} {name} has no zone")
                if told.astimezone(datetime.timezone.utc) != datetime.datetime.fromisoformat(twin[key]).replace(
                        microsecond=0).astimezone(datetime.timezone.utc):
                    fail(path, f"{uid} {name} is {told}, in the JSON {twin[key]}")
            if str(event["SUMMARY"]) != twin["title"]:
                fail(path, f"{uid} is called {event['SUMMARY']!r}, in the JSON {twin['title']!r}")
except ImportError:
    print("skipped: no Python package icalendar")

print("checked", len(glob.glob(os.path.join(folder, "*"))), "files")
