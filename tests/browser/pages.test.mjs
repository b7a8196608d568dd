/* pages.test.mjs - the other pages, the weight of the first load, the policy, and that no text is missing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as s from './support.mjs';

const MOST_BYTES = 200_000;
const OF_THE_REFERENCE = /^docs/; // the API's reference is made from /openapi.json: it has texts of its own, and is not for offline
const WEB = new URL('../../server/web/', import.meta.url);
const POLICY = ['default-src \'none\'', 'script-src \'self\'', 'style-src \'self\'', 'frame-ancestors \'none\'', 'base-uri \'none\''];

/** A module of the pages without imports, which Node.js would not take for one by its name. */
function moduleOf(name)
{
    return import(`data:text/javascript,${encodeURIComponent(readFileSync(new URL(name, WEB), 'utf8'))}`);
}

for (const [name, options] of [['phone', s.PHONE], ['desktop', s.DESKTOP]]) {
    test(`about, privacy and developers on a ${name}, in both languages`, async () => {
        await s.withPage(options, async (page) => {
            for (const path of ['about', 'privacy', 'integrators']) {
                for (const language of ['zh-Hant', 'en']) {
                    await page.goto(`${s.URL_OF_SERVER}/${path}.html?lang=${language}`);
                    assert.match(await s.heading(page), language === 'en' ? /^[\x20-\x7e]+$/ : /[\u4e00-\u9fff]/);
                    if (path === 'about') await page.locator('#models table').waitFor();
                    await s.accessible(page, `${path} ${language}`);
                    await s.fits(page, `${path} ${language}`);
                    await s.screenshot(page, `${name}-${language}-${path}`);
                }
            }
        });
    });
}

test('developers can try the service and copy examples with its address', async () => {
    await s.withPage({ ...s.DESKTOP, path: '/integrators.html?lang=en' }, async (page) => {
        assert.ok((await page.locator('#example-curl').innerText()).includes(s.URL_OF_SERVER));
        await page.locator('#try .main').click();
        assert.ok(await page.locator('#try-problem').isVisible(), 'a picture is needed');
        await page.locator('#picture').setInputFiles(s.lesion('nv'));
        for (const route of ['/v1/malignancy', '/v1/diagnosis', '/v1/assessments', '/v1/models']) {
            await page.locator('#route').selectOption(route);
            if (route === '/v1/malignancy') await page.locator('#explain').check();
            await page.locator('#try .main').click();
            await page.waitForFunction((path) => document.getElementById('request').textContent.includes(`${path} `) &&
                document.getElementById('answer').textContent.startsWith('{'), route);
            assert.equal(JSON.parse(await page.locator('#answer').innerText()).code ?? null, null, 'no error');
            if (route === '/v1/malignancy') {
                assert.ok(await page.locator('#heat').isVisible());
                await s.accessible(page, 'try it, answered');
                await s.screenshot(page, 'desktop-en-try');
            }
        }
    });
});

test('the first load is less than 200 KB, uncompressed, and only from the service itself', async () => {
    await s.withPage({ ...s.PHONE, path: '/icon.svg', expectErrors: /favicon\.ico/ }, async (page) => {
        let bytes = 0;
        const pending = [];
        page.on('response', (response) => {
            assert.equal(new URL(response.url()).origin, s.URL_OF_SERVER);
            pending.push(response.body().then((body) => { bytes += body.length; }));
        });
        await page.goto(`${s.URL_OF_SERVER}/?fresh`, { waitUntil: 'networkidle' });
        await Promise.all(pending);
        assert.ok(pending.length > 5 && bytes < MOST_BYTES, `${bytes} bytes in ${pending.length} files`);
        console.log(`# first load: ${bytes} bytes in ${pending.length} files`);
    });
});

test('every page has the strict policy', async () => {
    await s.withPage(s.PHONE, async (page) => {
        for (const path of ['/', '/spot.html', '/app.js', '/sw.js']) {
            const response = await page.request.get(s.URL_OF_SERVER + path);
            assert.equal(response.status(), 200, path);
            const policy = response.headers()['content-security-policy'] ?? '';
            for (const part of POLICY) assert.ok(policy.includes(part), `${path}: ${part}`);
            assert.doesNotMatch(policy, /unsafe/);
        }
    });
});

test('every text exists in both languages, is used, and every key that is used exists', async () => {
    const { TEXTS } = await moduleOf('texts.js');
    const { DOCUMENT_TEXTS } = await moduleOf('document-texts.js');
    const texts = { ...TEXTS, ...DOCUMENT_TEXTS };
    const sources = readdirSync(WEB).filter((name) => /\.(js|html)$/.test(name) && !/texts\.js$/.test(name) && !OF_THE_REFERENCE.test(name))
        .map((name) => readFileSync(new URL(name, WEB), 'utf8')).join('\n');
    const built = [...sources.matchAll(/`([a-z-]*\.?)\$\{[^`]*`/g)].map((match) => match[1]); // `level.${level}`
    for (const [key, both] of Object.entries(texts)) {
        assert.equal(both.length, 2, key);
        assert.ok(both.every((text) => text.trim() === text && text !== ''), key);
        const holes = both.map((text) => (text.match(/\{\w+\}/g) ?? []).sort().join());
        assert.equal(holes[0], holes[1], `the same values in both languages: ${key}`);
        assert.ok(sources.includes(`'${key}'`) || sources.includes(`"${key}"`) || built.some((start) => key.startsWith(start)), `unused: ${key}`);
    }
    for (const [, key] of sources.matchAll(/(?:text|label|alt): '([a-z-]+\.[a-z0-9.-]+)'/g)) assert.ok(key in texts, `missing: ${key}`);
    for (const [, key] of sources.matchAll(/data-(?:text|label|alt)="([a-z-]+\.[^"]+)"/g)) assert.ok(key in texts, `missing: ${key}`);
});

test('the offline shell lists every file that the pages need', () => {
    const worker = readFileSync(new URL('sw.js', WEB), 'utf8');
    for (const name of readdirSync(WEB)) {
        if (!/\.(js|html|css)$/.test(name) || name === 'sw.js' || OF_THE_REFERENCE.test(name)) continue;
        const path = name === 'index.html' ? '/' : `/${name}`;
        assert.ok(worker.includes(`'${path}'`), `${path} is missing in sw.js`);
    }
});
