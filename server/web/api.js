/* api.js - calls of the service: JSON in and out, with progress, cancelling and a time limit. */

const ORDINARY_MS = 20_000;
const ASSESSMENT_MS = 90_000; // a slow phone network and a busy service

/** What went wrong, whether the service said so (`status` > 0) or it could not be reached. */
export class Problem extends Error {
    /** @param {string} code  of the service, or "offline", "timeout", "cancelled", "unexpected" */
    constructor(code, { status = 0, retry = 0, detail = '', request = '' } = {})
    {
        super(detail || code);
        Object.assign(this, { code, status, retry, detail, request });
    }
}

/**
 * XMLHttpRequest and not fetch, because only it tells how much of the picture has been sent.
 * @param {{body?: object, signal?: AbortSignal, onSent?: (share: number) => void, limit?: number}} options
 */
export function request(method, path, { body, signal, onSent, limit = ORDINARY_MS } = {})
{
    return new Promise((resolve, reject) => {
        if (signal?.aborted) {
            reject(new Problem('cancelled'));
            return;
        }
        const call = new XMLHttpRequest();
        call.open(method, path);
        call.timeout = limit;
        call.setRequestHeader('Accept', 'application/json');
        if (body) call.setRequestHeader('Content-Type', 'application/json');
        if (onSent) call.upload.onprogress = (event) => onSent(event.loaded / event.total);
        call.onload = () => settle(call, resolve, reject);
        call.onerror = () => reject(new Problem('offline'));
        call.ontimeout = () => reject(new Problem('timeout'));
        call.onabort = () => reject(new Problem('cancelled'));
        signal?.addEventListener('abort', () => call.abort());
        call.send(body ? JSON.stringify(body) : null);
    });
}

function settle(call, resolve, reject)
{
    const answer = parse(call.responseText);
    if (call.status >= 200 && call.status < 300) {
        if (answer === undefined) reject(new Problem('unexpected', { status: call.status }));
        else resolve(answer);
        return;
    }
    reject(new Problem(answer?.code ?? `http_${call.status}`, {
        status: call.status,
        retry: Number(call.getResponseHeader('Retry-After')) || 0,
        detail: answer?.detail ?? '',
        request: call.getResponseHeader('X-Request-Id') ?? '',
    }));
}

function parse(text)
{
    if (text === '') return null;
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/* ------------------------------------------------------------------ the routes */

const spot = (code) => `/v1/assessments/${encodeURIComponent(code)}`;

export function assess(body, options)
{
    return request('POST', '/v1/assessments', { body, limit: ASSESSMENT_MS, ...options });
}

export const spotOf = (code) => request('GET', spot(code));
export const eraseSpot = (code) => request('DELETE', spot(code));
export const clinics = () => request('GET', '/v1/clinics');
export const models = () => request('GET', '/v1/models');
export const service = () => request('GET', '/version');

/** The bytes of a picture as base64. */
export async function base64(blob)
{
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const pieces = [];
    for (let at = 0; at < bytes.length; at += 0x8000)
        pieces.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
    return btoa(pieces.join(''));
}
