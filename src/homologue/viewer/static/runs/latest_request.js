// @ts-check
// One request at a time; of those that are asked for meanwhile only the newest is made.

export class Latest {
  #busy = false;
  /** @type {{ run: () => Promise<unknown>, failed: (error: any) => void } | null} */
  #next = null;

  /**
   * @param {() => Promise<unknown>} run
   * @param {(error: any) => void} failed
   */
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
