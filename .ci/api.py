"""Runs Schemathesis against the API of a server that is started here, on a record with invented data.

Every operation of the document is tried with what it describes and with what it does not: no answer may be a fault of
the server, and every answer must be one that the document names, in the form that it names.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "plenary"
# Streams never end; they are tried by the tests of the server.
ENDLESS = "/api/v1/events"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
]


def plenary(data, *args):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLENARY_")}
    command = [BINARY, "--data", data, "--log", "warn", *args]
    done = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{args}: {done.stderr}")
    return done.stdout.strip()


def main():
    with tempfile.TemporaryDirectory() as data:
        schedule = pathlib.Path(data) / "schedule.json"
        schedule.write_text(json.dumps(conference()))
        plenary(data, "import", str(schedule), "--edition", "garden-2027")
        plenary(data, "user", "create", "ada@example.org", "--name", "Ada")
        plenary(data, "grant", "give", "ada@example.org", "administrator")
        token = plenary(data, "token", "create", "ada@example.org", "--name", "schemathesis", "--write")
        (pathlib.Path(data) / "plenary.toml").write_text("api_per_minute = 1000000\n")
        server = subprocess.Popen(
            [BINARY, "--data", data, "--log", "error", "serve", "--listen", "127.0.0.1:0"],
            cwd=data,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            address = server.stdout.readline().split()[-1].rstrip("/.")
            sys.exit(schemathesis(address, token, data))
        finally:
            server.terminate()
            server.wait(timeout=30)


def schemathesis(address, token, folder):
    began = time.monotonic()
    for who, headers in [("a token", ["--header", f"Authorization: Bearer {token}"]), ("nobody", [])]:
        print(f"-- as {who}", flush=True)
        done = subprocess.run(
            [
                "schemathesis",
                "run",
                f"{address}/api/v1/openapi.json",
                *headers,
                "--checks",
                ",".join(CHECKS),
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "12" if headers else "3",
                "--seed",
                "20270502",
                # Its coverage phase is not safe with several.
                "--workers",
                "1",
                "--exclude-path",
                ENDLESS,
                # A token that revokes itself is of no use to the rest.
                "--exclude-operation-id",
                "revokeToken",
                "--request-timeout",
                "20",
                "--no-color",
            ],
            cwd=folder,
            timeout=240 - (time.monotonic() - began),
        )
        if done.returncode != 0:
            return done.returncode
    return 0


def conference():
    """Two rooms, two tracks, six talks."""
    talks = [
        {
            "id": at + 1,
            "guid": f"00000000-0000-4000-8000-{at:012}",
            "code": f"TALK{at:02}",
            "date": f"2027-05-01T{9 + at:02}:00:00+02:00",
            "start": f"{9 + at:02}:00",
            "duration": "00:45",
            "room": ["Great Hall", "Attic"][at % 2],
            "slug": f"garden-{at}",
            "title": f"Talk number {at}",
            "subtitle": "",
            "language": "en",
            "type": "Talk",
            "track": ["Soil", "Water"][at % 2],
            "abstract": "How plants grow.",
            "description": "",
            "links": [],
            "attachments": [],
            "recording_license": "",
            "do_not_record": False,
            "persons": [{"id": at + 1, "code": f"PERS{at:02}", "public_name": f"Person {at}"}],
        }
        for at in range(6)
    ]
    rooms = {name: [talk for talk in talks if talk["room"] == name] for name in ["Great Hall", "Attic"]}
    day = {
        "index": 1,
        "date": "2027-05-01",
        "day_start": "2027-05-01T04:00:00+02:00",
        "day_end": "2027-05-01T23:59:00+02:00",
        "rooms": rooms,
    }
    return {
        "schedule": {
            "version": "1",
            "conference": {
                "acronym": "garden-2027",
                "title": "Garden Days",
                "start": "2027-05-01",
                "end": "2027-05-01",
                "daysCount": 1,
                "timeslot_duration": "00:05",
                "time_zone_name": "Europe/Berlin",
                "rooms": [{"name": "Great Hall"}, {"name": "Attic"}],
                "tracks": [{"name": "Soil"}, {"name": "Water"}],
                "days": [day],
            },
        }
    }


if __name__ == "__main__":
    main()
