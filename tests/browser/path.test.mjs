/* path.test.mjs - the whole way of a person through the check, step by step, each looked at and checked by axe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

const WORDS = {
    'zh-Hant': { start: '這顆痣或斑點，需要看醫師嗎？', other: 'en', low: '沒有發現警訊' },
    en: { start: 'Does this mole or spot need a doctor’s eye?', other: 'zh-Hant', low: 'No warning sign found' },
};

async function look(page, prefix, name)
{
    await s.accessible(page, `${prefix} ${name}`);
    await s.fits(page, `${prefix} ${name}`);
    for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme });
        await s.screenshot(page, `${prefix}-${colorScheme}-${name}`);
    }
}

async function walk(page, prefix, language, { label, answers, dermatoscope })
{
    const seen = (name) => look(page, prefix, name);
    assert.equal(await s.heading(page), WORDS[language].start);
    assert.equal(await page.getAttribute('html', 'lang'), language);
    await seen('01-start');

    await page.locator('button[type=submit]').click();
    assert.equal(await page.locator('#agree-missing').isVisible(), true, 'nothing goes on without consent');
    await s.begin(page);
    await seen('02-guide');
    await s.onward(page);
    await s.step(page, 'photo');
    await seen('03-photo');
    await s.choosePhoto(page, s.lesion(label));
    await seen('04-photo-chosen');
    await s.onward(page);
    await s.step(page, 'crop');
    await page.locator('.step-crop .actions .main:enabled').waitFor();
    await seen('05-crop');
    await s.cropAll(page);
    await seen('06-dermatoscope');
    await page.locator(`.choice[data-value="${dermatoscope}"]`).click();
    for (const [i, question] of s.QUESTIONS.entries()) {
        await s.step(page, question);
        await seen(`${String(7 + i).padStart(2, '0')}-${question}`);
        await page.locator(`.choice[data-value="${answers[question]}"]`).click();
    }
    await page.locator('.verdict').waitFor();
    await page.locator('.stack img').first().waitFor();
}

async function resultIsWhole(page, { certainty })
{
    assert.match(await page.locator('.verdict .light').getAttribute('aria-label'), /./);
    assert.equal(await page.locator('.bars li').count(), 9, 'two and seven classes');
    const shares = await page.locator('.bars .number').allInnerTexts();
    for (const share of shares) assert.match(share, /^[<>]?\d+%$/);
    assert.equal(await page.locator('.certainty').count(), certainty === 'lower' ? 1 : 0);
    assert.ok(await page.locator('.stack img').nth(1).evaluate((image) => image.complete && image.naturalWidth > 0), 'the heat map is there');
    await page.locator('.heat input[type=range]').fill('100');
    assert.equal(await page.locator('.stack .over').evaluate((image) => image.style.opacity), '1');
    await page.locator('.heat input[type=range]').fill('60');
    await page.locator('.segments input').nth(1).check({ force: true });
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('button', { hasText: '.ics' }).click()]);
    assert.equal(file.suggestedFilename(), 'skincnn.ics');
}

test('phone, Traditional Chinese, alarming answers without a dermatoscope', async () => {
    await s.withPage({ ...s.PHONE, colorScheme: 'light' }, async (page) => {
        await walk(page, 'phone-zh', 'zh-Hant', { label: 'mel', answers: s.ALARMING, dermatoscope: false });
        assert.equal(await page.locator('.verdict').getAttribute('data-level'), 'high');
        await page.locator('.clinics li').first().waitFor();
        await resultIsWhole(page, { certainty: 'lower' });
        await look(page, 'phone-zh', '12-result-high');

        assert.equal(await page.locator('.clinics + *, .note').filter({ hasText: '範例資料' }).count() > 0, true, 'sample data is marked');
        const all = await page.locator('.clinics li').count();
        await page.locator('#county').selectOption({ index: 1 });
        assert.ok(await page.locator('.clinics li').count() < all);

        await page.locator('summary').click();
        assert.ok(await page.locator('.letter-text').isVisible());
        await page.evaluate(() => { window.print = () => { window.printed = document.querySelector('.sheet .letter img')?.complete; }; });
        await page.locator('button', { hasText: '列印轉診信' }).click();
        assert.equal(await page.evaluate(() => window.printed), true, 'the letter with its picture is what is printed');
        await page.emulateMedia({ media: 'print' });
        assert.equal(await page.locator('main').isVisible(), false);
        await s.printed(page, 'letter-zh');
    });
});

test('desktop, English, calm answers with a dermatoscope, and the switch of languages', async () => {
    await s.withPage({ ...s.DESKTOP, path: '/?lang=en' }, async (page) => {
        await walk(page, 'desktop-en', 'en', { label: 'nv', answers: s.CALM, dermatoscope: true });
        await resultIsWhole(page, { certainty: 'usual' });
        const level = await page.locator('.verdict').getAttribute('data-level');
        await look(page, 'desktop-en', `12-result-${level}`);

        await page.locator('#language').click();
        assert.equal(await page.getAttribute('html', 'lang'), 'zh-Hant');
        assert.equal(await page.locator('.verdict').getAttribute('data-level'), level, 'the result stays');
        assert.equal(await page.locator('main').getByText(/Step \d|Your result/).count(), 0, 'no English is left');
        assert.doesNotMatch((await page.title()).replace('skincnn', ''), /[a-z]/, 'nor in the title');
        await look(page, 'desktop-zh', `12-result-${level}`);
        await page.goto(`${s.URL_OF_SERVER}/about.html`);
        assert.equal(await page.getAttribute('html', 'lang'), 'zh-Hant', 'the choice is remembered');
    });
});

test('green without a dermatoscope: no warning sign found, never benign; no letter and no clinics', async () => {
    await s.withPage({ ...s.PHONE }, async (page) => {
        // the real answer but for its level: what the models say of a made-up picture is not the matter here
        await page.route('**/v1/assessments', async (route) => {
            const response = await route.fetch();
            const calm = { level: 'low', reasons: [], see_doctor_within_days: 0, recheck_days: 30, certainty: 'lower' };
            await route.fulfill({ response, json: { ...await response.json(), ...calm } });
        });
        await s.toResult(page, { dermatoscope: false });
        await page.locator('.verdict.low').waitFor();
        const words = await page.locator('.verdict').innerText();
        assert.match(words, /沒有發現警訊/);
        assert.match(words, /30 天後再檢查/);
        assert.match(words, /不是用皮膚鏡/);
        assert.match(words, /不表示一定良性/);
        assert.doesNotMatch(await page.locator('.verdict h1, .verdict .light').allInnerTexts().then((all) => all.join()), /良性/);
        assert.equal(await page.locator('.letter, .clinics').count(), 0);
        await look(page, 'phone-zh', '12-result-low');
        await page.locator('#language').click();
        assert.match(await page.locator('.verdict').innerText(), /No warning sign found/);
        await look(page, 'phone-en', '12-result-low');
    });
});

test('a small phone: every step fits in 360 pixels', async () => {
    await s.withPage({ ...s.SMALL_PHONE, path: '/?lang=en' }, async (page) => {
        await s.fits(page, 'start');
        await s.begin(page);
        await s.fits(page, 'guide');
        await s.onward(page);
        await s.finish(page, { answers: { ...s.CALM, history: 'yes', large: 'yes' }, dermatoscope: false });
        await page.locator('.verdict').waitFor();
        await s.fits(page, 'result');
        await s.screenshot(page, 'small-en-result');
    });
});

test('the browser’s back button goes a step back and keeps what was said', async () => {
    await s.withPage(s.PHONE, async (page) => {
        await s.toResult(page);
        await page.locator('.verdict').waitFor();
        await page.goBack();
        await s.step(page, 'history');
        assert.equal(await page.locator('.choice[aria-pressed=true]').getAttribute('data-value'), 'no');
        await page.goBack();
        await s.step(page, 'site');
        await page.goForward();
        await page.goForward();
        await page.locator('.verdict').waitFor();
    });
});

test('a step cannot be entered before those it needs', async () => {
    await s.withPage({ ...s.PHONE, path: '/#result' }, async (page) => {
        await s.step(page, 'start');
        assert.equal(new URL(page.url()).hash, '#start');
    });
});
