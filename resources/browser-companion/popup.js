"use strict";
// What the person sees of the companion: whether the application is there, and one switch for each helpdesk.
const STATES = {
  unknown: "Looking for Agent Assist…",
  present: "Agent Assist is running.",
  absent: "Agent Assist is not running. Start it, then this page finds it by itself.",
  missing: "This browser does not know Agent Assist yet. Run “agent-assist companion install” once.",
};
const NONE = "No helpdesk is connected. Connect one in Agent Assist under Connections.";

function row(site) {
  const item = document.createElement("li");
  const name = document.createElement("div");
  const title = document.createElement("strong");
  const address = document.createElement("span");
  title.textContent = site.title;
  address.textContent = new URL(site.url).host + (site.allowed ? " · allowed" : "");
  address.className = "muted";
  name.append(title, address);
  const button = document.createElement("button");
  button.textContent = site.allowed ? "Stop" : "Allow";
  button.className = site.allowed ? "" : "primary";
  button.setAttribute("aria-label", `${button.textContent} ${site.title}`);
  // Straight from the click: a browser asks the person only then.
  button.addEventListener("click", async () => {
    const origins = { origins: [site.pattern] };
    await (site.allowed ? chrome.permissions.remove(origins) : chrome.permissions.request(origins));
    show();
  });
  item.append(name, button);
  return item;
}

async function show(fresh = false) {
  const found = await chrome.runtime.sendMessage({ type: "overview", fresh });
  if (!found) return;
  const none = found.app === "present" && !found.sites.length;
  document.getElementById("state").textContent = none ? NONE : STATES[found.app];
  document.getElementById("sites").replaceChildren(...found.sites.map(row));
}

chrome.runtime.onMessage.addListener((message) => {
  if (message?.type === "changed") show();
});
show(true);
