/* docs.test.mjs - the page of the API: everything of openapi.json is on it, with anchors, in both languages' frame. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as s from './support.mjs';

const DOCUMENT = JSON.parse(readFileSync(new URL('../../server/web/openapi.json', import.meta.url), 'utf8'));
const example = (name) => readFileSync(new URL(`../../docs/examples/${name}`, import.meta.url), 'utf8');
const codes = Object.values(DOCUMENT.components.responses)
    .flatMap((each) => Object.keys(each.content['application/problem+json'].examples));
const operations = Object.values(DOCUMENT.paths).flatMap((methods) => Object.values(methods)).map((each) => each.operationId);

async function open(page, language, fragment = '')
{
    await page.goto(`${s.URL_OF_SERVER}/docs?lang=${language}${fragment}`);
    await page.locator('#schemas').waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('#samples code')].every((each) => each.textContent !== ''));
}

for (const [name, options] of [['phone', s.PHONE], ['desktop', s.DESKTOP]]) {
    test(`the page of the API on a ${name}, in both languages`, async () => {
        await s.withPage(options, async (page) => {
            for (const language of ['zh-Hant', 'en']) {
                await open(page, language);
                await s.accessible(page, `docs ${language}`);
                await s.fits(page, `docs ${language}`);
                await s.screenshot(page, `${name}-${language}-docs`);
            }
        });
    });
}

test('every operation and every problem code has an anchor', async () => {
    await s.withPage(s.DESKTOP, async (page) => {
        await open(page, 'en');
        const ids = new Set(await page.evaluate(() => [...document.querySelectorAll('[id]')].map((each) => each.id)));
        assert.ok(codes.length > 20 && operations.length > 20);
        for (const id of [...codes, ...operations]) assert.ok(ids.has(id), `#${id}`);
        const links = await page.evaluate(() => [...document.querySelectorAll('main a[href^="#"]')].map((each) => each.hash.slice(1)));
        for (const link of links) assert.ok(ids.has(link), `a link to #${link}`);
    });
});

test('the type of a problem leads to its explanation', async () => {
    await s.withPage(s.PHONE, async (page) => {
        await open(page, 'zh-Hant', '#bad_base64');
        await page.waitForFunction(() => {
            const { top, bottom } = document.querySelector(':target').getBoundingClientRect();
            return top >= 0 && bottom <= innerHeight;
        });
        assert.equal(await page.locator(':target').getAttribute('id'), 'bad_base64');
    });
});

test('the examples are shown in each language with the address of the service', async () => {
    await s.withPage(s.DESKTOP, async (page) => {
        await open(page, 'en');
        for (const [label, extension] of [['curl', 'sh'], ['JavaScript', 'mjs'], ['Python', 'py']]) {
            const wanted = example(`diagnosis.${extension}`).replaceAll('http://127.0.0.1:8080', s.URL_OF_SERVER);
            await page.locator('#languages label', { hasText: label }).click();
            await page.waitForFunction(([text]) => [...document.querySelectorAll('#samples code')].some((each) => each.textContent === text), [wanted]);
        }
    });
});

test('without openapi.json the page says so', async () => {
    await s.withPage({ ...s.PHONE, expectErrors: /openapi|fetch|net::|SyntaxError|JSON/i }, async (page) => {
        await page.route('**/openapi.json', (route) => route.abort());
        await page.goto(`${s.URL_OF_SERVER}/docs?lang=en`);
        await page.locator('#reference .problem').waitFor();
    });
});
