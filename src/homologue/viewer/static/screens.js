// @ts-check
// The screens of the viewer, in the order of the navigation. The first available screen is the default.
// A screen's modules are loaded when it is first opened. See ScreenEntry in core/types.js.

/** @type {import("./core/types.js").ScreenEntry[]} */
export const screens = [
  {
    name: "runs",
    title: "Runs",
    sessionless: true,
    isAvailable: (options) => options.runs > 0,
    load: async () => (await import("./runs/screen.js")).runsScreen,
  },
  { name: "match", title: "Match", load: async () => (await import("./match/screen.js")).matchScreen },
  { name: "transfer", title: "Transfer", load: async () => (await import("./transfer/screen.js")).transferScreen },
  { name: "words", title: "Words", load: async () => (await import("./words/screen.js")).wordsScreen },
];
