"""Judge every file that the demo's edition goes out as, with programs that are not ours.

Starts `plenary demo`, fetches each file over HTTP and the static copy from a folder, and checks

- schedule XML and JSON against c3voc's published schemas (xmllint, jsonschema), where those are at hand in
  $PLENARY_TEST_DATA/validators or ../shared/data/validators,
- calendars with the icalendar package, xCal and Atom as XML, CSV with Python's reader,
- that all formats agree on how many slots there are and how many are cancelled,
- that every link of the static copy that leads into it leads to a file.
"""

import collections
import csv
import html.parser
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import icalendar
import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PLENARY = TARGET / "debug" / "plenary"
DATA = pathlib.Path(os.environ.get("PLENARY_TEST_DATA", ROOT.parent / "shared" / "data"))
VALIDATORS = DATA / "validators"
ATOM = "{http://www.w3.org/2005/Atom}"

wrong: list[str] = []


def check(holds: bool, what: str) -> None:
    """Notes what does not hold."""
    if not holds:
        wrong.append(what)


def environment() -> dict[str, str]:
    """Ours, without settings of a plenary that may run here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PLENARY_")}


class Site:
    """The demo, being served."""

    def __init__(self, data: str):
        self.process = subprocess.Popen(
            [PLENARY, "demo", "--keep", data, "--listen", "127.0.0.1:0", "--log", "error"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=data,
            env=environment(),
        )
        line = self.process.stdout.readline()
        match = re.search(r"(http://[^/\s]+)/([^/\s]+)/", line)
        if not match:
            self.process.kill()
            sys.exit(f"plenary demo printed no address but {line!r}")
        self.base, self.edition = match.groups()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.base}{path}", timeout=30) as answer:
            return answer.read()

    def file(self, name: str) -> bytes:
        return self.get(f"/{self.edition}/{name}")

    def stop(self) -> None:
        self.process.terminate()
        check(self.process.wait(timeout=30) == 0, "plenary demo did not stop in order when told to")


def schedule_xml(text: bytes) -> int:
    """Slots in schedule XML."""
    root = ElementTree.fromstring(text)
    schema = VALIDATORS / "schedule.xml.xsd"
    if schema.exists():
        judge = ["xmllint", "--nonet", "--noout", "--schema", str(schema), "-"]
        judged = subprocess.run(judge, input=text, capture_output=True, check=False)
        check(judged.returncode == 0, f"schedule.xml: {judged.stderr.decode()[:2000]}")
    return len(root.findall("day/room/event"))


def against(schema: str, value: object, name: str) -> None:
    """Checks a JSON value against a published schema."""
    path = VALIDATORS / schema
    if not path.exists():
        return
    parsed = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(parsed)(parsed)
    for error in list(validator.iter_errors(value))[:10]:
        wrong.append(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")


def schedule_json(text: bytes) -> int:
    """Slots in schedule JSON 1."""
    value = json.loads(text)
    against("schedule.schema.json", value, "schedule.json")
    days = value["schedule"]["conference"]["days"]
    return sum(len(events) for day in days for events in day["rooms"].values())


def schedule_json_v2(text: bytes) -> tuple[int, int]:
    """Slots and cancelled slots in schedule JSON 2."""
    value = json.loads(text)
    against("schedule2.schema.json", value, "schedule.v2.json")
    events = value["schedule"]["events"]
    return len(events), sum(event.get("state") == "CANCELED" for event in events)


def calendar(text: bytes, name: str) -> tuple[int, int]:
    """Slots and cancelled slots in a calendar."""
    check(all(len(line) <= 75 for line in text.split(b"\r\n")), f"{name}: a line is longer than 75 bytes")
    check(b"\n" not in text.replace(b"\r\n", b""), f"{name}: a line does not end in CR LF")
    parsed = icalendar.Calendar.from_ical(text)
    zones = {str(zone["TZID"]) for zone in parsed.walk("VTIMEZONE")}
    events = parsed.walk("VEVENT")
    uids = [str(event["UID"]) for event in events]
    check(len(set(uids)) == len(uids), f"{name}: a UID stands twice")
    for event in events:
        check(not event.errors, f"{name}: {event.get('UID')}: {event.errors}")
        for field in ("DTSTAMP", "DTSTART", "SUMMARY"):
            check(field in event, f"{name}: {event['UID']} has no {field}")
        zone = event["DTSTART"].params.get("TZID")
        check(zone is None or zone in zones, f"{name}: {event['UID']} stands in {zone}, which is not in the file")
        check(event["DTEND"].dt >= event["DTSTART"].dt, f"{name}: {event['UID']} ends before it begins")
    return len(events), sum(event.get("STATUS") == "CANCELLED" for event in events)


def table(text: bytes) -> int:
    """Slots in the CSV."""
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    check(all(None not in row and None not in row.values() for row in rows), "schedule.csv: rows differ in length")
    return sum(bool(row["start"]) for row in rows)


def atom(text: bytes) -> None:
    """What RFC 4287 asks of a feed and its entries."""
    feed = ElementTree.fromstring(text)
    check(feed.tag == f"{ATOM}feed", "releases.atom: it is no feed")
    entries = feed.findall(f"{ATOM}entry")
    check(bool(entries), "releases.atom: it has no entry")
    for thing in [feed, *entries]:
        for field in ("id", "title", "updated"):
            found = thing.findall(ATOM + field)
            check(len(found) == 1 and bool(found[0].text), f"releases.atom: {thing.tag} needs one {field}")
    authors = feed.find(f"{ATOM}author") is not None or all(e.find(f"{ATOM}author") is not None for e in entries)
    check(authors, "releases.atom: nobody is its author")
    ids = [entry.find(f"{ATOM}id").text for entry in entries]
    check(len(set(ids)) == len(ids), "releases.atom: an id stands twice")


class Links(html.parser.HTMLParser):
    """What a page refers to, and its identifiers."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.ids: collections.Counter[str] = collections.Counter()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src", "action") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.ids[value] += 1


def static_copy(folder: pathlib.Path) -> int:
    """Follows every link of the static copy; how many pages there are."""
    pages = {page: Links(page.read_text()) for page in folder.rglob("*.html")}
    for page, found in pages.items():
        name = page.relative_to(folder)
        for twice in [id for id, count in found.ids.items() if count > 1]:
            wrong.append(f"{name}: the id {twice} stands twice")
        for link in found.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            check(not parts.path.startswith("/"), f"{name}: {link} does not work from a folder")
            to = page if not parts.path else (page.parent / urllib.parse.unquote(parts.path)).resolve()
            if to.is_dir():
                check(False, f"{name}: {link} is a folder, which only a web server shows")
            elif not to.exists():
                check(False, f"{name}: {link} leads nowhere")
            elif parts.fragment and to in pages:
                fragment = urllib.parse.unquote(parts.fragment)
                check(fragment in pages[to].ids, f"{name}: {link} leads to no such place")
    return len(pages)


def main() -> int:
    if not VALIDATORS.exists():
        print(f"skipped: the published schemas, for there are none in {VALIDATORS}")
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as copy:
        site = Site(data)
        try:
            in_xml = schedule_xml(site.file("schedule.xml"))
            in_json = schedule_json(site.file("schedule.json"))
            in_json2, cancelled = schedule_json_v2(site.file("schedule.v2.json"))
            in_calendar, cancelled_there = calendar(site.file("schedule.ics"), "schedule.ics")
            in_table = table(site.file("schedule.csv"))
            in_xcal = len(ElementTree.fromstring(site.file("schedule.xcal")).findall("vcalendar/vevent"))
            atom(site.file("releases.atom"))
            timetable = json.loads(site.get(f"/export/timetable/{site.edition}.json"))
            check(bool(timetable["results"]), "Indico's timetable is empty")
            submissions = json.loads(site.get(f"/api/events/{site.edition}/submissions/"))
            check(submissions["count"] > 0, "pretalx's list of submissions is empty")
            talks = json.loads(site.get(f"/{site.edition}/p/matrix"))
            check(bool(talks["talks"]), "FOSDEM's list of talks is empty")
        finally:
            site.stop()
        counts = {
            "schedule.v2.json": in_json2,
            "schedule.ics": in_calendar,
            "schedule.csv": in_table,
            "schedule.xml and those left out": in_xml + cancelled,
            "schedule.json and those left out": in_json + cancelled,
            "schedule.xcal and those left out": in_xcal + cancelled,
        }
        check(len(set(counts.values())) == 1, f"the formats disagree about the number of slots: {counts}")
        check(cancelled == cancelled_there, f"cancelled: {cancelled} in JSON, {cancelled_there} in the calendar")
        subprocess.run(
            [PLENARY, "export", copy, "--data", data, "--base-url", "https://conf.example.org", "--log", "error"],
            check=True,
            cwd=data,
            env=environment(),
        )
        folder = pathlib.Path(copy).resolve()
        for file in folder.rglob("*.ics"):
            calendar(file.read_bytes(), str(file.relative_to(folder)))
        pages = static_copy(folder)
        check(pages > 50, f"the static copy has only {pages} pages")
    if wrong:
        print("\n".join(wrong[:60]))
        print(f"{len(wrong)} things are wrong")
        return 1
    print(f"{in_calendar} slots ({cancelled} cancelled) in every format, {pages} pages in the static copy, all in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
