// Before the first paint: the theme that was chosen here earlier, else the system's.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* storage may be forbidden: the system's theme holds */ }
