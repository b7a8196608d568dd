/* picture-steps.js - the steps of the picture: choosing it, its crop, and whether a dermatoscope took it. */
import { art } from '/art.js';
import { announce, button, h } from '/dom.js';
import { t } from '/i18n.js';
import { forget, PhotoError, readPhoto } from '/photo.js';
import { choiceList } from '/questions.js';
import { stepButtons } from '/step-buttons.js';

/* ------------------------------------------------------------------ photo */

const ACCEPT = 'image/jpeg,image/png,image/heic,image/heif,.heic,.heif';

export function photoStep(check, flow, { signal })
{
    const state = h('div', { class: 'photo-state' });
    const show = () => state.replaceChildren(...(check.photo ? preview(check.photo, flow) : []));
    const take = async (file) => {
        if (!file) return;
        state.replaceChildren(h('p', { class: 'busy', text: 'photo.reading' }));
        try {
            const photo = await readPhoto(file);
            if (signal.aborted) return;
            forget(check.photo);
            forget(check.crop);
            Object.assign(check, { photo, crop: null, answer: null });
            show();
            announce([t('photo.ready', photo), ...photo.advice.map((key) => t(key))].join(' '));
            state.querySelector('.button.main').focus({ preventScroll: true });
            state.scrollIntoView({ block: 'nearest' });
        } catch (error) {
            if (!(error instanceof PhotoError)) throw error;
            state.replaceChildren(h('p', { class: 'problem', role: 'alert', text: `photo.error.${error.code}` }));
        }
    };
    show();
    const zone = h('div', { class: 'drop' },
        h('div', { class: 'sources' }, source('camera', 'photo.take', take, { accept: 'image/*', capture: 'environment' }),
            source('folder', 'photo.choose', take)),
        h('p', { class: 'small wide-only', text: 'photo.drop' }),
        h('p', { class: 'small', text: 'photo.formats' }));
    acceptDrops(zone, take, signal);
    return [h('h1', { text: 'photo.title' }), state, zone, stepButtons(flow)];
}

/** A file input that looks like a button. */
function source(drawing, text, take, attributes = {})
{
    const input = h('input', { type: 'file', accept: ACCEPT, class: 'unseen', id: `source-${drawing}`, ...attributes });
    input.addEventListener('change', () => {
        take(input.files[0]);
        input.value = ''; // the same file may be chosen again
    });
    const label = h('label', { for: input.id, class: 'button source-button' }, art(drawing, 'icon'), h('span', { text }));
    return h('div', { class: 'source' }, input, label);
}

function acceptDrops(zone, take, signal)
{
    const over = (event) => {
        event.preventDefault();
        zone.classList.toggle('over', event.type === 'dragover');
    };
    for (const type of ['dragover', 'dragleave', 'drop']) addEventListener(type, over, { signal });
    addEventListener('drop', (event) => take(event.dataTransfer.files[0]), { signal });
    addEventListener('paste', (event) => take(event.clipboardData.files[0]), { signal });
}

function preview(photo, flow)
{
    const advice = photo.advice.length === 0
        ? [h('p', { class: 'well', text: 'photo.good' })]
        : [h('p', { class: 'advice-title', text: 'photo.advice' }),
            h('ul', {}, photo.advice.map((key) => h('li', { text: key }))),
            h('p', { text: 'photo.advice.go-on' })];
    return [h('div', { class: 'card preview' },
        h('img', { src: photo.url, alt: 'photo.preview', width: photo.width, height: photo.height }),
        h('div', {},
            h('p', { class: 'small', text: ['photo.ready', { width: photo.width, height: photo.height }] }),
            h('div', { class: photo.advice.length ? 'note' : '' }, advice),
            button('step.next', flow.next, { class: 'button main' })))];
}

/* ------------------------------------------------------------------ crop */

export function cropStep(check, flow, { signal })
{
    const place = h('div', {}, h('p', { class: 'busy', text: 'crop.loading' }));
    const done = button('crop.done', null, { class: 'button main', disabled: true });
    import('/crop.js').then(({ cropper }) => cropper(check.photo, signal)).then((crop) => {
        if (signal.aborted) return;
        place.replaceChildren(crop.element);
        done.disabled = false;
        done.addEventListener('click', async () => {
            done.disabled = true;
            const picture = await crop.picture();
            if (signal.aborted) return;
            forget(check.crop);
            Object.assign(check, { crop: picture, answer: null });
            flow.next();
        });
    }).catch(() => place.replaceChildren(h('p', { class: 'problem', role: 'alert', text: 'crop.failed' })));
    return [h('h1', { text: 'crop.title' }), h('p', { class: 'lead', text: 'crop.lead' }), place, stepButtons(flow, done)];
}

/* ------------------------------------------------------------------ dermatoscope */

export function dermatoscopeStep(check, flow)
{
    const choices = [
        { value: false, art: 'phone', text: 'dermatoscope.no', hint: 'dermatoscope.no.hint' },
        { value: true, art: 'scope', text: 'dermatoscope.yes', hint: 'dermatoscope.yes.hint' },
    ];
    const pick = (value) => {
        if (check.dermatoscope !== value) check.answer = null;
        check.dermatoscope = value;
        flow.next();
    };
    return [
        h('h1', { text: 'dermatoscope.title' }),
        h('p', { class: 'lead', text: 'dermatoscope.lead' }),
        choiceList(choices, check.dermatoscope, pick),
        stepButtons(flow),
    ];
}
