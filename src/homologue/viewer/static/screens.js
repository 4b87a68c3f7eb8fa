// @ts-check
// The screens of the viewer. Each has a `name`, which is in its address, a `title` for the
// navigation, and `load()`, which gives what opens it: `open(app)` gives { element, tools, close() }.
// One that is `sessionless` needs no session; one with `isThere(options)` is there only if that is
// true. A screen's modules are loaded when it is opened, so that the first one is there soon.

/** @type {import("./core/types.js").ScreenEntry[]} */
export const screens = [
  {
    name: "runs",
    title: "Runs",
    sessionless: true,
    isThere: (options) => options.runs > 0,
    load: async () => (await import("./runs/screen.js")).runsScreen,
  },
  { name: "match", title: "Match", load: async () => (await import("./match/screen.js")).matchScreen },
  { name: "transfer", title: "Transfer", load: async () => (await import("./transfer/screen.js")).transferScreen },
  { name: "words", title: "Words", load: async () => (await import("./words/screen.js")).wordsScreen },
];
