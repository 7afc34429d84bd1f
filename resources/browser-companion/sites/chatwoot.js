"use strict";
// Chatwoot: one reply box for each conversation, for replies and private notes.
(globalThis.agentAssistSites ??= {}).chatwoot = {
  ticket(url) {
    return /^\/app\/accounts\/\d+\/(?:[^?]*\/)?conversations\/(\d+)(\/|$)/.exec(url.pathname)?.[1] ?? null;
  },
  box(page) {
    return agentAssistEditor.visible(page, '.reply-box .ProseMirror[contenteditable="true"], .reply-box textarea');
  },
  note(page) {
    const box = this.box(page)?.closest(".reply-box");
    return box ? box.classList.contains("is-private") || box.querySelector(".is-private") !== null : false;
  },
};
