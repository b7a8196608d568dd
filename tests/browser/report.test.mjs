/* report.test.mjs - report.html of skincnn-train and skincnn-eval, opened as a file: both languages, the switch, and without scripts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as s from './support.mjs';

const NARROW = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const WIDE = { viewport: { width: 1280, height: 800 } };
const CHINESE = /[\u4e00-\u9fff]/;
const OTHER = { 'zh-Hant': 'en', en: 'zh-Hant' };
const NO_DIAGNOSIS = { 'zh-Hant': '這不是診斷。對任何讓您擔心的斑點，請就醫檢查。', en: 'This is not a diagnosis. See a doctor about any spot that worries you.' };
const AXES = {
    'zh-Hant': ['偽陽性率（1 − 特異度）', '真陽性率（敏感度）', '召回率', '精確率', '平均信心度', '判定正確的比例'],
    en: ['false positive rate (1 − specificity)', 'true positive rate (sensitivity)', 'recall', 'precision', 'mean confidence', 'share right'],
};

const addressOf = (name) => pathToFileURL(join(s.REPORTS, `${name}.html`)).href;

const shownLanguage = (page) => page.evaluate(() => document.documentElement.lang);

/** What can be seen of an element, or of all that a selector finds. */
const visibleTexts = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((each) => each.innerText.trim()));

/** Tab to the switch, which takes the focus as one. */
async function tabToSwitch(page)
{
    for (let i = 0; i < 5; i++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement.matches('.language input'))) {
            const outline = await page.evaluate(() => getComputedStyle(document.activeElement.closest('label')).outlineStyle);
            assert.notEqual(outline, 'none', 'the focus on the switch can be seen');
            return;
        }
    }
    assert.fail('the switch is not reached by Tab');
}

/** All of the page is in one language, for the eye and for a screen reader. */
async function allIn(page, language)
{
    const hidden = await page.locator(`body [lang="${OTHER[language]}"]:not(label)`).evaluateAll((all) => all.filter((each) => each.checkVisibility()).length);
    assert.equal(hidden, 0, `nothing in ${OTHER[language]} is left`);
    const words = await visibleTexts(page, 'h1, h2, h3, figcaption:not(li *), dt, .faint:not(header *, h1 + *), .note, summary, thead th:not(.confusion *)');
    assert.ok(words.length > 30);
    const neutral = /^(AUC|)$/;
    for (const text of words)
        assert.ok(neutral.test(text) || CHINESE.test(text) === (language === 'zh-Hant'), `in ${language}: "${text}"`);
    if (language === 'en') assert.doesNotMatch(await page.locator('main').innerText(), CHINESE);
    assert.ok((await page.locator('footer').innerText()).includes(NO_DIAGNOSIS[language]));
}

/** Plots speak the language too: what they are called, their axes and lines. */
async function plotsIn(page, language)
{
    const plots = await page.locator('canvas').evaluateAll((all) => all.map((canvas) => {
        const { scales } = globalThis.Chart.getChart(canvas).options;
        const { data } = globalThis.Chart.getChart(canvas);
        return { name: canvas.getAttribute('aria-label'), axes: [scales.x.title.text, scales.y.title.text], lines: data.datasets.map((each) => each.label) };
    }));
    assert.ok(plots.length >= 3);
    for (const { name } of plots) assert.equal(CHINESE.test(name), language === 'zh-Hant', name);
    assert.deepEqual(plots.slice(0, 3).flatMap(({ axes }) => axes), AXES[language]);
    assert.equal(plots[0].lines.at(-1), { 'zh-Hant': '隨機猜測', en: 'chance' }[language]);
    assert.match(await pointed(page, 0), { 'zh-Hant': /: 0\.\d{3}, \d\.\d{3}，閾值 0\.\d{3}$/, en: /: 0\.\d{3}, \d\.\d{3}, threshold 0\.\d{3}$/ }[language]);
    assert.match(await pointed(page, 2), { 'zh-Hant': /，\d+ 張影像$/, en: /, \d+ pictures$/ }[language]);
}

/** What a plot says where someone points at its first line's second point. */
function pointed(page, plot)
{
    return page.locator('canvas').nth(plot).evaluate((canvas) => {
        const chart = globalThis.Chart.getChart(canvas);
        chart.tooltip.setActiveElements([{ datasetIndex: 0, index: 1 }], { x: 0, y: 0 });
        chart.update();
        const said = chart.tooltip.body[0].lines[0];
        chart.tooltip.setActiveElements([], { x: 0, y: 0 });
        chart.update();
        return said;
    });
}

for (const [size, options] of [['narrow', NARROW], ['wide', WIDE]]) {
    for (const kind of ['train', 'eval']) {
        test(`the ${kind} report, ${size}, in both languages by the keyboard`, async () => {
            await s.withPage({ ...options, path: addressOf(kind) }, async (page) => {
                for (const language of ['zh-Hant', 'en']) {
                    if (language === 'en') {
                        await tabToSwitch(page);
                        await page.keyboard.press('ArrowRight');
                    }
                    assert.equal(await shownLanguage(page), language);
                    await allIn(page, language);
                    await plotsIn(page, language);
                    assert.equal(await page.title(), await page.locator('h1').innerText());
                    await s.screenshot(page, `${size}-${language}-report-${kind}`);
                    await page.locator('details').evaluateAll((all) => all.forEach((each) => { each.open = true; }));
                    await s.accessible(page, `${kind} report ${language}`);
                    await s.fits(page, `${kind} report ${language}`);
                    await page.locator('details').evaluateAll((all) => all.forEach((each) => { each.open = false; }));
                }
                await s.printed(page, `${size}-report-${kind}`);
            });
        });
    }
}

test('wide tables of a report scroll in their own box, by the keyboard too', async () => {
    await s.withPage({ ...NARROW, path: addressOf('train') }, async (page) => {
        const box = page.locator('.scroll', { has: page.locator('.confusion') });
        assert.ok(await box.evaluate((each) => each.scrollWidth > each.clientWidth), 'seven classes are wider than 360 pixels');
        await box.focus();
        await page.keyboard.press('ArrowRight');
        await page.waitForFunction(() => document.querySelector('.scroll:focus').scrollLeft > 0);
        assert.equal(await page.evaluate(() => document.documentElement.scrollLeft), 0);
    });
});

test('a report opens in the language of the browser and remembers another choice', async () => {
    for (const [locale, language] of [['zh-TW', 'zh-Hant'], ['en-GB', 'en'], ['de-DE', 'zh-Hant']]) {
        await s.withPage({ ...WIDE, locale, path: addressOf('eval') }, async (page) => {
            assert.equal(await shownLanguage(page), language, locale);
            await tabToSwitch(page);
            await page.keyboard.press('ArrowLeft');
            assert.equal(await shownLanguage(page), OTHER[language]);
            await page.reload();
            assert.equal(await shownLanguage(page), OTHER[language], 'remembered');
            await allIn(page, OTHER[language]);
            await page.goto(`${addressOf('train')}?lang=${language}`);
            assert.equal(await shownLanguage(page), language, 'as the address asks');
        });
    }
});

test('a report loads nothing', async () => {
    await s.withPage({ ...WIDE, path: 'about:blank' }, async (page) => {
        const loaded = [];
        page.on('request', (request) => loaded.push(request.url()));
        await page.goto(addressOf('train'), { waitUntil: 'load' });
        assert.deepEqual(loaded.filter((each) => !each.startsWith('data:')), [addressOf('train')]);
    });
});

test('a report can be read and switched without scripts', async () => {
    await s.withPage({ ...WIDE, javaScriptEnabled: false, path: addressOf('train') }, async (page) => {
        assert.ok(await page.locator('noscript .note').isVisible());
        assert.match(await page.title(), /訓練結果 · .*training run$/);
        await allIn(page, 'zh-Hant');
        assert.equal(await page.locator('.plot').first().isVisible(), false);
        await tabToSwitch(page);
        await page.keyboard.press('ArrowRight');
        await allIn(page, 'en');
        await page.locator('summary').first().click();
        assert.match(await page.locator('details table').first().innerText(), /^threshold/);
        await s.screenshot(page, 'wide-en-report-without-scripts');
    });
});
