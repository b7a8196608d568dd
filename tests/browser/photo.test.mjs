/* photo.test.mjs - a photo in the browser: turned, scaled, stripped, checked, cropped; and photos that are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as s from './support.mjs';

const RED = [200, 40, 40], GREEN = [40, 160, 40], BLUE = [40, 40, 200], WHITE = [240, 240, 240];

/** Four quarters of different colours, as a JPEG made by the browser. */
async function quarters(page, width, height)
{
    const url = await page.evaluate(([w, h, colours]) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
        const context = canvas.getContext('2d');
        colours.forEach((colour, i) => {
            context.fillStyle = `rgb(${colour})`;
            context.fillRect((i % 2) * w / 2, Math.floor(i / 2) * h / 2, w / 2, h / 2);
        });
        return canvas.toDataURL('image/jpeg', 0.95);
    }, [width, height, [RED, GREEN, BLUE, WHITE]]);
    return Buffer.from(url.split(',')[1], 'base64');
}

/** The colours at the middle of the four quarters of a shown picture, and its size. */
function seen(page, selector)
{
    return page.locator(selector).evaluate(async (image) => {
        await image.decode();
        const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
        const context = canvas.getContext('2d', { willReadFrequently: true });
        context.drawImage(image, 0, 0);
        const at = (x, y) => [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)];
        return { width: canvas.width, height: canvas.height, colours: [at(.25, .25), at(.75, .25), at(.25, .75), at(.75, .75)] };
    });
}

function near(actual, expected, message)
{
    actual.forEach((colour, i) => colour.forEach((value, c) =>
        assert.ok(Math.abs(value - expected[i][c]) < 25, `${message}: quarter ${i} is ${colour}, not ${expected[i]}`)));
}

async function toPhoto(page)
{
    await s.begin(page);
    await s.onward(page);
    await s.step(page, 'photo');
}

/** The picture in the request for an assessment. */
function sentPicture(page)
{
    return page.waitForRequest((request) => request.url().endsWith('/v1/assessments') && request.method() === 'POST')
        .then((request) => Buffer.from(request.postDataJSON().image, 'base64'));
}

test('a photo turned by EXIF arrives upright, and nothing of its EXIF is sent', async () => {
    await s.withPage(s.PHONE, async (page) => {
        await toPhoto(page);
        const jpeg = await quarters(page, 800, 600);
        const turned = s.withExif(jpeg, 6); // shown after a turn of 90 degrees clockwise
        const sent = sentPicture(page);
        await s.finish(page, { file: { name: 'turned.jpg', mimeType: 'image/jpeg', buffer: turned } }).catch(() => {});
        const bytes = await sent;
        assert.equal(bytes.includes('SECRET-CAMERA') || bytes.includes('Exif'), false);
        await page.evaluate((url) => {
            document.body.append(Object.assign(new Image(), { id: 'sent', src: url }));
        }, `data:image/jpeg;base64,${bytes.toString('base64')}`);
        const { width, height, colours } = await seen(page, '#sent');
        assert.deepEqual([width, height], [600, 600], 'a square of the upright 600 x 800');
        near(colours, [BLUE, RED, WHITE, GREEN], 'upright');
    });
});

test('a large photo is scaled to 1600 pixels', async () => {
    await s.withPage(s.PHONE, async (page) => {
        await toPhoto(page);
        await s.choosePhoto(page, { name: 'large.jpg', mimeType: 'image/jpeg', buffer: await quarters(page, 3000, 2000) });
        const { width, height } = await seen(page, '.preview img');
        assert.deepEqual([width, height], [1600, 1067]);
    });
});

test('advice for dark, bright, small and blurred photos, and none for a good one', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en' }, async (page) => {
        await toPhoto(page);
        const advice = async (file) => {
            await s.choosePhoto(page, file);
            return (await page.locator('.preview ul li').allInnerTexts()).join(' ');
        };
        const noise = (from, to) => (x, y) => {
            const value = from + (Math.imul(x * 7919 + y * 104729, 2654435761) >>> 24) / 255 * (to - from);
            return [value, value, value].map(Math.round);
        };
        assert.match(await advice(s.png('dark.png', 500, 500, noise(0, 40))), /dark/);
        assert.match(await advice(s.png('bright.png', 501, 500, noise(251, 255))), /too bright/);
        assert.match(await advice(s.png('small.png', 200, 200, noise(80, 180))), /small/);
        assert.match(await advice(s.png('flat.png', 502, 500, (x) => [100 + x / 10, 100, 100])), /blurred/);
        assert.equal(await advice(s.lesion('mel')), '');
        await s.screenshot(page, 'photo-good');
        await s.choosePhoto(page, s.png('dark2.png', 300, 300, () => [20, 15, 15]));
        await s.accessible(page, 'photo with advice');
        await s.screenshot(page, 'photo-advice');
        assert.equal(await page.locator('.step .button.main').last().isEnabled(), true, 'the person may go on');
    });
});

test('files that are no photos, and HEIC where the browser cannot read it, are explained', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en' }, async (page) => {
        await toPhoto(page);
        const choose = (file) => page.locator('#source-folder').setInputFiles(file);
        await choose({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is no picture') });
        await page.getByRole('alert').getByText('not a photo').waitFor();
        await choose({ name: 'IMG_1.HEIC', mimeType: 'image/heic', buffer: Buffer.from('\0\0\0\x18ftypheic', 'latin1') });
        await page.getByRole('alert').getByText('HEIC').waitFor();
        await s.screenshot(page, 'photo-heic');
    });
});

test('a photo can be dropped and pasted', async () => {
    await s.withPage(s.DESKTOP, async (page) => {
        await toPhoto(page);
        const { buffer } = s.lesion('bcc');
        const give = (type) => page.evaluate(([kind, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], 'given.jpg', { type: 'image/jpeg' }));
            const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
                : new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true });
            document.querySelector('.drop').dispatchEvent(event);
        }, [type, buffer.toString('base64')]);
        await give('drop');
        await page.locator('.preview img').waitFor();
        const first = await page.locator('.preview img').getAttribute('src');
        await give('paste');
        await page.waitForFunction((src) => document.querySelector('.preview img')?.getAttribute('src') !== src, first);
    });
});

test('cropping: buttons, keys, dragging and pinching move the photo, which always fills the frame', async () => {
    await s.withPage(s.PHONE, async (page, context) => {
        await toPhoto(page);
        await s.choosePhoto(page, { name: 'q.jpg', mimeType: 'image/jpeg', buffer: await quarters(page, 800, 600) });
        await s.onward(page);
        await page.locator('.step-crop .actions .main:enabled').waitFor();
        const matrix = () => page.locator('cropper-image').evaluate((image) => image.$getTransform());
        const covered = async () => {
            const { photo, frame } = await page.evaluate(() => {
                const box = (selector) => { const b = document.querySelector(selector).getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
                return { photo: box('cropper-image'), frame: box('cropper-canvas') };
            });
            assert.ok(photo[0] <= frame[0] + 1 && photo[1] <= frame[1] + 1 && photo[2] >= frame[2] - 1 && photo[3] >= frame[3] - 1, `${photo} covers ${frame}`);
        };
        const changes = async (what, act) => {
            const old = await matrix();
            await act();
            await page.waitForTimeout(80);
            assert.notDeepEqual(await matrix(), old, what);
            await covered();
        };
        await covered();
        for (const name of ['in', 'in', 'left', 'up', 'right', 'down', 'turn', 'out', 'reset'])
            await changes(`button ${name}`, () => page.locator(`[data-tool=${name}]`).click());
        await page.locator('.crop-frame').focus();
        for (const key of ['+', 'ArrowLeft', 'ArrowUp', 'r', '-']) await changes(`key ${key}`, () => page.keyboard.press(key));
        for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowLeft');
        await covered();

        const box = await page.locator('.crop-frame').boundingBox();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const session = await context.newCDPSession(page);
        const touch = (type, points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([px, py], id) => ({ x: px, y: py, id })) });
        await changes('a finger drags', async () => {
            await touch('touchStart', [[x, y]]);
            await touch('touchMove', [[x + 20, y + 30]]);
            await touch('touchMove', [[x + 40, y + 60]]);
            await touch('touchEnd', []);
        });
        const scale = (m) => Math.hypot(m[0], m[1]);
        const before = scale(await matrix());
        await touch('touchStart', [[x - 30, y], [x + 30, y]]);
        for (let d = 40; d <= 90; d += 10) await touch('touchMove', [[x - d, y], [x + d, y]]);
        await touch('touchEnd', []);
        await page.waitForTimeout(80);
        assert.ok(scale(await matrix()) > before * 1.3, 'two fingers zoom');
        await covered();
    });
});

test('a photo that shows nothing is refused, with the reason and a way to take another', async () => {
    await s.withPage({ ...s.PHONE, path: '/?lang=en' }, async (page) => {
        await s.toResult(page, { file: s.blank() });
        await page.locator('.refused').waitFor();
        assert.match(await page.locator('.refused').getAttribute('data-reason'), /./);
        assert.equal(await page.locator('.verdict').count(), 0, 'no verdict');
        await s.accessible(page, 'refused');
        await s.screenshot(page, 'phone-en-refused');
        await page.locator('.step .button.main').click();
        await s.step(page, 'photo');
        assert.equal(await page.locator('.preview').count(), 0, 'the refused photo is gone');
        await s.finish(page);
        await page.locator('.verdict').waitFor();
    });
});
