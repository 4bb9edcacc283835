"use strict";

// The theme is as the device says. Loaded before anything is drawn, and only where the viewer has not chosen one.

const dark = matchMedia("(prefers-color-scheme: dark)");

function followDevice() {
  document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
}

followDevice();
dark.addEventListener("change", followDevice);
