/* support.mjs - a browser, the pages under test, pictures for them, and what every test checks at its end. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

export const REPORTS = process.env.SKINCNN_REPORTS; // a folder with train.html and eval.html of the tools
export const URL_OF_SERVER = process.env.SKINCNN_URL.replace(/\/$/, '');
const SCREENSHOTS = process.env.SKINCNN_SCREENSHOTS;
const PICTURES = process.env.SKINCNN_PICTURES; // a folder made by skincnn-data generate
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const SMALL_PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
export const DESKTOP = { viewport: { width: 1280, height: 800 } };

let browser;
before(async () => {
    browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync'],
    });
});
after(() => browser?.close());

/**
 * A fresh page; at the end it must have broken no rule of its content security policy and written no error.
 * @param {{expectErrors?: RegExp, path?: string}} options  besides those of a browser context; path: of the service, or a whole address
 */
export async function withPage(options, use)
{
    const { expectErrors, path = '/', ...rest } = options;
    const context = await browser.newContext({ serviceWorkers: 'block', locale: 'zh-TW', reducedMotion: 'reduce', ...rest });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const faults = [];
    const expected = [expectErrors, /Service Worker registration blocked by Playwright/];
    const note = (text) => { if (!expected.some((each) => each?.test(text))) faults.push(text); };
    page.on('pageerror', (error) => note(`exception: ${error.stack}`));
    page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) note(`console: ${message.text()} ${message.location().url}`);
    });
    try {
        await page.goto(new URL(path, URL_OF_SERVER).href);
        await use(page, context);
        assert.deepEqual(faults, [], 'no exception, console error or violation of the policy');
    } finally {
        await context.close();
    }
}

/* ------------------------------------------------------------------ looking */

export async function screenshot(page, name)
{
    if (!SCREENSHOTS) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** The page on paper. */
export async function printed(page, name)
{
    if (!SCREENSHOTS) return;
    await page.pdf({ path: join(SCREENSHOTS, `${name}.pdf`), format: 'A4', preferCSSPageSize: true });
}

/** WCAG 2.1 A and AA and axe's best practices, in light and dark. */
export async function accessible(page, name)
{
    for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(AXE);
        const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations
            .map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`));
        assert.deepEqual(found, [], `axe on ${name}, ${colorScheme}`);
    }
}

/** Touch targets of 44 pixels, and nothing wider than the page. */
export async function fits(page, name)
{
    const found = await page.evaluate(() => {
        const small = [...document.querySelectorAll('button, select, .source-button, input[type=range], .bottom a, summary, .language label')]
            .map((each) => [each, each.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
            .map(([each, box]) => `${each.outerHTML.slice(0, 80)} ${box.width}x${box.height}`);
        const wide = document.documentElement.scrollWidth > innerWidth ? [`page is ${document.documentElement.scrollWidth} wide`] : [];
        return [...small, ...wide];
    });
    assert.deepEqual(found, [], `layout of ${name}`);
}

export const heading = (page) => page.locator('main h1').innerText();

/* ------------------------------------------------------------------ pictures */

/** A picture like a photo of a lesion; `label` as in skincnn-data generate. */
export function lesion(label = 'nv')
{
    const folder = join(PICTURES, label);
    return { name: `${label}.jpg`, mimeType: 'image/jpeg', buffer: readFileSync(join(folder, readdirSync(folder).sort()[0])) };
}

/** One colour: nothing to see. */
export function blank(side = 600)
{
    return png('blank.png', side, side, () => [196, 160, 140]);
}

/** A PNG whose pixels are said by `colour(x, y)`. */
export function png(name, width, height, colour)
{
    const rows = Buffer.alloc((3 * width + 1) * height);
    for (let y = 0, at = 0; y < height; y++) {
        rows[at++] = 0;
        for (let x = 0; x < width; x++) for (const value of colour(x, y)) rows[at++] = value;
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2, 0, 0, 0], 8);
    const bytes = [Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
    return { name, mimeType: 'image/png', buffer: Buffer.concat(bytes) };
}

/** CRC-32 of PNG (ISO 3309). */
function crc32(bytes)
{
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}

function chunk(type, data)
{
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const size = Buffer.alloc(4);
    const sum = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
}

/** The same JPEG with EXIF that says how it is turned, where it was taken and by what. */
export function withExif(jpeg, orientation)
{
    const make = Buffer.from('SECRET-CAMERA\0', 'latin1');
    const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4);
    tiff.write('II*\0', 0, 'latin1');
    tiff.writeUInt32LE(8, 4);
    tiff.writeUInt16LE(2, 8);
    const entry = (at, tag, type, count, value) => {
        tiff.writeUInt16LE(tag, at);
        tiff.writeUInt16LE(type, at + 2);
        tiff.writeUInt32LE(count, at + 4);
        tiff.writeUInt32LE(value, at + 8);
    };
    entry(10, 0x010f, 2, make.length, tiff.length);
    entry(22, 0x0112, 3, 1, orientation);
    const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, make]);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(body.length + 2);
    return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), size, body, jpeg.subarray(2)]);
}

/* ------------------------------------------------------------------ the way through the check */

/** Answers that lead to each level whatever the picture says, or nothing at all. */
export const CALM = { change: 'no', uneven: 'no', large: 'no', site: 'other', history: 'no' };
export const ALARMING = { change: 'yes', uneven: 'yes', large: 'yes', site: 'acral', history: 'yes' };

export const QUESTIONS = Object.keys(CALM);

/** Waits until a step is shown. */
export async function step(page, name)
{
    await page.locator(`.step-${name}`).waitFor();
}

export async function begin(page, { keep = false } = {})
{
    await step(page, 'start');
    await page.locator('#agree').check();
    if (keep) await page.locator('#keep').check();
    await page.locator('.step-start button[type=submit]').click();
    await step(page, 'guide');
}

export async function choosePhoto(page, file)
{
    await page.locator('#source-folder').setInputFiles(file);
    await page.locator('.preview img').waitFor();
}

export const onward = (page) => page.locator('.step .button.main').last().click();

export async function cropAll(page)
{
    await step(page, 'crop');
    await page.locator('.crop-frame cropper-image').waitFor();
    await page.locator('.step-crop .actions .main:enabled').click();
    await step(page, 'dermatoscope');
}

/** Up to the answer of the service or an error. */
export async function toResult(page, { file = lesion(), answers = CALM, dermatoscope = true, keep = false } = {})
{
    await begin(page, { keep });
    await onward(page);
    await finish(page, { file, answers, dermatoscope });
}

/** From the photo on. */
export async function finish(page, { file = lesion(), answers = CALM, dermatoscope = true } = {})
{
    await step(page, 'photo');
    await choosePhoto(page, file);
    await onward(page);
    await cropAll(page);
    await page.locator(`.choice[data-value="${dermatoscope}"]`).click();
    for (const question of QUESTIONS) {
        await step(page, question);
        await page.locator(`.choice[data-value="${answers[question]}"]`).click();
    }
    await step(page, 'result');
}
