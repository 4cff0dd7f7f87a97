"use strict";
// Shows the page again after each change, without losing focus, scroll position or open details.

const gone = document.getElementById("gone");
let shown = document.getElementById("main").dataset.version;
let loading = false;
let wanted = false;

let changes = null;
let again = 0;

function placeOf(element, main) {
  const same = [...main.querySelectorAll(element.tagName)];
  const address = element.getAttribute("href");
  const twins = same.filter((other) => other.getAttribute("href") === address);
  return { tag: element.tagName, index: same.indexOf(element), address, twin: twins.indexOf(element) };
}

// The element of a place: a link is known by its address, since rows above it may come and go.
function elementAt(place, main) {
  const same = [...main.querySelectorAll(place.tag)];
  if (place.address === null) return same[place.index];
  return same.filter((other) => other.getAttribute("href") === place.address)[place.twin];
}

async function load() {
  if (loading) {
    wanted = true;
    return;
  }
  loading = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    replace(page.getElementById("main"));
    document.title = page.title;
    gone.hidden = true;
  } catch (error) {
    gone.hidden = false;
  } finally {
    loading = false;
    if (wanted) {
      wanted = false;
      load();
    }
  }
}

function replace(fresh) {
  const main = document.getElementById("main");
  const typed = main.querySelector("input[type=search]");
  if (typed !== null && typed === document.activeElement) {
    // Someone is typing: the field stays as it is.
    fresh.querySelector("input[type=search]").replaceWith(typed.cloneNode());
    fresh.querySelector("input[type=search]").value = typed.value;
  }
  const active = main.contains(document.activeElement) ? document.activeElement : null;
  const place = active === null || active === main ? null : placeOf(active, main);
  const selection = active instanceof HTMLInputElement ? [active.selectionStart, active.selectionEnd] : null;
  const open = [...main.querySelectorAll("details")].map((part) => part.open);
  const scrolls = [...main.querySelectorAll(".wide, pre")].map((part) => [part.scrollLeft, part.scrollTop]);
  main.replaceChildren(...fresh.childNodes);
  main.dataset.version = fresh.dataset.version;
  shown = fresh.dataset.version;
  main.querySelectorAll("details").forEach((part, index) => { part.open = open[index] ?? false; });
  main.querySelectorAll(".wide, pre").forEach((part, index) => {
    if (scrolls[index]) [part.scrollLeft, part.scrollTop] = scrolls[index];
  });
  if (place !== null) {
    const element = elementAt(place, main);
    if (element) element.focus({ preventScroll: true });
    if (selection !== null && element instanceof HTMLInputElement) element.setSelectionRange(...selection);
  }
}

function listen() {
  close();
  if (document.visibilityState === "hidden") return;
  changes = new EventSource(`/changes?version=${encodeURIComponent(shown)}`);
  changes.onopen = () => { gone.hidden = true; };
  changes.onmessage = (event) => {
    if (event.data !== shown) load();
  };
  changes.onerror = () => {
    gone.hidden = false;
    close();
    again = setTimeout(listen, 1000);
  };
}

// Browsers open only a few connections to a server: a page that nobody sees keeps none.
function close() {
  clearTimeout(again);
  if (changes !== null) changes.close();
  changes = null;
}

document.addEventListener("visibilitychange", listen);
// Ages are those of the last answer.
setInterval(() => { if (changes !== null) load(); }, 60000);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button === null) return;
  navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent).then(
    () => { button.textContent = "Copied"; },
    () => { button.textContent = "Not copied"; },
  );
});

listen();
