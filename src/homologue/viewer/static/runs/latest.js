// One request at a time; of those that are asked for meanwhile only the newest is made.

export class Latest {
  #busy = false;
  #next = null;

  // run: an async function. failed: takes its error.
  ask(run, failed) {
    this.#next = { run, failed };
    if (!this.#busy) this.#go();
  }

  // Whether what runs has been overtaken.
  get stale() {
    return this.#next !== null;
  }

  async #go() {
    this.#busy = true;
    while (this.#next) {
      const { run, failed } = this.#next;
      this.#next = null;
      try {
        await run();
      } catch (error) {
        failed(error);
      }
    }
    this.#busy = false;
  }
}
