/* offline.test.mjs - the shell without a network, and that nothing of the service is cached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

const PAGES = ['/', '/spot.html', '/about.html', '/privacy.html', '/integrators.html'];

test('the pages open offline, the way goes up to sending, and answers are never cached', async () => {
    const options = { ...s.PHONE, path: '/?lang=en', serviceWorkers: 'allow', expectErrors: /ERR_INTERNET_DISCONNECTED|Failed to load resource/ };
    await s.withPage(options, async (page, context) => {
        await page.evaluate(() => navigator.serviceWorker.ready);
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        await s.toResult(page, { answers: s.ALARMING, keep: true });
        await page.locator('.keep .code').waitFor();
        await page.goto(`${s.URL_OF_SERVER}/spot.html#${await page.locator('.keep .code').innerText()}`);
        await page.locator('.timeline li').waitFor();
        await page.locator('main .danger').click();
        await page.locator('dialog .danger').click();
        await page.getByText('Everything is erased').waitFor();

        const cached = await page.evaluate(async () => {
            const names = await caches.keys();
            const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
            return requests.flat().map((request) => new URL(request.url).pathname);
        });
        assert.ok(cached.includes('/app.js') && cached.includes('/vendor/cropper/cropper.js'));
        assert.deepEqual(cached.filter((path) => /^\/v[0-9]|\/docs|metrics|healthz|readyz/.test(path)), []);

        await context.setOffline(true);
        for (const path of PAGES) {
            await page.goto(s.URL_OF_SERVER + path);
            assert.match(await s.heading(page), /./, `${path} opens`);
        }
        await page.goto(`${s.URL_OF_SERVER}/`);
        await page.locator('.offline span').waitFor();
        await s.accessible(page, 'start, offline');
        await s.screenshot(page, 'phone-en-offline');
        await s.toResult(page);
        await page.locator('.problem-notice').waitFor();
        assert.match(await page.locator('.problem-notice').innerText(), /cannot be reached/);
        await context.setOffline(false);
        await page.locator('.step .button.main').click();
        await page.locator('.verdict').waitFor();
        assert.equal(await page.locator('.offline span').count(), 0);
    });
});

test('the site can be installed', async () => {
    await s.withPage({ ...s.PHONE, serviceWorkers: 'allow' }, async (page, context) => {
        const session = await context.newCDPSession(page);
        const { errors, url } = await session.send('Page.getAppManifest');
        assert.deepEqual(errors, []);
        assert.match(url, /manifest\.webmanifest$/);
        const manifest = await (await page.request.get(url)).json();
        for (const icon of manifest.icons) assert.equal((await page.request.get(s.URL_OF_SERVER + icon.src)).status(), 200, icon.src);
        assert.ok(['192x192', '512x512'].every((size) => manifest.icons.some(({ sizes }) => sizes === size)));
        const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
        assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
    });
});
