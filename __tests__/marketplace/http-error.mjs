/** The response of ToolJet's server to a request that it rejects. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
