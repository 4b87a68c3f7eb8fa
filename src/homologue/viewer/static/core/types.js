// @ts-check
// The shapes that modules share, for the type checker and for readers. Nothing of it is run.

/**
 * A point of the source. x, y: picture frame, pixels of the original image with pixel centres at
 * +0.5. number: counted from 1, as it is shown.
 * @typedef {{ id: string, number: number, x: number, y: number, name?: string }} Point
 */

/**
 * A picture that the server holds; width and height are pixels of the original image.
 * @typedef {{ id: string, name: string, width: number, height: number }} Picture
 */

/**
 * What a person works with, the same on every screen.
 * @typedef {object} Scene
 * @property {Picture | null} source
 * @property {Picture | null} target
 * @property {Point[]} points
 * @property {Record<string, any>} settings
 */

/**
 * The state of a session as the server tells it; each screen has a part of its own besides.
 * @typedef {{ session: string, moment: number, scene: Scene } & Record<string, any>} SessionState
 */

/**
 * What a person does: the name of the action and its fields.
 * @typedef {{ do: string } & Record<string, any>} Action
 */

/**
 * An error whose message is a sentence for people; status: of the server's answer, if there was one.
 * @typedef {Error & { status?: number }} ViewerError
 */

/**
 * What the page gives a screen.
 * @typedef {object} App
 * @property {Record<string, any>} options what the server offers
 * @property {import("./session.js").Session} session
 * @property {import("./keys.js").Keys} keys
 * @property {import("./toast.js").Toasts} toasts
 * @property {string} rest the screen's part of the address
 * @property {(rest: string, how?: { replace?: boolean }) => void} go changes that part
 */

/**
 * An open screen; move(rest) is called when the address has changed.
 * @typedef {object} Screen
 * @property {HTMLElement} element
 * @property {HTMLElement[]} tools for the head of the page
 * @property {() => void} close
 * @property {string} [name]
 * @property {(rest: string) => unknown} [move]
 */

/**
 * A screen that can be opened.
 * @typedef {object} ScreenEntry
 * @property {string} name in its address
 * @property {string} title in the navigation
 * @property {boolean} [sessionless] it needs no session
 * @property {(options: any) => boolean} [isThere] whether it is offered
 * @property {() => Promise<{ open: (app: App) => Screen }>} load
 */

/**
 * A heat map, side x side places from the top left; value = level x scale.
 * @typedef {{ kind: string, name: string, levels: Uint16Array, scale: number }} HeatMap
 */

/** x and y, or left and top. @typedef {[number, number]} Pair */

export {};
