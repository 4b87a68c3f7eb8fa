// The screens of the viewer. Each has a `name`, which is in its address, a `title` for the
// navigation, and `open(app)`, which gives { element, tools, close() }.

import { matchScreen } from "./match/screen.js";

export const screens = [matchScreen];
