#!/usr/bin/env python3
"""Count sessions, persons, rooms and slots of schedule files, independently of Plenary's importers.

This is the second opinion that the importers' counts are compared with, so it shares no code with
them and needs nothing but the Python 3 standard library. It opens no network connection.

    python3 count.py DATA_DIR [FILE...]

DATA_DIR is the folder of real data; without FILE, every file under DATA_DIR/schedules is counted.
A FILE is a path relative to DATA_DIR; `history/X.tar.xz` counts every member, and
`history/X.tar.xz!MEMBER` one of them. The answer is one JSON object on standard output:

    {"path": {"format": "...", "sessions": n, "persons": n, "rooms": n, "slots": n}}
    {"path": {"refused": "one sentence"}}

Exit status: 0 when every file was counted or refused, 2 when the arguments are wrong.

What is counted
===============

session   A distinct thing on the programme, breaks included. Within one file, entries are one
          session when they share the identity that the format gives (see the table), or when both
          the non-empty url and the trimmed title are equal. Everything else is distinct, even
          under one title. A session whose title says CANCELLED is still a session.
          Where the format has a state, only what was accepted or confirmed is on the programme:
          rejected, pending and draft proposals are not counted.
slot      An entry's placement with a start. No start, no slot; a zero or missing duration does
          not matter. Entries merged into one session keep all their slots.
person    Somebody named as taking part in a session, or listed in the file's own list of speakers.
          Key: guid or code; else the pair of id and trimmed name; else the trimmed name. The pair,
          because merged schedules and EMF use one id for several people; "0" and "" are no ids.
          A person without a name is not counted, whatever the id says.
room      A distinct trimmed non-empty name, declared by the file or used by an entry.

A list of speakers declares persons only; the sessions it names are references, not sessions.

format                 session identity   persons                        rooms
---------------------  -----------------  -----------------------------  --------------------------------
schedule-xml           guid, else id      persons/person                 room/@name, event/room
pentabarf-xml          id                 persons/person, by name only   event/room (no room elements)
europython-xml         entry/@id          speaker                        room with an @id
schedule-json-v1       guid, else id      persons[]                      keys of day.rooms, rooms[].name, event.room
schedule-json-v2       guid               persons[], participants[]      conference.rooms[].name, event.room.name
xcal                   uid                attendee (names)               location
ical                   UID                none: no property names one    LOCATION
frab-events            guid               speakers[]                     room.name
frab-speakers          -                  speakers[]                     -
frab-submission        guid               speakers[]                     -
pretalx-submissions    code               speakers[]                     slot.room
pretalx-speakers       -                  the list                       -
pyconfr                code; extra: id    speakers{}, speakers[]         rooms[].name, slot.room
fosdem-bot             event_id           talks[].persons[], any role    conference_room
emf                    id                 user_id and speaker            venue
indico                 contribution id,   speakers, primaryauthors,      contribution.room, session.room
                       session id         coauthors, sessionConveners
sessionize             id                 speakers[]                     rooms[].name
sessionize-csv         ID                 Speaker names, comma between   Room
sessionize-speakers-csv -                 the rows                       -
open-event             id                 the speakers list; others that  the microlocations list; others
                                          a session names by a new name   that a session names by a new id
kotlinconf             id                 speakers[]                     location
oscon-feed             serial             speakers[]                     venues[].name

Oddities of the real files, and how they are read
==================================================

* Pentabarf (FOSDEM 2007, 2009, 2012): person/@id is the event's id times ten plus a position, so it
  names an appearance; persons are told apart by name (2007: 244 ids, 204 names).
* 33C3 everything: four guids occur twice, at one time in two rooms: one session in two slots.
  Camp 2019 everything: two guids recur (four and two days), and over fifty recurring sessions have
  one url and title but an id and guid per slot: one session in several slots. In early snapshots of
  the 35C3 history up to 48 ids belong to two guids each: where there is a guid, the id says nothing.
* 32C3, 33C3, 35C3, Camp 2019 everything: person ids come from several systems and collide; id 0
  stands for every wiki user. 32C3 declares a room whose name is spelt with a literal backslash-u
  escape beside the right one: two names, two rooms. Their JSON has a room with an empty name and no
  event: no room.
* FOSDEM 2017 to 2021 and 2025 (the smaller snapshot), FrOSCon 2013, the 33C3 bundle and the merged
  C3 files declare rooms in which nothing takes place. They count.
* EMF .frab and .json: the id is the account that submitted, the name is what was published. One name
  in 2016 carries a script element: a second name of one id, so a second person.
  EMF 2018 .frab calls its conference EMF 2020 and dates it two years later; the days are right.
* EMF 2014: 20 of the 184 entries have no venue and no start. They are sessions without a slot.
* EuroPython 2014: breaks keep one id on all days. Where the room lists several rooms, or says ALL,
  it has no @id: the entry is one slot and no single room. The accepted list holds draft times, which
  count; three of its speakers have an empty name, which do not.
* 33C3 frab calendar: SUMMARY is the title, " - " and the speakers' names. These are words in a text
  and not persons. The LPC calendar does so in DESCRIPTION.
* 33C3 speakers.json lists 210 speakers, two more than the schedule has, and names two events that
  the schedule has not; xCal knows only names, of which two persons share one (207 for 208).
* Open Event: the server fills in a start (often midnight, zero long, or the start of the event) for
  every proposal, placed or not; a session is placed when it has a microlocation. FOSSASIA: 371
  proposals, 234 accepted, 233 of them placed. Nextcloud: 54, 53 confirmed, 25 placed. OSCON 2017
  gives id 18 to two speakers, and a session's speaker and room are spelt unlike the lists: a speaker
  there is the listed one of that name, a room the listed one of that id.
* pretalx-submission example: begins with a comment, which JSON has not. Refused.
* PyConFR: sprints say slot_count 2 but give one slot; meals stand in `extra` with a day and a
  minute, no room and no end.
* FOSDEM bot JSON: managers of a track are not persons of a session; the fixture spells one of them
  differently there.
* hub v2 example: `rooms` is under the conference, days have none. The deliberately invalid v1 file
  has `rooms` beside the conference and words for ids; it is read all the same.
* OSCON 2014: one speaker serial is in no list and so has no name; three venues recur under one name;
  names hold HTML entities, which are left as they are.
* Global Azure 2022 holds the data of 2025.
* Indico: an event with only occurrences, a category listing and a search have no timetable.
"""

import csv
import io
import json
import lzma
import re
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

# No file of the collection unpacks to more than 27 MB; anything much larger is not a schedule.
LARGEST = 256 * 1024 * 1024

ON_PROGRAMME = ("accepted", "confirmed")

NOT_READ = "not a schedule format Plenary reads"


class Refused(Exception):
    """A file that is not counted; the text is the one-sentence reason."""


class Tally:
    """What one file holds. Sessions are merged by a union-find over the keys they carry."""

    def __init__(self, form):
        self.form = form
        self.parent = {}
        self.persons = set()
        self.rooms = set()
        self.slots = 0

    def _root(self, key):
        self.parent.setdefault(key, key)
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def session(self, identity, title="", url="", start=None, room=None, persons=()):
        """One entry: `identity` is any hashable value, or None for an entry of its own."""
        key = ("id", identity) if identity not in (None, "") else ("own", len(self.parent))
        root = self._root(key)
        if text(url):
            same = self._root(("url", text(url), text(title)))
            self.parent[same] = root
        self.slots += bool(text(start))
        self.room(room)
        for person in persons:
            self.person(**person)

    def person(self, name, ident=None, code=None):
        if not text(name):
            return
        if text(code):
            self.persons.add(("code", text(code)))
        elif text(ident) not in ("", "0"):
            self.persons.add(("id", text(ident), text(name)))
        else:
            self.persons.add(("name", text(name)))

    def room(self, name):
        if text(name):
            self.rooms.add(text(name))

    def result(self):
        roots = {self._root(key) for key in list(self.parent)}
        return {
            "format": self.form,
            "sessions": len(roots),
            "persons": len(self.persons),
            "rooms": len(self.rooms),
            "slots": self.slots,
        }


def main(arguments):
    if not arguments:
        print("usage: count.py DATA_DIR [FILE...]", file=sys.stderr)
        return 2
    data = Path(arguments[0])
    if not data.is_dir():
        print(f"count.py: {data} is not a folder", file=sys.stderr)
        return 2
    names = arguments[1:] or sorted(
        str(path.relative_to(data)) for path in (data / "schedules").rglob("*") if path.is_file()
    )
    answer = {}
    for name in names:
        for key, content in opened(data, name):
            try:
                answer[key] = count(key, content)
            except Refused as reason:
                answer[key] = {"refused": str(reason)}
            except (AttributeError, KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
                answer[key] = {"refused": f"does not have the shape its format promises ({error!r})"}
    json.dump(answer, sys.stdout, indent=1, ensure_ascii=False)
    print()
    return 0


def opened(data, name):
    """Yield (key, content); content is bytes, or a dict of members for an Open Event archive."""
    path, _, wanted = name.partition("!")
    try:
        raw = (data / path).read_bytes()
        if path.endswith(".xz"):
            unpacker = lzma.LZMADecompressor(memlimit=LARGEST)
            raw = unpacker.decompress(raw, LARGEST)
            if not unpacker.eof:
                raise Refused("unpacks to more than 256 MB or is cut off")
        if not path.endswith((".tar", ".tar.xz")):
            yield name, raw
            return
        members = {}
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            for member in archive:
                if member.isfile():
                    members[member.name] = archive.extractfile(member).read()
    except (OSError, lzma.LZMAError, tarfile.TarError, Refused) as error:
        yield name, error
        return
    if path.startswith("history/"):
        for member in sorted(members):
            if wanted in ("", member):
                yield f"{path}!{member}", members[member]
    else:
        yield name, members


def count(name, content):
    if isinstance(content, Exception):
        raise Refused(f"cannot be unpacked: {content}")
    if isinstance(content, dict):
        bare = {member.rsplit("/", 1)[-1]: body for member, body in content.items()}
        if {"event", "sessions", "speakers"} <= set(bare):
            return open_event(bare)
        raise Refused(NOT_READ)
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8: byte {error.start}") from None
    start = words.lstrip()
    if start.startswith("BEGIN:VCALENDAR"):
        return ical(words)
    if start.startswith("<"):
        return from_xml(start)
    if ".json" in name:
        try:
            value = json.loads(words)
        except json.JSONDecodeError as error:
            raise Refused(f"is not JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
        return from_json(value)
    if name.endswith(".csv"):
        return from_csv(words)
    raise Refused(NOT_READ)


# --- XML ---------------------------------------------------------------------------------------


def from_xml(words):
    if re.search(r"<!(DOCTYPE|ENTITY)", words, re.IGNORECASE):
        raise Refused("carries a document type, which no schedule needs")
    words = re.sub(r"\A<\?xml[^>]*\?>", "", words)
    try:
        root = ET.fromstring(words)
    except ET.ParseError as error:
        raise Refused(f"is not well-formed XML: {error}") from None
    for element in root.iter():
        # Dialects differ in whether they use a default namespace; xCal's own one is kept apart.
        if isinstance(element.tag, str) and not element.tag.startswith("{http://pentabarf.org}"):
            element.tag = element.tag.rpartition("}")[2]
    if root.tag == "iCalendar":
        return xcal(root)
    if root.tag != "schedule":
        raise Refused(NOT_READ)
    if root.find("day/entry") is not None:
        return europython(root)
    if root.find("day/event") is not None:
        return schedule_xml(root, pentabarf=True)
    return schedule_xml(root, pentabarf=False)


def schedule_xml(root, pentabarf):
    tally = Tally("pentabarf-xml" if pentabarf else "schedule-xml")
    for day in root.findall("day"):
        groups = [(None, day)] if pentabarf else [(room.get("name"), room) for room in day.findall("room")]
        for room, group in groups:
            tally.room(room)
            for event in group.findall("event"):
                tally.session(
                    text(event.get("guid")) or text(event.get("id")),
                    title=event.findtext("title"),
                    url=event.findtext("url"),
                    start=text(event.findtext("date")) or event.findtext("start"),
                    room=text(event.findtext("room")) or room,
                    persons=[xml_person(one, pentabarf) for one in event.findall("persons/person")],
                )
    return tally.result()


def xml_person(element, pentabarf):
    name = text(element.text)
    for child in ("public_name", "full_public_name", "name"):
        name = name or text(element.findtext(child))
    if pentabarf:
        return {"name": name}
    return {
        "name": name,
        "ident": element.get("id"),
        "code": element.get("guid") or element.findtext("code"),
    }


def europython(root):
    tally = Tally("europython-xml")
    for entry in root.iterfind("day/entry"):
        room = entry.find("room")
        tally.session(
            entry.get("id"),
            title=entry.findtext("title"),
            start=entry.findtext("start"),
            room=room.text if room is not None and room.get("id") else None,
            persons=[
                {"name": one.findtext("name"), "ident": one.get("id")}
                for one in entry.findall("speakers/speaker")
            ],
        )
    return tally.result()


def xcal(root):
    tally = Tally("xcal")
    for event in root.iter("vevent"):
        tally.session(
            event.findtext("uid"),
            title=event.findtext("summary"),
            url=event.findtext("url"),
            start=event.findtext("dtstart"),
            room=event.findtext("location"),
            persons=[{"name": one.text} for one in event.findall("attendee")],
        )
    return tally.result()


# --- iCalendar ---------------------------------------------------------------------------------


def ical(words):
    tally = Tally("ical")
    unfolded = re.sub(r"\r?\n[ \t]", "", words)
    event = None
    for line in unfolded.splitlines():
        if line == "BEGIN:VEVENT":
            event = {}
        elif line == "END:VEVENT" and event is not None:
            tally.session(
                event.get("UID"),
                title=event.get("SUMMARY"),
                url=event.get("URL"),
                start=event.get("DTSTART"),
                room=event.get("LOCATION"),
            )
            event = None
        elif event is not None:
            # A parameter value may be quoted and hold a colon.
            found = re.match(r'([A-Za-z0-9-]+)(?:;(?:"[^"]*"|[^":])*)?:(.*)', line)
            if found:
                value = re.sub(r"\\(.)", lambda escape: "\n" if escape[1] in "nN" else escape[1], found[2])
                event[found[1].upper()] = value
    return tally.result()


# --- JSON --------------------------------------------------------------------------------------


def from_json(value):
    if isinstance(value, list):
        first = value[0] if value and isinstance(value[0], dict) else {}
        if "venue" in first and "speaker" in first:
            return emf(value)
        if "code" in first and "submission_type" in first:
            return pretalx_submissions(value)
        if "code" in first and "submissions" in first:
            return persons_only("pretalx-speakers", value, "name")
        raise Refused(NOT_READ)
    if not isinstance(value, dict):
        raise Refused(NOT_READ)
    if "conference_events" in value:
        return frab_events(value["conference_events"])
    if "schedule_speakers" in value:
        return persons_only("frab-speakers", value["schedule_speakers"]["speakers"], "full_public_name")
    if "talks" in value and "tracks" in value:
        return fosdem_bot(value)
    if value.get("_type") == "HTTPAPIResult":
        return indico(value)
    if "Schedule" in value:
        return oscon_feed(value["Schedule"])
    if "schedule" in value and "sprints" in value:
        return pyconfr(value)
    if "schedule" in value:
        schedule = value["schedule"]
        return schedule_v2(schedule) if "events" in schedule else schedule_v1(schedule)
    if "sessions" in value and "speakers" in value:
        return sessionize(value) if "rooms" in value else kotlinconf(value)
    if "guid" in value and "speakers" in value:
        return frab_submission(value)
    raise Refused(NOT_READ)


def schedule_v1(schedule):
    tally = Tally("schedule-json-v1")
    conference = schedule["conference"]
    for room in (conference.get("rooms") or []) + (schedule.get("rooms") or []):
        tally.room(room.get("name"))
    for day in conference["days"]:
        for room, events in day["rooms"].items():
            tally.room(room)
            for event in events:
                tally.session(
                    text(event.get("guid")) or text(event.get("id")),
                    title=event.get("title"),
                    url=event.get("url"),
                    start=text(event.get("date")) or event.get("start"),
                    room=text(event.get("room")) or room,
                    persons=[json_person(one) for one in event.get("persons") or []],
                )
    return tally.result()


def schedule_v2(schedule):
    tally = Tally("schedule-json-v2")
    for room in schedule["conference"].get("rooms") or []:
        tally.room(room.get("name"))
    for person in schedule.get("persons") or []:
        tally.person(**json_person(person))
    for event in schedule["events"]:
        tally.session(
            text(event.get("guid")) or text(event.get("code")),
            title=event.get("title"),
            url=event.get("url"),
            start=event.get("start"),
            room=(event.get("room") or {}).get("name"),
            persons=[json_person(one) for one in event.get("participants") or event.get("persons") or []],
        )
    return tally.result()


def json_person(person):
    name = ""
    for field in ("public_name", "full_public_name", "name", "full_name"):
        name = name or text(person.get(field))
    return {"name": name, "ident": person.get("id"), "code": person.get("guid") or person.get("code")}


def frab_events(bundle):
    tally = Tally("frab-events")
    for event in bundle["events"]:
        tally.session(
            event["guid"],
            title=event["title"],
            start=event.get("start_time"),
            room=(event.get("room") or {}).get("name"),
            persons=[json_person(one) for one in event["speakers"]],
        )
    return tally.result()


def frab_submission(event):
    tally = Tally("frab-submission")
    tally.session(
        event["guid"],
        title=event["title"],
        start=event.get("start_time"),
        persons=[json_person(one) for one in event["speakers"]],
    )
    return tally.result()


def persons_only(form, people, name):
    tally = Tally(form)
    for person in people:
        tally.person(person.get(name) or person.get("public_name"), person.get("id"), person.get("code"))
    return tally.result()


def pretalx_submission(tally, submission):
    if submission["state"] not in ON_PROGRAMME:
        return
    slot = submission.get("slot") or {}
    tally.session(
        submission["code"],
        title=submission["title"],
        start=slot.get("start"),
        room=localised(slot.get("room")),
        persons=[json_person(one) for one in submission["speakers"]],
    )


def pretalx_submissions(submissions):
    tally = Tally("pretalx-submissions")
    for submission in submissions:
        pretalx_submission(tally, submission)
    return tally.result()


def pyconfr(value):
    tally = Tally("pyconfr")
    for room in value["rooms"]:
        tally.room(localised(room["name"]))
    for person in value["speakers"].values():
        tally.person(**json_person(person))
    for part in ("schedule", "sprints"):
        for minutes in value[part].values():
            for rooms in (minutes or {}).values():
                for submission in rooms.values():
                    pretalx_submission(tally, submission)
    for day, minutes in value["extra"].items():
        for minute, item in minutes.items():
            tally.session(("extra", item["id"]), title=localised(item["title"]), start=f"{day} {minute}")
    return tally.result()


def fosdem_bot(value):
    tally = Tally("fosdem-bot")
    for talk in value["talks"]:
        tally.session(
            talk["event_id"],
            title=talk["title"],
            start=talk.get("start_datetime"),
            room=talk.get("conference_room"),
            persons=[{"name": one["name"], "ident": one["person_id"]} for one in talk["persons"]],
        )
    return tally.result()


def emf(entries):
    tally = Tally("emf")
    for entry in entries:
        tally.session(
            entry["id"],
            title=entry["title"],
            url=entry.get("link"),
            start=entry.get("start_date"),
            room=entry.get("venue"),
            persons=[{"name": entry.get("speaker"), "ident": entry.get("user_id")}],
        )
    return tally.result()


def indico(value):
    tally = Tally("indico")
    timetable = False
    for event in value["results"]:
        blocks = event.get("sessions") or []
        timetable = timetable or "contributions" in event or bool(blocks)
        for block in blocks:
            indico_entry(tally, ("session", block["id"]), block)
            for contribution in block.get("contributions") or []:
                indico_entry(tally, ("contribution", contribution["id"]), contribution)
        for contribution in event.get("contributions") or []:
            indico_entry(tally, ("contribution", contribution["id"]), contribution)
    if not timetable:
        raise Refused("an Indico listing of events, which holds no timetable")
    return tally.result()


def indico_entry(tally, identity, entry):
    people = []
    for role in ("speakers", "primaryauthors", "coauthors", "sessionConveners"):
        for person in entry.get(role) or []:
            name = person.get("fullName") or person.get("name")
            people.append({"name": name, "ident": person.get("id")})
    tally.session(
        identity,
        title=entry["title"],
        url=entry.get("url"),
        start=(entry.get("startDate") or {}).get("date"),
        room=entry.get("room"),
        persons=people,
    )


def sessionize(value):
    tally = Tally("sessionize")
    rooms = {room["id"]: room["name"] for room in value["rooms"]}
    for room in rooms.values():
        tally.room(room)
    for person in value["speakers"]:
        tally.person(text(person.get("fullName")) or person.get("firstName"), code=person["id"])
    for session in value["sessions"]:
        tally.session(
            session["id"],
            title=session["title"],
            start=session.get("startsAt"),
            room=rooms.get(session.get("roomId")),
        )
    return tally.result()


def kotlinconf(value):
    tally = Tally("kotlinconf")
    for person in value["speakers"]:
        tally.person(person["name"], code=person["id"])
    for session in value["sessions"]:
        tally.session(
            session["id"],
            title=session["title"],
            start=session.get("startsAt"),
            room=session.get("location"),
        )
    return tally.result()


def oscon_feed(schedule):
    tally = Tally("oscon-feed")
    for venue in schedule["venues"]:
        tally.room(venue["name"])
    for person in schedule["speakers"]:
        tally.person(person["name"], person["serial"])
    for event in schedule["events"]:
        tally.session(
            event["serial"],
            title=event["name"],
            url=event.get("website_url"),
            start=event.get("time_start"),
        )
    return tally.result()


# --- Open Event archive and CSV ----------------------------------------------------------------


def open_event(members):
    tally = Tally("open-event")
    try:
        parts = {
            part: json.loads(members[part])
            for part in ("sessions", "speakers", "microlocations")
            if part in members
        }
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"a part of the archive is not JSON: {error}") from None
    places, known = set(), set()
    for place in parts.get("microlocations", []):
        places.add(place["id"])
        tally.room(place["name"])
    for person in parts["speakers"]:
        known.add(text(person["name"]))
        tally.person(person["name"], person["id"])
    for session in parts["sessions"]:
        if session["state"] not in ON_PROGRAMME:
            continue
        place = session.get("microlocation")
        tally.session(
            session["id"],
            title=session["title"],
            start=(session.get("start_time") or session.get("starts-at")) if place else None,
            room=place["name"] if place and place["id"] not in places else None,
            persons=[
                {"name": one["name"], "ident": one["id"]}
                for one in session["speakers"]
                if text(one["name"]) not in known
            ],
        )
    return tally.result()


def from_csv(words):
    rows = list(csv.DictReader(io.StringIO(words, newline="")))
    columns = set(rows[0]) if rows else set()
    if {"ID", "Proposal title", "Speaker names"} <= columns:
        tally = Tally("sessionize-csv")
        for row in rows:
            tally.session(
                row["ID"],
                title=row["Proposal title"],
                start=row["Date"] and row["Start Time"],
                room=row["Room"],
                persons=[{"name": name} for name in row["Speaker names"].split(",")],
            )
        return tally.result()
    if {"ID", "Name", "Proposal titles"} <= columns:
        tally = Tally("sessionize-speakers-csv")
        for row in rows:
            tally.person(row["Name"], code=row["ID"])
        return tally.result()
    raise Refused(NOT_READ)


def localised(value):
    """A pretalx text: a string, or one per language, of which English names the thing."""
    if isinstance(value, dict):
        return value.get("en") or next(iter(value.values()), "")
    return value


def text(value):
    return "" if value is None else str(value).strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
