// What a person prefers, kept by the browser; what cannot be kept is forgotten with the page.

const NAME = "homologue";

export function preferences(defaults) {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(NAME)) ?? {};
  } catch {
    kept = {};
  }
  return { ...defaults, ...kept };
}

export function prefer(values) {
  try {
    localStorage.setItem(NAME, JSON.stringify(values));
  } catch {
    // Private windows may have no room for it.
  }
}
