/* keyboard.test.mjs - the whole way without a mouse or a finger, and where the focus goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

/** Presses Tab until the selector's element has the focus. */
async function tabTo(page, selector)
{
    for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) {
            const outline = await page.evaluate(() => {
                const shown = document.activeElement.matches('input.unseen, .segments input') ? document.activeElement.nextElementSibling : document.activeElement;
                return getComputedStyle(shown).outlineStyle;
            });
            assert.notEqual(outline, 'none', `the focus on ${selector} can be seen`);
            return;
        }
    }
    assert.fail(`${selector} is not reached by Tab`);
}

async function headingHasFocus(page, name)
{
    await s.step(page, name);
    assert.equal(await page.evaluate(() => document.activeElement.localName), 'h1', `the focus goes to the heading of ${name}`);
}

/** A press may come before Chromium hands its choosers over: then another one is needed. */
async function chooserByEnter(page)
{
    for (let presses = 0; presses < 3; presses++) {
        const [chooser] = await Promise.all([
            page.waitForEvent('filechooser', { timeout: 5000 }).catch(() => null), page.keyboard.press('Enter')]);
        if (chooser) return chooser;
    }
    return assert.fail('no file chooser opens');
}

test('the keyboard alone', async () => {
    await s.withPage({ ...s.DESKTOP, path: '/?lang=en' }, async (page) => {
        await s.step(page, 'start');
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
        await page.keyboard.press('Enter');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
        await tabTo(page, '#agree');
        await page.keyboard.press('Space');
        await page.keyboard.press('Enter');
        await headingHasFocus(page, 'guide');
        await tabTo(page, '.main');
        await page.keyboard.press('Enter');
        await headingHasFocus(page, 'photo');
        await tabTo(page, '#source-folder');
        const chooser = await chooserByEnter(page);
        await chooser.setFiles(s.lesion('mel'));
        await page.locator('.preview .main:focus').waitFor();
        await page.keyboard.press('Enter');
        await headingHasFocus(page, 'crop');
        await page.locator('.step-crop .actions .main:enabled').waitFor();
        await tabTo(page, '.crop-frame');
        for (const key of ['+', '+', 'ArrowLeft', 'ArrowDown', 'r']) await page.keyboard.press(key);
        await tabTo(page, '[data-tool=in]');
        await page.keyboard.press('Enter');
        await tabTo(page, '.actions .main');
        await page.keyboard.press('Enter');
        await headingHasFocus(page, 'dermatoscope');
        await tabTo(page, '.choice[data-value=true]');
        await page.keyboard.press('Enter');
        for (const question of s.QUESTIONS) {
            await headingHasFocus(page, question);
            await tabTo(page, `.choice[data-value=${s.CALM[question]}]`);
            await page.keyboard.press('Space');
        }
        await page.locator('.verdict').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.closest('.verdict') !== null), true, 'the focus goes to the result');
        assert.match(await page.locator('#announcer').textContent(), /./);
        await tabTo(page, '.heat input[type=range]');
        await page.keyboard.press('End');
        assert.equal(await page.locator('.stack .over').evaluate((image) => image.style.opacity), '1');
        await tabTo(page, '.segments input');
        await page.keyboard.press('ArrowRight');
        assert.match(await page.locator('.stack .over').getAttribute('alt'), /seven-class/);
    });
});
