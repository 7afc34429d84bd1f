"use strict";
// Freshdesk: "Reply" opens a Froala editor at the end of the conversation.
(globalThis.agentAssistSites ??= {}).freshdesk = {
  ticket(url) {
    return /^\/a\/tickets\/(\d+)(\/|$)/.exec(url.pathname)?.[1] ?? null;
  },
  box(page) {
    return agentAssistEditor.visible(page, '.fr-element.fr-view[contenteditable="true"]');
  },
  note(page) {
    const editor = this.box(page)?.closest('[data-test-id], .ticket-editor, form');
    return /note/i.test(editor?.dataset.testId ?? "") || editor?.classList.contains("note-editor") === true;
  },
  opens: "box",
  open(page) {
    const button = agentAssistEditor.visible(page, 'button[data-test-id="reply"], [data-test-email-action="reply"]');
    button?.click();
    return button !== null;
  },
};
