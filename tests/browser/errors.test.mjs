/* errors.test.mjs - what a person sees when the service does not answer as hoped, and that a second try then works. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

const ASSESSMENTS = '**/v1/assessments';
const NETWORK = /Failed to load resource/;

function refusal(status, code, headers = {})
{
    return {
        status,
        headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': 'TEST-ID', ...headers },
        body: JSON.stringify({ type: `/docs#${code}`, title: code, status, code, detail: '', request_id: 'TEST-ID' }),
    };
}

/** The first request is answered so, the next goes through. */
async function once(page, answer)
{
    await page.route(ASSESSMENTS, answer, { times: 1 });
}

async function tryAgain(page)
{
    const again = page.locator('.step .button.main:enabled').last();
    await again.waitFor();
    assert.equal(await again.innerText(), 'Try again', 'nothing left to wait for');
    await again.click();
    await page.locator('.verdict').waitFor();
}

const CASES = [
    { name: '429 says how long to wait', answer: (route) => route.fulfill(refusal(429, 'rate_limited', { 'Retry-After': '2' })), says: /wait 2 seconds/, waits: true },
    { name: '503 busy', answer: (route) => route.fulfill(refusal(503, 'busy', { 'Retry-After': '1' })), says: /busy or starting/, waits: true },
    { name: '503 of the HTTP library itself, without a body', answer: (route) => route.fulfill({ status: 503, body: '' }), says: /busy or starting/, waits: true },
    { name: '500 with its number', answer: (route) => route.fulfill(refusal(500, 'internal')), says: /went wrong[^]*TEST-ID/ },
    { name: 'no network', answer: (route) => route.abort('internetdisconnected'), says: /cannot be reached/ },
    { name: 'an answer that is not JSON', answer: (route) => route.fulfill({ status: 200, body: '<html>' }), says: /went wrong/ },
];

for (const { name, answer, says, waits } of CASES) {
    test(name, async () => {
        await s.withPage({ ...s.PHONE, path: '/?lang=en', expectErrors: NETWORK }, async (page) => {
            await once(page, answer);
            await s.toResult(page);
            await page.locator('.problem-notice').waitFor();
            assert.match(await page.locator('.problem-notice').innerText(), says);
            if (waits) assert.equal(await page.locator('.step .button.main').last().isDisabled(), true, 'not before the time is over');
            await s.accessible(page, name);
            await s.screenshot(page, `error-${name.replaceAll(/[^0-9a-z]+/gi, '-')}`);
            await tryAgain(page);
        });
    });
}

test('an answer that does not come in time', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en' }, async (page) => {
        await page.evaluate(() => { // the page's own limit is 90 seconds
            const { set } = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, 'timeout');
            Object.defineProperty(XMLHttpRequest.prototype, 'timeout', { set(limit) { set.call(this, limit / 90); } });
        });
        let release;
        const held = new Promise((resolve) => { release = resolve; });
        await once(page, async (route) => {
            await held;
            await route.abort().catch(() => {});
        });
        await s.toResult(page);
        await page.locator('.problem-notice').getByText('took too long').waitFor();
        release();
    });
});

test('a photo that the service cannot read leads to another photo', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en', expectErrors: NETWORK }, async (page) => {
        await once(page, (route) => route.fulfill(refusal(422, 'bad_picture')));
        await s.toResult(page);
        await page.locator('.problem-notice').waitFor();
        await page.locator('.step .button.main').last().click();
        await s.step(page, 'photo');
    });
});

test('the daily quota offers no second try', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en', expectErrors: NETWORK }, async (page) => {
        await once(page, (route) => route.fulfill(refusal(429, 'quota_exceeded', { 'Retry-After': '3600' })));
        await s.toResult(page);
        await page.locator('.problem-notice').waitFor();
        assert.equal(await page.locator('.step .button.main').count(), 0);
    });
});

test('waiting can be cancelled and begun again', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en' }, async (page) => {
        let release;
        const held = new Promise((resolve) => { release = resolve; });
        await once(page, async (route) => {
            await held;
            await route.abort().catch(() => {});
        });
        await s.toResult(page);
        await page.locator('.sending progress').waitFor();
        await s.accessible(page, 'sending');
        await s.screenshot(page, 'phone-en-sending');
        await page.locator('.sending button').click();
        await page.locator('.problem-notice').waitFor();
        assert.match(await page.locator('.problem-notice').innerText(), /Cancelled/);
        release();
        await tryAgain(page);
    });
});
