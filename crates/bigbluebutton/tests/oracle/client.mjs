// An independent client, bigbluebutton-js, does with a server what organisers do with a room. It knows nothing of ours:
// what it signs, sends and understands are its own.
//
//     node client.mjs URL SECRET
//
// Prints "ok" and how many things it checked.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { api, http } = createRequire(import.meta.url)("bigbluebutton-js");
const [url, secret] = process.argv.slice(2);
const server = api(url, secret);
let checks = 0;
const check = (actual, expected, what) => {
    assert.deepEqual(actual, expected, what);
    checks += 1;
};

const room = { attendeePW: "ap", moderatorPW: "mp", record: "true", autoStartRecording: "true", meta_Origin: "Plenary & co" };
const created = await http(server.administration.create("Töölö & co", "oracle-js", room));
check(created.returncode, "SUCCESS");
check(created.meetingID, "oracle-js");
check(created.internalMeetingID.endsWith(`-${created.createTime}`), true, "the identifier of the run names its time");

const again = await http(server.administration.create("Another", "oracle-js", { attendeePW: "ap", moderatorPW: "mp" }));
check([again.returncode, again.messageKey, again.createTime], ["SUCCESS", "duplicateWarning", created.createTime]);
const other = await http(server.administration.create("Another", "oracle-js", { attendeePW: "x", moderatorPW: "y" }));
check([other.returncode, other.messageKey], ["FAILED", "idNotUnique"]);

check((await http(server.monitoring.isMeetingRunning("oracle-js"))).running, false);
const joined = await http(server.administration.join("Zoë", "oracle-js", "mp", { redirect: "false", userID: "p7" }));
check([joined.returncode, joined.messageKey, joined.guestStatus], ["SUCCESS", "successfullyJoined", "ALLOW"]);
check(joined.meeting_id, created.internalMeetingID);
const wrong = await http(server.administration.join("Eve", "oracle-js", "nope", { redirect: "false" }));
check([wrong.returncode, wrong.messageKey], ["FAILED", "invalidPassword"]);
check((await http(server.monitoring.isMeetingRunning("oracle-js"))).running, true);

const info = await http(server.monitoring.getMeetingInfo("oracle-js"));
check(info.attendees.attendee.userID, "p7");
check(info.attendees.attendee.role, "MODERATOR");
check([info.participantCount, info.moderatorCount], [1, 1]);
check(info.metadata.origin, "Plenary &amp; co", "metadata comes back, its name in lower case; this client leaves references as they are");
const { meetings } = await http(server.monitoring.getMeetings());
check(meetings.map((meeting) => meeting.meetingID), ["oracle-js"]);

const hook = await http(server.hooks.create("http://127.0.0.1:9/hook"));
check(hook.returncode, "SUCCESS");
const same = await http(server.hooks.create("http://127.0.0.1:9/hook", { meetingID: "oracle-js" }));
check([same.hookID, same.messageKey], [hook.hookID, "duplicateWarning"]);
check((await http(server.hooks.list())).hooks.hook.callbackURL, "http://127.0.0.1:9/hook");
check((await http(server.hooks.destroy(hook.hookID))).removed, true);

const refused = await http(server.administration.end("oracle-js", "nope"));
check([refused.returncode, refused.messageKey], ["FAILED", "invalidPassword"]);
const ended = await http(server.administration.end("oracle-js", "mp"));
check([ended.returncode, ended.messageKey], ["SUCCESS", "sentEndMeetingRequest"]);
const soon = async (asked, wanted) => {
    for (let tried = 0; tried < 100; tried += 1) {
        const answer = await asked();
        if (wanted(answer)) return answer;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail("it did not happen within 10 s");
};
const gone = await soon(() => http(server.monitoring.getMeetingInfo("oracle-js")), (answer) => answer.returncode === "FAILED");
check(gone.messageKey, "notFound");

const recorded = await soon(
    () => http(server.recording.getRecordings({ meetingID: "oracle-js" })),
    (answer) => answer.recordings[0] !== undefined,
);
const [recording] = recorded.recordings;
check([recording.recordID, recording.state, recording.published], [created.internalMeetingID, "published", true]);
check(recording.playback.format.type, "presentation");
check((await http(server.recording.publishRecordings(recording.recordID, false))).published, false);
check((await http(server.recording.updateRecordings(recording.recordID, { meta_Title: "Opening" }))).updated, true);
const after = await http(server.recording.getRecordings({ recordID: recording.recordID }));
check([after.recordings[0].state, after.recordings[0].metadata.title], ["unpublished", "Opening"]);
check((await http(server.recording.deleteRecordings(recording.recordID))).deleted, true);
check((await http(server.recording.getRecordings({}))).messageKey, "noRecordings");

const stranger = await http(api(url, "not-the-secret").monitoring.getMeetings());
check([stranger.returncode, stranger.messageKey], ["FAILED", "checksumError"]);
console.log(`ok ${checks}`);
