// @ts-check
// Types that several modules share. This module contains no code.

/**
 * A point of the source image. x, y: pixels of the original image, pixel centres at +0.5. number:
 * counted from 1.
 * @typedef {{ id: string, number: number, x: number, y: number, name?: string }} Point
 */

/**
 * An image on the server. width, height: pixels of the original image.
 * @typedef {{ id: string, name: string, width: number, height: number }} Picture
 */

/**
 * The images, points and settings that all screens share.
 * @typedef {object} Scene
 * @property {Picture | null} source
 * @property {Picture | null} target
 * @property {Point[]} points
 * @property {Record<string, any>} settings
 */

/**
 * The state of a session as the server sends it. Every feature adds a property of its own.
 * moment: increases with every change.
 * @typedef {{ session: string, moment: number, scene: Scene } & Record<string, any>} SessionState
 */

/**
 * A user action: its name and its fields.
 * @typedef {{ do: string } & Record<string, any>} Action
 */

/**
 * An error with a message for the user. status: HTTP status of the response, if there was one.
 * @typedef {Error & { status?: number }} ViewerError
 */

/**
 * What a screen gets from the page.
 * @typedef {object} App
 * @property {Record<string, any>} options of the server: models, presets, samples, limits
 * @property {import("./session.js").Session} session
 * @property {import("./keys.js").Keys} keys
 * @property {import("./toast.js").Toasts} toasts
 * @property {string} rest REST of the address, see main.js
 * @property {(rest: string, options?: { replace?: boolean }) => void} go change REST of the address
 */

/**
 * An open screen. move(rest): called when REST of the address has changed.
 * @typedef {object} Screen
 * @property {HTMLElement} element
 * @property {HTMLElement[]} tools controls in the header of the page
 * @property {() => void} close
 * @property {string} [name]
 * @property {(rest: string) => unknown} [move]
 */

/**
 * An entry of the list of screens.
 * @typedef {object} ScreenEntry
 * @property {string} name SCREEN in the address
 * @property {string} title link text in the navigation
 * @property {boolean} [sessionless] whether the screen works without a session
 * @property {(options: any) => boolean} [isAvailable] whether the server's options allow the screen; default: true
 * @property {() => Promise<{ open: (app: App) => Screen }>} load
 */

/**
 * A heat map of side x side values, row by row from the top left. A level of 65535 stands for
 * `scale` times the map's average. kind: "mean", "all", "layer", "embedding" or "word".
 * @typedef {{ kind: string, name: string, levels: Uint16Array, scale: number }} HeatMap
 */

/** x and y, or right and down. @typedef {[number, number]} Pair */

export {};
