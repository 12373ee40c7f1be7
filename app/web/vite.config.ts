import { defineConfig } from "vite";

// Everything is served by the hotline itself: no inline code and no data: fonts, so that the CSP can be strict.
export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 900,
  },
  worker: { format: "es" },
});
