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

// A form with data-keep is never sent into the void: where the sign-in has ended, a dialog asks for the password
// first, and where the token of the form is out of date, the present one is put in.
const checked = new WeakSet();
const busy = new WeakSet(); // forms that are being checked, or were sent a moment ago: a double click sends once
const DOUBLE_CLICK = 1000; // milliseconds

function present(name) {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function isSignedIn(asking) {
  const answer = await fetch(asking.dataset.alive, { headers: { Accept: "application/json" }, cache: "no-store" });
  const alive = await answer.json();
  return alive.signed_in && alive.user === asking.dataset.user;
}

async function signIn(dialog, form) {
  const body = new FormData(form);
  body.set("csrfmiddlewaretoken", present("csrftoken"));
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  const result = answer.ok ? await answer.json() : { signed_in: false };
  dialog.querySelector("[data-locked]").hidden = answer.status !== 429;
  dialog.querySelector("[data-wrong]").hidden = result.signed_in || answer.status === 429;
  return result.signed_in;
}

function askForPassword(asking) {
  const dialog = asking.content.firstElementChild.cloneNode(true);
  const form = dialog.querySelector("form");
  document.body.append(dialog);
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const isIn = await signIn(dialog, form).catch(() => { sayThatItFailed(); return false; });
      form.elements.password.value = "";
      if (isIn) dialog.close("in");
      else form.elements.password.focus();
    };
    dialog.querySelector("[data-back]").onclick = () => dialog.close("");
    dialog.onclose = () => { resolve(dialog.returnValue === "in"); dialog.remove(); };
    dialog.showModal();
  });
}

async function checkAndSend(form, submitter) {
  const asking = document.getElementById("sign-in-again");
  if (!await isSignedIn(asking) && !await askForPassword(asking)) return 0;
  for (const token of document.getElementsByName("csrfmiddlewaretoken")) token.value = present("csrftoken");
  checked.add(form);
  confirmed.add(form);
  form.requestSubmit(submitter);
  return DOUBLE_CLICK;
}

function checkFirst(event) {
  const form = event.target;
  if (form.dataset.keep === undefined || checked.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (busy.has(form)) return;
  busy.add(form);
  checkAndSend(form, event.submitter).catch(sayThatItFailed)
    .then((pause) => setTimeout(() => busy.delete(form), pause));
}

document.addEventListener("submit", checkFirst, true);

// Whoever has no profile yet is told where their device believes to be.
function proposeZone() {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const link = document.querySelector("[data-zone-here]");
  if (link && here && here !== link.dataset.zoneHere) {
    link.textContent = link.textContent.replace("%s", here);
    link.hidden = false;
  }
}

document.addEventListener("DOMContentLoaded", proposeZone);
