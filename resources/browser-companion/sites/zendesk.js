"use strict";
// Zendesk's agent workspace: several tickets may be open as tabs inside the page, one composer is visible.
(globalThis.agentAssistSites ??= {}).zendesk = {
  way: "paste", // CKEditor 5 takes back every change that it was not told of
  ticket(url) {
    return /^\/agent\/tickets\/(\d+)(\/|$)/.exec(url.pathname)?.[1] ?? null;
  },
  box(page) {
    return agentAssistEditor.visible(
      page,
      '[data-test-id="omnicomposer-rich-text-ckeditor"][contenteditable="true"], ' +
        '.zendesk-editor--rich-text-comment[contenteditable="true"], ' +
        'textarea[data-test-id="omnicomposer-text-area"]',
    );
  },
  note(page) {
    const box = this.box(page);
    const composer = box?.closest('[data-test-id="omnicomposer"], form, section, main');
    const channel = composer?.querySelector('[data-test-id="omnichannel-channel-switcher-button"]');
    return channel?.dataset.channel === "internal" || /internal note/i.test(channel?.textContent ?? "");
  },
};
