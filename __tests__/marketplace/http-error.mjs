/** What ToolJet's server answers to a request that it refuses. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
