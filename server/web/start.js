/* start.js - the first steps: what this is and is not, consent, and how to take a good photo. */
import { art } from '/art.js';
import { announce, button, h } from '/dom.js';
import { t } from '/i18n.js';
import { stepButtons } from '/step-buttons.js';

export function startStep(check, flow)
{
    return [
        h('div', { class: 'hero' },
            h('div', {}, h('h1', { text: 'start.title' }), h('p', { class: 'lead', text: 'start.lead' })),
            art('hero', 'hero-art')),
        joining(check),
        h('div', { class: 'pair' },
            list('start.does', 'does'),
            list('start.not', 'not')),
        h('p', { class: 'urgent', text: 'start.urgent' }),
        consent(check, flow),
    ];
}

function list(key, className)
{
    return h('section', { class: `facts ${className}` },
        h('h2', { text: `${key}.title` }),
        h('ul', {}, [1, 2, 3].map((n) => h('li', { text: `${key}.${n}` }))));
}

function joining(check)
{
    if (!check.code) return null;
    const note = h('div', { class: 'note' },
        h('p', { text: ['start.joining', { code: check.code }] }),
        button('start.joining.stop', () => {
            Object.assign(check, { code: null, keep: false });
            note.remove();
        }, { class: 'button quiet' }));
    return note;
}

function consent(check, flow)
{
    const agree = tick('agree', check.consent, 'start.consent.agree');
    const keep = tick('keep', check.keep, 'start.consent.keep', 'start.consent.keep.hint');
    const missing = h('p', { class: 'problem', id: 'agree-missing' });
    const form = h('form', { class: 'card consent', novalidate: true },
        h('h2', { text: 'start.consent.title' }),
        h('ul', { class: 'ticks' }, [1, 2, 3].map((n) => h('li', { text: `start.consent.${n}` }))),
        agree.element, missing, keep.element,
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'button main', text: 'start.begin' }),
            h('a', { class: 'plain-link', href: '/privacy.html', text: 'start.consent.more' })));
    agree.input.addEventListener('change', () => missing.replaceChildren());
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        check.consent = agree.input.checked;
        check.keep = keep.input.checked;
        if (check.consent) flow.next();
        else refuse(agree.input, missing);
    });
    return form;
}

function refuse(input, missing)
{
    missing.replaceChildren(h('span', { text: 'start.consent.missing' }));
    input.setAttribute('aria-describedby', 'agree-missing');
    input.focus();
    announce(t('start.consent.missing'));
}

function tick(id, checked, text, hint)
{
    const input = h('input', { type: 'checkbox', id, checked });
    const words = h('span', {}, h('span', { text }), hint ? h('span', { class: 'hint', text: hint }) : null);
    return { input, element: h('label', { class: 'tick', for: id }, input, words) };
}

const GUIDE = ['daylight', 'close', 'sharp', 'centred', 'clean', 'ruler'];

export function guideStep(check, flow)
{
    return [
        h('h1', { text: 'guide.title' }),
        h('p', { class: 'lead', text: 'guide.lead' }),
        h('ol', { class: 'guide' }, GUIDE.map((name) => h('li', {}, art(name),
            h('div', {}, h('h2', { text: `guide.${name}` }), h('p', { text: `guide.${name}.hint` }))))),
        stepButtons(flow, button('step.next', flow.next, { class: 'button main' })),
    ];
}
