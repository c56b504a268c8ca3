/** A browser that was started with a POSIX locale names a language that `Intl` refuses, and uPlot asks for it while it is loaded. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}

export {};
