// @ts-check
// Collect image files from a drop or a file dialog, including those in folders.

/** @typedef {{ found: { file: File, path: string }[], skipped: number }} Collection */

const SUFFIX = /\.(png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|mpo)$/i;

/**
 * Collect the files of a drop. skipped: number of files in folders that are not images. Call this in
 * the event handler: the items of a drop are not available later.
 * @param {DataTransfer} data
 */
export async function collectDrop(data) {
  const entries = [...data.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
    .filter(Boolean);
  /** @type {Collection} */
  const collection = { found: [], skipped: 0 };
  for (const entry of entries) await walk(entry, collection, "");
  return sorted(collection);
}

/**
 * Collect the files of a file dialog. Files in a chosen folder have a relative path.
 * @param {Iterable<File>} files
 */
export function collectFiles(files) {
  /** @type {Collection} */
  const collection = { found: [], skipped: 0 };
  for (const file of files) add(file, file.webkitRelativePath || file.name, collection);
  return sorted(collection);
}

/**
 * Return whether a drop has a folder or several files.
 * @param {DataTransfer} data
 */
export function hasSeveral(data) {
  const items = [...data.items].filter((item) => item.kind === "file");
  return items.length > 1 || items.some((item) => item.webkitGetAsEntry?.()?.isDirectory);
}

/**
 * @param {any} entry
 * @param {Collection} collection
 * @param {string} folder
 */
async function walk(entry, collection, folder) {
  if (entry instanceof File) return add(entry, entry.name, collection);
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
    if (file) add(file, path, collection);
    else collection.skipped += 1;
    return undefined;
  }
  const reader = entry.createReader();
  for (;;) {
    // readEntries() returns at most a hundred entries at a time.
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (!batch.length) return undefined;
    for (const child of batch) await walk(child, collection, `${path}/`);
  }
}

/**
 * Add a file. Files in folders are skipped if they are hidden or not images. A file that the user
 * chose directly is always added: the server explains why it is not an image.
 * @param {File} file
 * @param {string} path
 * @param {Collection} collection
 */
function add(file, path, collection) {
  const inside = path.includes("/");
  const hidden = path.split("/").some((part) => part.startsWith("."));
  if (inside && (hidden || !(SUFFIX.test(path) || file.type.startsWith("image/")))) collection.skipped += 1;
  else collection.found.push({ file, path });
}

/**
 * Sort by path, and remove the name of the folder that contains all files, if there is one.
 * @param {Collection} collection
 */
function sorted({ found, skipped }) {
  const tops = new Set(found.map(({ path }) => (path.includes("/") ? path.split("/")[0] : "")));
  const [top] = tops;
  const cut = tops.size === 1 && top ? top.length + 1 : 0;
  const order = new Intl.Collator(undefined, { numeric: true });
  const paths = found.map(({ file, path }) => ({ file, path: path.slice(cut) }));
  return { found: paths.sort((a, b) => order.compare(a.path, b.path)), skipped };
}
