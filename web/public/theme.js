// Runs before the first paint, so that the theme does not flash. In a separate file, because the CSP forbids inline
// scripts.
try {
  const theme = localStorage.getItem('theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Without storage, the system's theme applies.
}
