#!/usr/bin/env python3
"""Tell what differs between the snapshots of a schedule's history, independently of Plenary.

This is the second opinion that the releases of a replayed history are compared with. Like its
sibling count.py it needs nothing but the Python 3 standard library and opens no network connection.

    python3 history.py ARCHIVE.tar.xz      one JSON object, for the tests
    python3 history.py ARCHIVE.tar.xz -v   one line per snapshot, for people
    python3 history.py --self-check        checks the rules below on small invented schedules

The JSON is {"snapshots": [{"name", "sessions", "state": [line], "changes": [line], "links": {}}]},
in the order of the names, which begin with the time of the snapshot. `state` is the snapshot,
`changes` what it changes against the one before (the first: against nothing). Every line has parts
between tabs; lines are sorted and may repeat.

    state    session  TITLE  PLACES  NAMES
             room  NAME
             person  NAME
    changes  added  TITLE  PLACES            removed  TITLE  PLACES
             title  FROM  TO                 track  TITLE  FROM  TO
             moved  TITLE  FROM  TO          (the event kept its guid, its place changed)
             placed  TITLE  PLACE            unplaced  TITLE  PLACE
             joined  TITLE  NAME             left  TITLE  NAME
             texts  TITLE                    (subtitle, abstract or description)

A PLACE is "START END ROOM" in UTC; PLACES and NAMES are joined by " | " in sorted order. TITLE is the
newer one. Where a session changed its title, its other lines stand under the new title.

What is a session, and which sessions of two snapshots are one
===============================================================

* Within a snapshot: events that share a guid, or both a non-empty url and the trimmed title, are one
  session (count.py says where that occurs). What is said of the session is what its event of the
  lowest id says; people and places are all events'. Two of its events at one time in one room are one.
* Over time, what was known before is kept as far as it can be, in this order:
  1. by guid: a session is the one that an event of it belonged to. When a session falls apart, or two
     become one, those go together that are known by the same event (the one of the lowest id, when
     the session was first seen), or else those with the most events in common. The rest are new or
     gone.
  2. What finds no partner by guid is paired when both sides have exactly one left of the same: event
     id and title; then id and start; then url; then title and start; then title. Generators and wikis
     make up new guids when something is entered anew.
* `links` counts how the sessions found their partners.
"""

import json
import sys
import tarfile
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

from count import text, xml_person


class Session:
    """The events of one session in one snapshot, lowest id first."""

    def __init__(self, events):
        self.events, places = [], set()
        for event in sorted(events, key=lambda event: (event["number"], event["start"])):
            # At one time in one room there is one.
            if event["place"] not in places:
                places.add(event["place"])
                self.events.append(event)
        first = self.events[0]
        self.title = first["title"]
        self.known_as = first["guid"]
        self.track = next((event["track"] for event in self.events if event["track"]), "")
        self.people = {name for event in self.events for name in event["people"]}
        self.texts = tuple(
            next((event[field] for event in self.events if event[field]), "")
            for field in ("subtitle", "abstract", "description")
        )
        # A guid may stand several times; the further ones are told apart by their id, or else their place.
        self.places = {}
        for event in self.events:
            guid, number, place = event["guid"], event["number"], event["place"]
            keys = [guid, (guid, number), (guid, number, place)]
            self.places[next(key for key in keys if key not in self.places)] = place
        self.guids = {event["guid"] for event in self.events}

    def keys(self):
        """The names by which a session without a partner by guid is looked for, in order of trust."""
        first = self.events[0]
        url = next((event["url"] for event in self.events if event["url"]), "")
        earliest = min(event["start"] for event in self.events)
        title, number = folded(self.title), first["number"]
        return [(number, title), (number, earliest), url.rstrip("/"), (title, earliest), title]

    def where(self):
        return " | ".join(sorted(self.places.values()))


def main(arguments):
    if arguments == ["--self-check"]:
        self_check()
        print("history.py: the rules hold")
        return 0
    if not arguments or arguments[1:] not in ([], ["-v"]):
        print("usage: history.py ARCHIVE.tar.xz [-v] | --self-check", file=sys.stderr)
        return 2
    with tarfile.open(arguments[0]) as archive:
        members = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
        found = history((member.name, archive.extractfile(member).read()) for member in members)
    if arguments[1:]:
        for snapshot in found:
            kinds = Counter(line.split("\t")[0] for line in snapshot["changes"])
            said = " ".join(f"{kind}={count}" for kind, count in sorted(kinds.items()))
            print(snapshot["name"], f"sessions={snapshot['sessions']}", said, snapshot["links"])
    else:
        json.dump({"snapshots": found}, sys.stdout, ensure_ascii=False)
        print()
    return 0


def history(snapshots):
    """The state and the changes of each (name, bytes)."""
    out, before = [], []
    for name, content in snapshots:
        root = ET.fromstring(content)
        now = sessions(root)
        partners, links = paired(before, now)
        out.append(
            {
                "name": name,
                "sessions": len(now),
                "state": state(root, now),
                "changes": changes(before, now, partners),
                "links": links,
            }
        )
        for index, session in enumerate(now):
            if index in partners:
                session.known_as = before[partners[index]].known_as
        before = now
    return out


def sessions(root):
    """The sessions of a snapshot."""
    parent = {}

    def find(key):
        parent.setdefault(key, key)
        while parent[key] != key:
            key = parent[key]
        return key

    events = []
    for day in root.iter("day"):
        for room in day.iter("room"):
            for element in room.findall("event"):
                event = read_event(element, room.get("name"))
                events.append(event)
                own = find(("guid", event["guid"]))
                if event["url"]:
                    parent[find(("url", event["url"], event["raw_title"]))] = own
    groups = defaultdict(list)
    for event in events:
        groups[find(("guid", event["guid"]))].append(event)
    return [Session(group) for group in groups.values()]


def read_event(element, room):
    start = datetime.fromisoformat(text(element.findtext("date"))).astimezone(timezone.utc)
    hours, minutes = text(element.findtext("duration")).split(":")
    end = start + timedelta(hours=int(hours), minutes=int(minutes))
    instant = "%Y-%m-%dT%H:%M:%SZ"
    room = line(element.findtext("room")) or line(room)
    people = [line(xml_person(one, False)["name"]) for one in element.findall("persons/person")]
    return {
        "guid": text(element.get("guid")).lower(),
        "number": int(element.get("id")),
        "raw_title": text(element.findtext("title")),
        "title": line(element.findtext("title")),
        "url": text(element.findtext("url")),
        "track": line(element.findtext("track")),
        "subtitle": line(element.findtext("subtitle")),
        "abstract": text(element.findtext("abstract")),
        "description": text(element.findtext("description")),
        "people": [name for name in people if name],
        "start": start,
        "place": f"{start.strftime(instant)} {end.strftime(instant)} {room}",
    }


def paired(before, now):
    """{index in now: index in before}, and how many were found by what."""
    partners, links = {}, Counter()
    holders = defaultdict(set)
    for index, session in enumerate(before):
        for guid in session.guids:
            holders[guid].add(index)
    claims = []
    for index, session in enumerate(now):
        for old in {old for guid in session.guids for old in holders[guid]}:
            first = before[old].known_as == session.known_as
            shared = len(session.guids & before[old].guids)
            claims.append((not first, -shared, index, old))
    taken = set()
    for _, _, index, old in sorted(claims):
        if index not in partners and old not in taken:
            partners[index] = old
            taken.add(old)
            links["guid"] += 1
    for which, name in enumerate(("id and title", "id and start", "url", "title and start", "title")):
        ours, theirs = defaultdict(list), defaultdict(list)
        for index, session in enumerate(before):
            if index not in taken and session.keys()[which]:
                ours[session.keys()[which]].append(index)
        for index, session in enumerate(now):
            if index not in partners and session.keys()[which]:
                theirs[session.keys()[which]].append(index)
        for key, indices in theirs.items():
            if len(indices) == 1 and len(ours[key]) == 1:
                partners[indices[0]] = ours[key][0]
                taken.add(ours[key][0])
                links[name] += 1
    return partners, dict(links)


def state(root, now):
    out = [f"session\t{one.title}\t{one.where()}\t{' | '.join(sorted(one.people))}" for one in now]
    rooms = {line(room.get("name")) for room in root.iter("room") if room.get("name")}
    rooms |= {line(event.findtext("room")) for event in root.iter("event")}
    out += [f"room\t{name}" for name in rooms if name]
    out += [f"person\t{name}" for name in {name for one in now for name in one.people}]
    return sorted(out)


def changes(before, now, partners):
    out = []
    for index, session in enumerate(now):
        title = session.title
        if index not in partners:
            out.append(f"added\t{title}\t{session.where()}")
            continue
        old = before[partners[index]]
        if old.title != title:
            out.append(f"title\t{old.title}\t{title}")
        if old.track != session.track:
            out.append(f"track\t{title}\t{old.track}\t{session.track}")
        if old.texts != session.texts:
            out.append(f"texts\t{title}")
        out += [f"joined\t{title}\t{name}" for name in session.people - old.people]
        out += [f"left\t{title}\t{name}" for name in old.people - session.people]
        for key, place in session.places.items():
            if key not in old.places:
                out.append(f"placed\t{title}\t{place}")
            elif old.places[key] != place:
                out.append(f"moved\t{title}\t{old.places[key]}\t{place}")
        out += [f"unplaced\t{title}\t{old.places[key]}" for key in old.places if key not in session.places]
    kept = set(partners.values())
    gone = [session for index, session in enumerate(before) if index not in kept]
    out += [f"removed\t{session.title}\t{session.where()}" for session in gone]
    return sorted(out)


def line(value):
    """One line: single spaces, trimmed."""
    return " ".join(text(value).split())


def folded(value):
    plain = unicodedata.normalize("NFKD", value)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def self_check():
    """The rules of the head of this file, on schedules small enough to see through."""

    def schedule(*events):
        rows = "".join(
            f'<event id="{number}" guid="{guid}"><date>2030-01-01T{start}:00+01:00</date>'
            f"<duration>0:30</duration><title>{title}</title><url>{url}</url>"
            f'<persons>{"".join(f"<person>{name}</person>" for name in people)}</persons></event>'
            for number, guid, start, title, url, people in events
        )
        return f'<schedule><day><room name="R">{rows}</room></day></schedule>'.encode()

    def last(*snapshots):
        return history(enumerate(snapshots))[-1]

    one = (1, "a", "10:00", "One", "", ["X"])
    ten, eleven = "2030-01-01T09:00:00Z 2030-01-01T09:30:00Z R", "2030-01-01T10:00:00Z 2030-01-01T10:30:00Z R"
    checks = [
        # The same again: nothing.
        ((schedule(one), schedule(one)), []),
        # Moved, retitled, with somebody else.
        (
            (schedule(one), schedule((1, "a", "11:00", "Two", "", ["Y"]))),
            ["joined\tTwo\tY", "left\tTwo\tX", f"moved\tTwo\t{ten}\t{eleven}", "title\tOne\tTwo"],
        ),
        # A new guid with the same id is the same session, placed anew.
        (
            (schedule(one), schedule((1, "b", "10:00", "One", "", ["X"]))),
            [f"placed\tOne\t{ten}", f"unplaced\tOne\t{ten}"],
        ),
        # One id with another guid and another title beside the old one is another session.
        ((schedule(one), schedule(one, (1, "b", "11:00", "Two", "", []))), [f"added\tTwo\t{eleven}"]),
        # A second event with the same url and title is a second place of the session.
        (
            (
                schedule((1, "a", "10:00", "One", "u", [])),
                schedule((1, "a", "10:00", "One", "u", []), (2, "b", "11:00", "One", "u", [])),
            ),
            [f"placed\tOne\t{eleven}"],
        ),
        # When one of them gets another title, it is a session of its own.
        (
            (
                schedule((1, "a", "10:00", "One", "u", []), (2, "b", "11:00", "One", "u", [])),
                schedule((1, "a", "10:00", "One", "u", []), (2, "b", "11:00", "Two", "u", [])),
            ),
            [f"added\tTwo\t{eleven}", f"unplaced\tOne\t{eleven}"],
        ),
        # Gone.
        ((schedule(one), schedule()), [f"removed\tOne\t{ten}"]),
    ]
    for snapshots, expected in checks:
        found = last(*snapshots)["changes"]
        assert found == expected, f"{found} is not {expected}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
