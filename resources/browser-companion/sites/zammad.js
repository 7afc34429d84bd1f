"use strict";
// Zammad: one article editor for each open ticket; its type says whether the customer is written to.
(globalThis.agentAssistSites ??= {}).zammad = {
  ticket(url) {
    return (
      /^#ticket\/zoom\/(\d+)(\/|$)/.exec(url.hash)?.[1] ??
      /^\/(?:desktop|mobile)\/tickets?\/(\d+)(\/|$)/.exec(url.pathname)?.[1] ??
      null
    );
  },
  box(page) {
    return agentAssistEditor.visible(
      page,
      '.content.active .article-new .articleNewEdit-body[contenteditable="true"], ' +
        '.ProseMirror[name="body"][contenteditable="true"]',
    );
  },
  note(page) {
    const kind = page.querySelector('.content.active .article-new [name="type"]')?.value;
    return kind === undefined ? false : kind === "note";
  },
  // A new article begins as a note: the reply button of the customer's last message makes it a reply.
  opens: "box",
  open(page) {
    const buttons = page.querySelectorAll(
      '.content.active .ticket-article-item.customer .article-action[data-type$="Reply"]',
    );
    const last = buttons[buttons.length - 1];
    last?.click();
    return last !== undefined;
  },
};
