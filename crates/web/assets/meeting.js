// The committee's meeting: loads the page again when another proposal is before everybody. What was begun to be typed or
// chosen stays, and a line says that the meeting went on.

const meeting = document.querySelector("[data-meeting]");
const events = new EventSource(meeting.dataset.events);
let touched = false;
document.addEventListener("input", () => { touched = true; });
// What is being sent leads on by itself; loading the page again would break it off.
document.addEventListener("submit", () => events.close());

events.addEventListener("turn", (event) => {
  if (event.data === meeting.dataset.meeting) return;
  if (!touched) {
    location.reload();
    return;
  }
  meeting.setAttribute("role", "status");
  meeting.textContent = "The meeting went on. Load the page again when you are done here.";
});
