// Calls of the HTTP API. `getToken(refresh)` answers a Firebase ID token, a new one where `refresh` is true.

// snippet: api
export class ApiError extends Error {
  constructor(response, body) {
    super(body.error ?? body.message ?? `status ${response.status}`);
    this.status = response.status;
    this.code = body.error_code; // none where the gateway itself refused
    this.details = body.details; // of a 400: every field that is wrong
    this.data = body.data; // of a 409: the state that won
    this.requestId = body.request_id;
    this.retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  }
}

export class Api {
  constructor(baseUrl, getToken) {
    this.baseUrl = baseUrl;
    this.getToken = getToken;
  }

  get = (path) => this.call("GET", path);
  post = (path, body = {}) => this.call("POST", path, body);
  delete = (path, body) => this.call("DELETE", path, body);

  async call(method, path, body) {
    // One key for one wish, however often it is sent.
    const key = crypto.randomUUID();
    let refresh = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.send(method, path, body, key, refresh);
      } catch (error) {
        refresh = error.code === "TOKEN_EXPIRED";
        const passes = !(error instanceof ApiError) || error.status >= 500;
        if (attempt === 4 || !(refresh || passes)) throw error;
        const seconds = refresh ? 0 : (error.retryAfter ?? 2 ** (attempt - 1));
        await new Promise((done) => setTimeout(done, 1000 * seconds));
      }
    }
  }

  async send(method, path, body, key, refresh) {
    const headers = { Authorization: `Bearer ${await this.getToken(refresh)}` };
    if (method !== "GET") headers["Idempotency-Key"] = key;
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(this.baseUrl + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new ApiError(response, answer);
    return answer;
  }
}
// end

// snippet: day
export async function logVisitor(api, flatId) {
  const visitor = { visitor_name: "Kiran", phone: "9876543210", flat_id: flatId };
  return (await api.post("/v1/visitors", visitor)).data.visitor;
}

export async function answer(api, visitorId, decision) {
  try {
    return (await api.post(`/v1/visitors/${visitorId}/respond`, { decision })).data.status;
  } catch (error) {
    if (error.status === 409) return error.data.status; // somebody was faster, or time is over
    throw error;
  }
}

export async function checkIn(api, visitorId) {
  return (await api.post("/v1/visits/checkin", { visitor_id: visitorId })).data;
}
// end

// snippet: pages
export async function* visits(api) {
  let cursor = "";
  while (cursor !== null) {
    const page = await api.get(`/v1/visits?limit=100&cursor=${encodeURIComponent(cursor)}`);
    yield* page.data;
    cursor = page.next_cursor;
  }
}
// end
