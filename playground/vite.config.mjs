import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // harness/, which is outside this folder, also uses it: resolve the one installed here.
  resolve: { dedupe: ['humps'] },
  build: {
    // The first browsers with light-dark(), whose polyfill would ignore the theme button.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    // The page's policy allows fonts only as files: a limit of 0 never inlines them.
    assetsInlineLimit: 0,
    // In kB; it is served from this machine.
    chunkSizeWarningLimit: 800,
  },
});
