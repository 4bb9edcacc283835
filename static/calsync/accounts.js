"use strict";

// Proposes the zone of this device to whoever has no profile yet. Nothing is saved but by the button.
document.addEventListener("DOMContentLoaded", () => {
  const proposal = document.querySelector("[data-zone-proposal]");
  const field = document.getElementById("id_time_zone");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!proposal || !here || here === field.value) return;
  field.value = here;
  const words = proposal.querySelector("span");
  words.textContent = words.textContent.replace("%s", here);
  proposal.hidden = false;
});
