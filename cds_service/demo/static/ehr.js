// What the pages need beside htmx: a chart dropped on the form that takes one, and the focus after a step.
"use strict";

const draggedOver = (form, over) => form.toggleAttribute("data-over", over);

function takeDrops(form) {
  const file = form.querySelector("input[type=file]");
  form.querySelector("[data-drop-hint]").hidden = false;
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    draggedOver(form, true);
  });
  form.addEventListener("dragleave", () => draggedOver(form, false));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    draggedOver(form, false);
    if (event.dataTransfer.files.length > 0) {
      file.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}

function prepare(root) {
  root.querySelectorAll("form[data-drop]").forEach(takeDrops);
}

document.addEventListener("DOMContentLoaded", () => prepare(document));

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "view") {
    return;
  }
  prepare(event.target);
  // The control that was used may be gone: the reader goes on where the page says what came of it.
  if (document.activeElement === document.body) {
    document.getElementById("main").focus({ preventScroll: true });
  }
});
