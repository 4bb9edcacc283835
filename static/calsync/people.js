"use strict";

// A part of the page that follows what moves is left alone while somebody is about to choose something in it.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches("[data-poll]")) return;
  if (document.hidden || document.querySelector(".dropdown-menu.show, dialog[open]")) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const isPoll = event.detail.requestConfig?.elt?.matches("[data-poll]");
  if (isPoll && document.querySelector(".dropdown-menu.show, dialog[open]")) event.preventDefault();
});
