import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // harness/ uses it too, and is outside of this folder: resolve the one that is installed here.
  resolve: { dedupe: ['humps'] },
  build: {
    // The first browsers with light-dark(): its polyfill ignores the theme button.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    // The page's policy accepts fonts as files only: a limit of 0 never inlines them.
    assetsInlineLimit: 0,
    // In kB: it comes from this machine.
    chunkSizeWarningLimit: 800,
  },
});
