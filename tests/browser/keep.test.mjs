/* keep.test.mjs - keeping a result, the private code, the same spot over time, and erasing it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

const CODE = /^([0-9A-HJKMNP-TV-Z]{1,5}-)+[0-9A-HJKMNP-TV-Z]{1,5}$/;

const codeOn = (page) => page.locator('.keep .code').innerText();

test('nothing is kept unless the person agrees; then a code opens, compares and erases the spot', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en', expectErrors: /404/ }, async (page) => {
        const addresses = [];
        page.on('framenavigated', (frame) => addresses.push(frame.url()));
        const bodies = [];
        page.on('request', (request) => { if (request.method() === 'POST') bodies.push(request.postDataJSON()); });

        await s.toResult(page);
        await page.locator('.verdict').waitFor();
        assert.equal(bodies[0].keep, false);
        assert.equal(await page.locator('.keep .code').count(), 0);
        await page.locator('.keep button').first().click();
        await page.locator('.keep .code').waitFor();
        const code = await codeOn(page);
        assert.match(code, CODE);
        assert.equal(bodies[1].keep, true);
        await page.goBack();
        await page.locator('.choice[data-value=yes]').click();
        await page.locator('.keep .code').waitFor();
        assert.equal(await codeOn(page), code, 'another answer about the same photo joins the same spot');
        await s.accessible(page, 'result with a code');
        await s.screenshot(page, 'phone-en-code');
        const [file] = await Promise.all([page.waitForEvent('download'), page.locator('.keep button', { hasText: 'file' }).click()]);
        assert.equal(file.suggestedFilename(), 'skincnn-code.txt');

        await page.locator('.keep a').click();
        await page.locator('.timeline li').first().waitFor();
        assert.equal(new URL(page.url()).hash, '', 'the code does not stay in the address');
        assert.match(await page.locator('.lead').innerText(), /\d{4}/, 'until when it is kept');
        await s.accessible(page, 'spot, opened by its link');
        await s.screenshot(page, 'phone-en-spot-linked');

        await page.locator('.actions .main').click();
        await s.step(page, 'start');
        assert.match(await page.locator('.note').innerText(), new RegExp(code));
        await s.accessible(page, 'start, joining');
        await s.screenshot(page, 'phone-en-joining');
        await s.begin(page);
        await s.onward(page);
        await s.finish(page, { file: s.lesion('mel'), answers: s.ALARMING });
        await page.locator('.keep .code').waitFor();
        assert.equal(await codeOn(page), code, 'the same spot');
        assert.equal(bodies[3].code, code);

        await page.goto(`${s.URL_OF_SERVER}/spot.html`);
        await page.locator('form button').click();
        assert.ok(await page.locator('#code-missing').isVisible());
        await s.accessible(page, 'spot, asking for the code');
        await s.screenshot(page, 'phone-en-spot-ask');
        await page.locator('#code').fill(code.toLowerCase().replaceAll('-', ' '));
        await page.keyboard.press('Enter');
        await page.locator('.compare img').first().waitFor();
        assert.equal(await page.locator('.timeline li').count(), 3);
        await page.locator('.slider input').fill('30');
        assert.equal(await page.locator('.compare').evaluate((each) => each.style.getPropertyValue('--cut')), '30%');
        await page.locator('#spot-later').selectOption('0');
        await page.locator('#spot-later').selectOption('1');
        await s.accessible(page, 'spot with two photos');
        await s.fits(page, 'spot with two photos');
        for (const colorScheme of ['dark', 'light']) {
            await page.emulateMedia({ colorScheme });
            await s.screenshot(page, `phone-en-${colorScheme}-spot-two`);
        }

        await page.locator('main .danger').click();
        await page.locator('dialog').waitFor();
        await s.accessible(page, 'dialog');
        await s.screenshot(page, 'phone-en-erase');
        await page.locator('dialog .button').first().click();
        assert.equal(await page.locator('.timeline li').count(), 3, 'kept after all');
        await page.locator('main .danger').click();
        await page.locator('dialog .danger').click();
        await page.getByText('Everything is erased').waitFor();
        await page.locator('#code').fill(code);
        await page.keyboard.press('Enter');
        await page.getByRole('alert').getByText('The code is wrong').waitFor();
        for (const address of addresses) assert.equal(new URL(address).pathname.includes(code) || new URL(address).search.includes(code), false);
    });
});

test('agreed to at the start, the first answer has the code', async () => {
    await s.withPage({ ...s.DESKTOP }, async (page) => {
        await s.toResult(page, { keep: true });
        await page.locator('.keep .code').waitFor();
        const code = await codeOn(page);
        assert.match(code, CODE);
        await page.goto(`${s.URL_OF_SERVER}/spot.html#${code}`);
        await page.locator('.timeline li').waitFor();
        await s.screenshot(page, 'desktop-zh-spot-one');
        await page.locator('main .danger').click();
        await page.locator('dialog .danger').click();
        await page.getByText('已全部刪除').waitFor();
    });
});
