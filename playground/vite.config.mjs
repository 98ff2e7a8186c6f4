import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // harness/ uses it too, and is outside of this folder: the page takes the one that is installed here.
  resolve: { dedupe: ['humps'] },
  build: {
    // The first browsers with light-dark(): what stands in for it ignores the theme button.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    // The page's policy admits fonts as files only, which is what a limit of 0 makes of them.
    assetsInlineLimit: 0,
  },
});
