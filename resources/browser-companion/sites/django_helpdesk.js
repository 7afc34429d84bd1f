"use strict";
// django-helpdesk: a plain form below the ticket; it writes to the customer when "public" is ticked.
(globalThis.agentAssistSites ??= {}).django_helpdesk = {
  ticket(url) {
    return /\/tickets\/(\d+)\/?$/.exec(url.pathname)?.[1] ?? null;
  },
  box(page) {
    return page.querySelector('textarea#commentBox, form textarea[name="comment"]');
  },
  note(page) {
    const form = this.box(page)?.form;
    const shared = form?.querySelector('input[name="public"][type="checkbox"]');
    return shared ? !shared.checked : false;
  },
};
