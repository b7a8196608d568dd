/* crop.js - a square of a photo, chosen by moving the photo behind a fixed frame: Cropper.js with limits, buttons and keys. */
import { button, h } from '/dom.js';
import { jpeg } from '/photo.js';

const LEAST_PIXELS = 160; // of the photo in the frame: beyond, zooming shows nothing new
const MOST_PIXELS = 1024; // of the picture that is sent
const STEP = 0.05; // of the frame that an arrow key moves
const ZOOM = 0.15;

/**
 * @param {import('/photo.js').Photo} photo
 * @param {AbortSignal} signal  when the frame is left
 * @returns {Promise<{element: Element, picture: () => Promise<{blob: Blob, url: string}>}>}
 */
export async function cropper(photo, signal)
{
    await import('/vendor/cropper/cropper.js');
    const image = h('cropper-image', {
        src: photo.url, alt: 'crop.photo', 'initial-fit': 'cover', scalable: true, translatable: true,
    });
    const canvas = h('cropper-canvas', {}, image, h('cropper-handle', { action: 'move', plain: true }));
    const view = { canvas, image, photo };
    image.addEventListener('transform', (event) => keepCovered(view, event));
    const resized = new ResizeObserver(() => moved(view, (matrix) => matrix));
    resized.observe(canvas);
    signal.addEventListener('abort', () => resized.disconnect());
    return { element: stage(view), picture: () => picture(view) };
}

/* ------------------------------------------------------------------ geometry */

/* A matrix is [a, b, c, d, e, f] of CSS about the photo's middle; turns are by 90 degrees, so its bounding box is the
 * photo itself. */

const scaleOf = ([a, b]) => Math.hypot(a, b);

/** The nearest matrix with which the photo covers the frame. */
function covering({ canvas, photo }, matrix)
{
    const frame = canvas.clientWidth;
    if (frame === 0) return matrix;
    const { width, height } = photo;
    const least = frame / Math.min(width, height);
    const wanted = scaleOf(matrix);
    const scale = Math.min(Math.max(wanted, least), Math.max(least, frame / LEAST_PIXELS));
    const [a, b, c, d] = matrix.slice(0, 4).map((value) => value * scale / wanted);
    const upright = Math.abs(a) > Math.abs(b);
    return [a, b, c, d,
        within(matrix[4], width, (upright ? width : height) * scale, frame),
        within(matrix[5], height, (upright ? height : width) * scale, frame)];
}

/** A shift with which a photo whose middle is at side / 2 + shift, `shown` wide, covers 0..frame. */
function within(shift, side, shown, frame)
{
    const middle = side / 2 + shift;
    return Math.min(Math.max(middle, frame - shown / 2), shown / 2) - side / 2;
}

function keepCovered(view, event)
{
    const wanted = event.detail.matrix;
    const allowed = covering(view, wanted);
    if (allowed.every((value, i) => Math.abs(value - wanted[i]) < 1e-6)) return;
    event.preventDefault();
    view.image.$setTransform(allowed);
}

/** Changes the matrix; `change` is applied about the middle of the frame. */
function moved(view, change)
{
    view.image.$setTransform(covering(view, change(view.image.$getTransform())));
}

/** Multiplies by [a, b, c, d] about the middle of the frame. */
function turned({ canvas, photo }, matrix, [a, b, c, d])
{
    const half = canvas.clientWidth / 2;
    const x = matrix[4] + photo.width / 2 - half;
    const y = matrix[5] + photo.height / 2 - half;
    return [
        a * matrix[0] + c * matrix[1], b * matrix[0] + d * matrix[1],
        a * matrix[2] + c * matrix[3], b * matrix[2] + d * matrix[3],
        a * x + c * y + half - photo.width / 2, b * x + d * y + half - photo.height / 2,
    ];
}

/* ------------------------------------------------------------------ what a person can do */

function actions(view)
{
    const shift = (x, y) => moved(view, (m) => {
        const step = view.canvas.clientWidth * STEP;
        return [m[0], m[1], m[2], m[3], m[4] + x * step, m[5] + y * step];
    });
    const zoom = (factor) => moved(view, (m) => turned(view, m, [factor, 0, 0, factor]));
    return {
        left: () => shift(-1, 0),
        right: () => shift(1, 0),
        up: () => shift(0, -1),
        down: () => shift(0, 1),
        in: () => zoom(1 + ZOOM),
        out: () => zoom(1 / (1 + ZOOM)),
        turn: () => moved(view, (m) => turned(view, m, [0, 1, -1, 0])),
        reset: () => moved(view, () => [1e-6, 0, 0, 1e-6, (view.canvas.clientWidth - view.photo.width) / 2,
            (view.canvas.clientWidth - view.photo.height) / 2]),
    };
}

const KEYS = {
    ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down',
    '+': 'in', '=': 'in', '-': 'out', r: 'turn', 0: 'reset',
};
const SIGNS = { left: '←', up: '↑', down: '↓', right: '→', out: '−', in: '+', turn: '⟳', reset: '⤢' };

function stage(view)
{
    const act = actions(view);
    const frame = h('div', {
        class: 'crop-frame', tabindex: '0', role: 'group', label: 'crop.frame', 'aria-describedby': 'crop-keys',
    }, view.canvas, h('span', { class: 'crop-ring', 'aria-hidden': 'true' }));
    frame.addEventListener('keydown', (event) => {
        const action = KEYS[event.key];
        if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        act[action]();
    });
    const tools = Object.keys(SIGNS).map((name) =>
        button(() => SIGNS[name], act[name], { class: 'tool', label: `crop.${name}`, 'data-tool': name }));
    return h('div', { class: 'crop' }, frame,
        h('div', { class: 'tools', role: 'group', label: 'crop.tools' }, tools),
        h('p', { class: 'small', id: 'crop-keys', text: 'crop.keys' }));
}

/* ------------------------------------------------------------------ the result */

async function picture({ canvas, image })
{
    const natural = Math.round(canvas.clientWidth / scaleOf(image.$getTransform()));
    const drawn = await canvas.$toCanvas({
        width: Math.min(natural, MOST_PIXELS),
        beforeDraw: (context) => { context.imageSmoothingQuality = 'high'; },
    });
    const blob = await jpeg(drawn);
    return { blob, url: URL.createObjectURL(blob) };
}
