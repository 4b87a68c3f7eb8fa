// @ts-check
// Run one request at a time. Of the requests made meanwhile, only the newest is run.

export class LatestRequest {
  #busy = false;
  /** @type {{ run: () => Promise<unknown>, failed: (error: any) => void } | null} */
  #next = null;

  /**
   * Run a request now, or after the current one unless a newer one replaces it.
   * @param {() => Promise<unknown>} run
   * @param {(error: any) => void} failed
   */
  request(run, failed) {
    this.#next = { run, failed };
    if (!this.#busy) this.#go();
  }

  // Whether a newer request is waiting.
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
