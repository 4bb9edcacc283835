"use strict";

// Small conveniences. Every page works without them.

function closeToast(toast) {
  toast.remove();
}

function watchToasts(root) {
  for (const toast of root.querySelectorAll("[data-toast]")) {
    toast.querySelector("[data-close]").addEventListener("click", () => closeToast(toast));
    if (toast.dataset.toast === "success") {
      setTimeout(() => { if (!toast.matches(":hover, :focus-within")) closeToast(toast); }, 12000);
    }
  }
}

async function copyText(button) {
  const label = button.querySelector("span");
  const before = label.textContent;
  await navigator.clipboard.writeText(button.dataset.copy);
  label.textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = before; }, 2000);
}

// A secret is never sent back, so what was typed is put into the form that the test has answered with.
let typedSecret = "";

document.addEventListener("htmx:beforeSwap", () => {
  const secret = document.getElementById("id_client_secret");
  typedSecret = secret ? secret.value : "";
});

document.addEventListener("htmx:afterSwap", () => {
  const secret = document.getElementById("id_client_secret");
  if (secret && typedSecret) secret.value = typedSecret;
  typedSecret = "";
});

// A request of htmx that fails would leave the page as it is, without a word.
function sayThatItFailed() {
  const toasts = document.querySelector(".toasts");
  if (toasts.querySelector("[data-toast=failed]")) return;
  toasts.append(document.getElementById("request-failed").content.cloneNode(true));
  watchToasts(toasts);
}

document.addEventListener("htmx:responseError", sayThatItFailed);
document.addEventListener("htmx:sendError", sayThatItFailed);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copyText(button);
});

document.addEventListener("DOMContentLoaded", () => {
  watchToasts(document);
});

// A form with data-confirm="#dialog" is sent once that dialog (partials/confirm.html) was answered with yes.
const confirmed = new WeakSet();

function askFirst(event) {
  const form = event.target;
  if (!form.dataset.confirm || confirmed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = document.querySelector(form.dataset.confirm);
  const name = dialog.querySelector("[data-confirm-name]");
  if (name) name.textContent = form.dataset.confirmName;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    confirmed.add(form);
    form.requestSubmit(event.submitter);
  }, { once: true });
  dialog.showModal();
}

document.addEventListener("submit", askFirst, true);
