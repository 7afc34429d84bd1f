"use strict";
// Puts text into a page's reply box the way a person would type it, so that the page's own editor takes it:
// through the browser's editing commands, which raise real input events and can be undone with Ctrl+Z.
// Nothing that somebody typed is ever replaced.
globalThis.agentAssistEditor = (() => {
  const OFFERED = "blockquote, [data-signature]"; // what helpdesks put there themselves
  const put = new WeakMap(); // box -> what it held after the companion's own text was put there

  const isField = (box) => box.tagName === "TEXTAREA" || box.tagName === "INPUT";
  // CKEditor 4 shows a hint as if it were text, and gives no text away while its class stands.
  const hinted = (box) => !isField(box) && box.classList.contains("placeholder");
  const read = (box) => (isField(box) ? box.value : hinted(box) ? "" : box.innerText);
  const plain = (text) => text.replace(/[\s\u00a0\u200b\ufeff]+/g, " ").trim();

  // The first match that can be seen: a page may hold one editor for each open ticket.
  function visible(page, selector) {
    for (const found of page.querySelectorAll(selector)) {
      if (found.getClientRects().length && getComputedStyle(found).visibility !== "hidden") return found;
    }
    return null;
  }

  // What a person typed: without the signature and the quoted message that helpdesks put there themselves.
  function typed(box) {
    let text = read(box);
    if (!isField(box) && text) {
      const copy = box.cloneNode(true);
      for (const part of copy.querySelectorAll(OFFERED)) part.remove();
      if (!plain(copy.textContent)) return "";
      text = box.innerText;
    }
    const lines = text.replace(/\u00a0/g, " ").split("\n");
    const signature = lines.findIndex((line) => /^--\s*$/.test(line));
    const above = signature < 0 ? lines : lines.slice(0, signature);
    const own = above.filter((line, at) => {
      const next = above.slice(at + 1).find((other) => other.trim());
      return !/^\s*>/.test(line) && !(/:\s*$/.test(line) && next && /^\s*>/.test(next));
    });
    return plain(own.join(" "));
  }

  function select(box, where) {
    box.focus({ preventScroll: false });
    if (isField(box)) {
      const end = box.value.length;
      box.setSelectionRange(where === "end" ? end : 0, where === "start" ? 0 : end);
      return;
    }
    const range = box.ownerDocument.createRange();
    const first = box.firstElementChild;
    if (where === "start" && first?.matches(OFFERED)) {
      // A caret at the very start would write into the signature itself.
      const line = box.ownerDocument.createElement("div");
      line.append(box.ownerDocument.createElement("br"));
      first.before(line);
      range.selectNodeContents(line);
    } else {
      range.selectNodeContents(box);
    }
    if (where !== "all") range.collapse(where === "start");
    const selection = box.ownerDocument.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function field(box, text) {
    if (box.ownerDocument.execCommand("insertText", false, text)) return;
    box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }));
  }

  async function rich(box, text) {
    const page = box.ownerDocument;
    let first = true;
    for (const line of text.split("\n")) {
      if (!first) page.execCommand("insertParagraph");
      first = false;
      if (line) page.execCommand("insertText", false, line);
      await null; // the page's editor sees one change after the other
    }
  }

  // For an editor that refuses commands: what a paste of plain text looks like.
  function paste(box, text) {
    // Firefox keeps from a page what anybody else has put on a clipboard: there it is put in the page's name,
    // and by Firefox's own two words for it.
    const page = box.ownerDocument.defaultView?.wrappedJSObject ?? box.ownerDocument.defaultView ?? globalThis;
    const data = new page.DataTransfer();
    data.setData("text/plain", text);
    const how = new page.Object();
    Object.assign(how, { clipboardData: data, data: text, dataType: "text/plain" });
    Object.assign(how, { bubbles: true, cancelable: true });
    (box.wrappedJSObject ?? box).dispatchEvent(new page.ClipboardEvent("paste", how));
  }

  const settled = () => new Promise((done) => setTimeout(done, 60));

  // The ways in which a rich editor can be written to, the adapter's own first; the next one only where the one
  // before has changed nothing.
  async function write(box, text, where, way) {
    const before = plain(read(box));
    for (const next of way === "paste" ? [paste, rich] : [rich, paste]) {
      select(box, where);
      await settled(); // editors hear of a new selection a moment later
      await next(box, text);
      await settled();
      if (plain(read(box)) !== before) return;
    }
  }

  function dropHint(box) {
    if (!hinted(box)) return;
    box.classList.remove("placeholder");
    box.innerHTML = "<p><br></p>";
  }

  async function fill(box, text, mode, way) {
    dropHint(box);
    const before = plain(read(box));
    const own = put.has(box) && put.get(box) === before;
    const free = !typed(box);
    if (!own && !free && mode !== "append") return "occupied";
    const rest = !own && before !== "";
    const where = own ? "all" : free ? "start" : "end";
    const written = !rest ? text : where === "start" ? `${text}\n\n` : `\n\n${text}`;
    if (isField(box)) {
      select(box, where);
      field(box, written);
    } else {
      await write(box, written, where, way);
    }
    if (!plain(read(box)).includes(plain(text))) return "uncertain";
    if (!rest) put.set(box, plain(read(box)));
    return rest && where === "end" ? "appended" : "inserted";
  }

  return { fill, visible, typed };
})();
