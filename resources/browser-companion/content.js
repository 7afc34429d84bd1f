"use strict";
// Runs only in the pages of helpdesks that are connected in Agent Assist and that you have allowed, apart from
// the page's own scripts.  Says which ticket the page shows; fills the reply box when the application says so.
(() => {
  if (globalThis.agentAssistCompanion) return;
  globalThis.agentAssistCompanion = true;
  const LOOK_MS = 300; // pages that never reload change their address without telling anybody
  const ALIVE_MS = 20000; // keeps the extension's background awake while a ticket is open
  const READY_MS = 4000; // how long an editor may take to appear
  const load = crypto.randomUUID();
  let site = null; // {kind, base}: which helpdesk this page belongs to
  let adapter = null;
  let shown = null; // the ticket that was announced
  let turn = 0;
  let timer = 0;
  let told = 0;

  const page = () => `${load}.${turn}`;

  function current() {
    const url = new URL(location.href);
    return site && url.href.startsWith(site.base) ? adapter.ticket(url) : null;
  }

  async function say(message) {
    try {
      return await chrome.runtime.sendMessage(message);
    } catch {
      if (!chrome.runtime?.id) stop(); // the extension was updated or removed: this copy has nothing to do
      return undefined;
    }
  }

  function announce(ticket) {
    told = Date.now();
    if (ticket !== null) say({ type: "page", page: page(), ticket });
    else say({ type: "left" });
  }

  function look(again = false) {
    if (!site || document.visibilityState !== "visible") return;
    const ticket = current();
    if (ticket !== shown) {
      shown = ticket;
      turn += 1;
      announce(ticket);
    } else if (ticket !== null && again) {
      announce(ticket);
    } else if (Date.now() - told > ALIVE_MS) {
      told = Date.now();
      say({ type: "alive" });
    }
  }

  // The reply box once it is there, "note" where it stays set to an internal note, null where none comes.
  async function ready() {
    const until = Date.now() + READY_MS;
    for (;;) {
      const box = adapter.box(document);
      const there = box !== null && box !== "wait";
      if (there && !adapter.note(document)) return box;
      if (Date.now() > until) return there ? "note" : null;
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  async function insert(wanted) {
    const mine = () => wanted.page === page() && current() === wanted.ticket;
    if (!mine()) return "other_ticket";
    const found = adapter.box(document);
    const note = found !== null && found !== "wait" && adapter.note(document);
    // What somebody has begun to write as a note stays one.
    if (note && (adapter.opens !== "box" || agentAssistEditor.typed(found))) return "note";
    if (found === null || note) {
      if (!adapter.open?.(document, wanted.ticket)) return note ? "note" : "no_box";
      if (adapter.opens === "page") return "opening";
    }
    const box = await ready();
    if (box === null || box === "note") return box ?? "no_box";
    // The agent may have moved on while the editor came up.
    return mine() ? agentAssistEditor.fill(box, wanted.text, wanted.mode, adapter.way) : "other_ticket";
  }

  function onMessage(message, sender, answer) {
    if (sender.id !== chrome.runtime.id || sender.tab) return undefined;
    if (message?.type === "again") {
      look(true);
      return undefined;
    }
    if (message?.type !== "insert") return undefined;
    insert(message).then(answer, () => answer("uncertain"));
    return true;
  }

  function stop() {
    clearInterval(timer);
    site = null;
  }

  async function start() {
    const answer = await say({ type: "who" });
    adapter = answer ? globalThis.agentAssistSites?.[answer.kind] : null;
    if (!adapter) return;
    site = answer;
    chrome.runtime.onMessage.addListener(onMessage);
    for (const event of ["popstate", "hashchange", "pageshow"]) addEventListener(event, () => look());
    addEventListener("focus", () => look(true));
    addEventListener("pageshow", (event) => event.persisted && look(true));
    document.addEventListener("visibilitychange", () => look(true));
    addEventListener("pagehide", () => shown !== null && say({ type: "left" }));
    timer = setInterval(look, LOOK_MS);
    look();
  }

  start();
})();
