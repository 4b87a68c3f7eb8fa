// @ts-check
// Files from a drop, a folder or a file dialog, folders with all that is in them.

/** @typedef {{ found: { file: File, path: string }[], left: number }} Gathered */

const SUFFIX = /\.(png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|mpo)$/i;

/**
 * Gives { found: [{ file, path }], left }; `left`: how many files in folders are no pictures. It has
 * to be called while the drop is being handled, as its items are gone afterwards.
 * @param {DataTransfer} data
 */
export async function gatherDrop(data) {
  const entries = [...data.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
    .filter(Boolean);
  /** @type {Gathered} */
  const gathered = { found: [], left: 0 };
  for (const entry of entries) await walk(entry, gathered, "");
  return named(gathered);
}

/**
 * Of files that a dialog gave; those of a folder have a path.
 * @param {Iterable<File>} files
 */
export function gatherFiles(files) {
  /** @type {Gathered} */
  const gathered = { found: [], left: 0 };
  for (const file of files) take(file, file.webkitRelativePath || file.name, gathered);
  return named(gathered);
}

/**
 * Whether a drop has a folder, or several files.
 * @param {DataTransfer} data
 */
export function isMany(data) {
  const items = [...data.items].filter((item) => item.kind === "file");
  return items.length > 1 || items.some((item) => item.webkitGetAsEntry?.()?.isDirectory);
}

/**
 * @param {any} entry
 * @param {Gathered} gathered
 * @param {string} folder
 */
async function walk(entry, gathered, folder) {
  if (entry instanceof File) return take(entry, entry.name, gathered);
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
    if (file) take(file, path, gathered);
    else gathered.left += 1;
    return undefined;
  }
  const reader = entry.createReader();
  for (;;) {
    // A folder is read a hundred entries at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (!some.length) return undefined;
    for (const one of some) await walk(one, gathered, `${path}/`);
  }
}

/**
 * Of folders only pictures are taken; a file that was chosen itself is sent, and refused with a
 * reason if it is none.
 * @param {File} file
 * @param {string} path
 * @param {Gathered} gathered
 */
function take(file, path, gathered) {
  const inside = path.includes("/");
  const hidden = path.split("/").some((part) => part.startsWith("."));
  if (inside && (hidden || !(SUFFIX.test(path) || file.type.startsWith("image/")))) gathered.left += 1;
  else gathered.found.push({ file, path });
}

/**
 * Paths within the one folder that all are in, if they are; in the order of their names.
 * @param {Gathered} gathered
 */
function named({ found, left }) {
  const tops = new Set(found.map(({ path }) => (path.includes("/") ? path.split("/")[0] : "")));
  const [top] = tops;
  const cut = tops.size === 1 && top ? top.length + 1 : 0;
  const order = new Intl.Collator(undefined, { numeric: true });
  const paths = found.map(({ file, path }) => ({ file, path: path.slice(cut) }));
  return { found: paths.sort((a, b) => order.compare(a.path, b.path)), left };
}
