"""An independent client, bigbluebutton-api-python, does with a server what organisers do with a room.

It knows nothing of ours: what it signs, sends and understands are its own.

    python3 client.py URL SECRET

Prints "ok" and how many things it checked.
"""

import sys
import time
import urllib.request

from bigbluebutton_api_python import BigBlueButton
from bigbluebutton_api_python.exception import BBBException

url, secret = sys.argv[1:]
server = BigBlueButton(url, secret)
checks = 0


def check(actual, expected):
    """Both are the same."""
    global checks
    assert actual == expected, f"{actual!r} instead of {expected!r}"
    checks += 1


def refused(act):
    """The key with which the server refuses."""
    try:
        act()
    except BBBException as error:
        return error.key
    raise AssertionError("it was not refused")


def field(response, name):
    """One field of an answer as text."""
    return str(response.get_field(name))


room = {"name": "Töölö & co", "attendeePW": "ap", "moderatorPW": "mp", "record": "true", "autoStartRecording": "true"}
created = server.create_meeting("oracle-py", params=dict(room), meta={"Origin": "Plenary"})
check(field(created, "returncode"), "SUCCESS")
check(field(created, "meetingID"), "oracle-py")
again = server.create_meeting("oracle-py", params=dict(room))
check(field(again, "messageKey"), "duplicateWarning")
check(field(again, "createTime"), field(created, "createTime"))
check(refused(lambda: server.create_meeting("oracle-py", params=dict(room, attendeePW="x"))), "idNotUnique")
check(refused(lambda: server.create_meeting("a,b", params=dict(room))), "validationError")

check(bool(server.is_meeting_running("oracle-py").is_meeting_running()), False)
join = server.get_join_meeting_url("Zoë", "oracle-py", "mp", {"userID": "p7"})
with urllib.request.urlopen(join) as client:
    check(client.status, 200)
check(bool(server.is_meeting_running("oracle-py").is_meeting_running()), True)
info = server.get_meeting_info("oracle-py")
check(field(info, "participantCount"), "1")
check(str(info.get_field("metadata")["origin"]), "Plenary")
check(str(info.get_field("attendees")["attendee"]["userID"]), "p7")
check(str(server.get_meetings().get_field("meetings")["meeting"]["meetingID"]), "oracle-py")
check(refused(lambda: server.get_meeting_info("nowhere")), "notFound")
check(refused(lambda: server.end_meeting("oracle-py", "nope")), "invalidPassword")
check(field(server.end_meeting("oracle-py", "mp"), "messageKey"), "sentEndMeetingRequest")

for _ in range(100):
    found = server.get_recordings(meeting_id="oracle-py")
    if "messageKey" not in found.rawXml:
        break
    time.sleep(0.1)
recording = found.get_field("recordings")["recording"]
check(str(recording["state"]), "published")
name = str(recording["recordID"])
check(field(server.publish_recordings(name, False), "published"), "false")
check(field(server.update_recordings(name, {"Title": "Opening"}), "updated"), "true")
recording = server.get_recordings(recording_id=name).get_field("recordings")["recording"]
check((str(recording["state"]), str(recording["metadata"]["title"])), ("unpublished", "Opening"))
check(field(server.delete_recordings(name), "deleted"), "true")
check(refused(lambda: server.delete_recordings("nothing-like-it")), "notFound")

check(refused(lambda: BigBlueButton(url, "not-the-secret").get_meetings()), "checksumError")
print("ok", checks)
