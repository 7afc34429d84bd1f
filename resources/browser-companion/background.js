"use strict";
// Between the pages and the application: keeps the list of connected helpdesks, runs the content script where
// it was allowed, and carries messages over native messaging.  Holds no text and asks no network.
const HOST = "com.agent_assist.companion";
const VERSION = 1;
const OPENING_MS = 30000; // how long the helpdesk's reply page may take to come up
const KINDS = ["rt", "zendesk", "freshdesk", "zammad", "chatwoot", "django_helpdesk"];
const firefox = chrome.runtime.getURL("").startsWith("moz-extension:");

let port = null;
let app = "unknown"; // present, absent, or what keeps us from knowing: missing
let tried = 0;
const opening = new Map(); // tab -> an insert that waits for the reply page

// --- which helpdesks there are --------------------------------------------------------------------------

async function sites() {
  const { sites: known = [] } = await chrome.storage.local.get("sites");
  return known;
}

// Firefox knows no ports in these patterns; the content script looks at the whole address in any case.
function pattern(site) {
  const url = new URL(site.url);
  return `${url.protocol}//${firefox ? url.hostname : url.host}/*`;
}

function base(site) {
  const url = new URL(site.url);
  return url.origin + (url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`);
}

async function siteOf(address) {
  const found = (await sites()).filter((site) => `${address}/`.startsWith(base(site)));
  return found.sort((a, b) => base(b).length - base(a).length)[0] ?? null;
}

function valid(site) {
  try {
    const url = new URL(site.url);
    return KINDS.includes(site.kind) && /^https?:$/.test(url.protocol) && /^[a-z0-9-]{1,40}$/.test(site.connection);
  } catch {
    return false;
  }
}

async function allowed(site) {
  return chrome.permissions.contains({ origins: [pattern(site)] });
}

function scriptOf(site) {
  return {
    id: `site-${site.connection}`,
    matches: [pattern(site)],
    js: ["editor.js", `sites/${site.kind}.js`, "content.js"],
    runAt: "document_idle",
    allFrames: false,
    persistAcrossSessions: true,
  };
}

let registering = Promise.resolve();
// The content script runs for exactly the helpdesks that are connected and allowed.
function register() {
  registering = registering.then(registerNow, registerNow);
  return registering;
}

async function registerNow() {
  const wanted = [];
  for (const site of await sites()) if (await allowed(site)) wanted.push(site);
  const old = await chrome.scripting.getRegisteredContentScripts();
  if (old.length) await chrome.scripting.unregisterContentScripts({ ids: old.map((script) => script.id) });
  if (wanted.length) await chrome.scripting.registerContentScripts(wanted.map(scriptOf));
  for (const site of wanted) {
    for (const tab of await chrome.tabs.query({ url: pattern(site) })) {
      const target = { tabId: tab.id };
      chrome.scripting.executeScript({ target, files: scriptOf(site).js }).catch(() => {});
    }
  }
}

// --- the application ------------------------------------------------------------------------------------

function connect() {
  if (port || Date.now() - tried < 1000) return;
  tried = Date.now();
  port = chrome.runtime.connectNative(HOST);
  port.onMessage.addListener(onApp);
  port.onDisconnect.addListener(() => {
    const reason = chrome.runtime.lastError?.message ?? port?.error?.message ?? "";
    port = null;
    setApp(/not found|no such native/i.test(reason) ? "missing" : "absent");
  });
  hello();
}

function tell(message) {
  connect();
  try {
    port?.postMessage({ v: VERSION, ...message });
  } catch {
    port = null;
  }
}

function hello() {
  tell({ type: "hello", browser: firefox ? "firefox" : "chromium", extension: chrome.runtime.getManifest().version });
}

function setApp(state) {
  app = state;
  chrome.action.setBadgeText({ text: state === "present" ? "" : "!" });
  chrome.runtime.sendMessage({ type: "changed" }).catch(() => {});
}

async function onApp(message) {
  if (message?.v !== VERSION) return;
  if (message.type === "status") {
    const came = message.app === "present" && app !== "present";
    setApp(message.app === "present" ? "present" : "absent");
    if (came) {
      hello();
      refresh();
    }
  } else if (message.type === "sites" && Array.isArray(message.sites)) {
    await chrome.storage.local.set({ sites: message.sites.filter(valid) });
    await register();
    setApp("present");
  } else if (message.type === "insert") {
    await insert(message);
  }
}

// The ticket that is in front now, for an application that was started after the page was opened.
async function refresh() {
  for (const tab of await chrome.tabs.query({ active: true, lastFocusedWindow: true })) {
    chrome.tabs.sendMessage(tab.id, { type: "again" }, { frameId: 0 }).catch(() => {});
  }
}

// --- text into a page -----------------------------------------------------------------------------------

async function insert(wanted) {
  const { request, tab, page, connection, ticket, text, mode } = wanted;
  let outcome = "gone";
  try {
    const message = { type: "insert", page, ticket, text, mode };
    outcome = (await chrome.tabs.sendMessage(tab, message, { frameId: 0 })) ?? "gone";
  } catch {
    // The tab is closed, or the site is no longer allowed.
  }
  if (outcome !== "opening") {
    tell({ type: "result", request, outcome });
    return;
  }
  const timer = setTimeout(() => {
    if (opening.delete(tab)) tell({ type: "result", request, outcome: "no_box" });
  }, OPENING_MS);
  opening.set(tab, { request, tab, connection, ticket, text, mode, timer });
}

// The reply page came up in the tab: the text goes there if it is the ticket that it was accepted for.
function goOn(shown) {
  const waiting = opening.get(shown.tab);
  if (!waiting) return;
  opening.delete(shown.tab);
  clearTimeout(waiting.timer);
  if (waiting.connection === shown.connection && waiting.ticket === shown.ticket) {
    insert({ ...waiting, page: shown.page });
  } else {
    tell({ type: "result", request: waiting.request, outcome: "other_ticket" });
  }
}

function dropped(tab) {
  const waiting = opening.get(tab);
  if (!waiting) return;
  opening.delete(tab);
  clearTimeout(waiting.timer);
  tell({ type: "result", request: waiting.request, outcome: "gone" });
}

// --- messages of our own pages and content scripts ------------------------------------------------------

async function onPage(message, sender) {
  const site = await siteOf(sender.url ?? "");
  if (!site || sender.frameId !== 0) return null;
  const tab = sender.tab.id;
  if (message.type === "who") return { kind: site.kind, base: base(site) };
  if (message.type === "page") {
    const shown = { tab, page: message.page, connection: site.connection, ticket: message.ticket };
    tell({ type: "page", ...shown });
    goOn(shown);
  } else if (message.type === "left") {
    tell({ type: "left", tab });
  } else if (message.type === "alive") {
    connect();
  }
  return null;
}

async function overview() {
  const known = await sites();
  const rows = known.map(async (site) => ({ ...site, pattern: pattern(site), allowed: await allowed(site) }));
  return { app, sites: await Promise.all(rows) };
}

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  if (sender.id !== chrome.runtime.id || typeof message?.type !== "string") return undefined;
  if (message.type === "overview" && sender.url?.startsWith(chrome.runtime.getURL(""))) {
    if (port && message.fresh) hello();
    else connect();
    overview().then(answer);
    return true;
  }
  if (!sender.tab || message.type === "overview" || message.type === "changed") return undefined;
  onPage(message, sender).then(answer);
  return true;
});

chrome.tabs.onRemoved.addListener((tab) => {
  dropped(tab);
  if (port) tell({ type: "left", tab });
});
chrome.permissions.onAdded.addListener(() => register());
chrome.permissions.onRemoved.addListener(() => register());
chrome.runtime.onInstalled.addListener(() => {
  connect();
  register();
});
chrome.runtime.onStartup.addListener(() => register());
