/**
 * A failure of the API: an HTTP status and the error envelope. The messages are the API's own,
 * taken from __tests__/fixtures and public reports, unless a comment says that they are unknown.
 */
export class ApiFailure extends Error {
  constructor(status, { message, type = 'invalid_request_error', param = null, code = null }) {
    super(message);
    this.status = status;
    this.headers = {};
    this.body = { error: { message, type, param, code } };
  }

  withHeaders(headers) {
    this.headers = headers;
    return this;
  }

  withBody(body) {
    this.body = body;
    return this;
  }
}

export const badRequest = (message, param = null, code = null) =>
  new ApiFailure(400, { message, param, code });

export const notFound = (message, param = null, code = null) =>
  new ApiFailure(404, { message, param, code });
