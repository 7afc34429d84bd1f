"use strict";
// Request Tracker 5: the reply form is a page of its own, with a textarea or CKEditor 4 in a frame.
(globalThis.agentAssistSites ??= {}).rt = {
  way: "paste", // CKEditor 4 makes paragraphs of a paste; typed line by line, each would be one
  since: new WeakMap(), // editor -> when it was first seen
  ticket(url) {
    if (!/\/(Ticket\/[A-Za-z]+\.html|m\/ticket\/(show|reply|history))$/.test(url.pathname)) return null;
    const id = url.searchParams.get("id");
    return id && /^\d+$/.test(id) ? id : null;
  },
  box(page) {
    const area = page.querySelector('textarea[name="UpdateContent"]');
    if (!area || !/\/(Update\.html|reply)$/.test(page.location.pathname)) return null;
    if (!area.classList.contains("richtext")) return area;
    const frame = page.querySelector("#cke_UpdateContent iframe.cke_wysiwyg_frame");
    const body = frame?.contentDocument?.body;
    if (!body?.isContentEditable) return "wait";
    // The editor still sets its text, or a hint, for a moment after it can be seen: what came before would be lost.
    if (!this.since.has(body)) this.since.set(body, Date.now());
    const filled = body.classList.contains("placeholder") || body.textContent.trim() !== "";
    return filled || Date.now() - this.since.get(body) > 700 ? body : "wait";
  },
  note(page) {
    const type = page.querySelector('select[name="UpdateType"]');
    return type !== null && type.value !== "response";
  },
  // Where there is no box: RT's own "Reply" leads to it, on another page.
  opens: "page",
  open(page, ticket) {
    const link = [...page.querySelectorAll('a[href*="Ticket/Update.html"]')].find((a) => {
      const url = new URL(a.href, page.location.href);
      return (
        url.origin === page.location.origin &&
        url.searchParams.get("id") === ticket &&
        url.searchParams.get("Action") === "Respond" &&
        !url.searchParams.has("QuoteTransaction")
      );
    });
    if (!link || page.querySelector('textarea[name="UpdateContent"]')) return false;
    page.location.assign(link.href);
    return true;
  },
};
