/* spot.js - "my spot": what is kept under a private code, side by side over time; adding to it; erasing it. */
import { eraseSpot, Problem, spotOf } from '/api.js';
import { announce, button, byId, h } from '/dom.js';
import { problemNotice } from '/errors.js';
import { comparison, timeline } from '/compare.js';
import { day, t } from '/i18n.js';
import { leaveJoining } from '/joining.js';
import { setTitle, startPage } from '/page.js';

const main = byId('main');

function show(...children)
{
    main.replaceChildren(h('div', { class: 'step' }, children));
    const heading = main.querySelector('h1');
    heading.tabIndex = -1;
    return heading;
}

/* ------------------------------------------------------------------ asking for the code */

function ask(...notices)
{
    const input = h('input', {
        id: 'code', type: 'text', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', inputmode: 'text',
        maxlength: 80, 'aria-describedby': 'code-hint code-missing',
    });
    const missing = h('p', { class: 'problem', id: 'code-missing' });
    const form = h('form', { class: 'card', novalidate: true },
        h('div', { class: 'field' }, h('label', { for: 'code', text: 'spot.code' }), input),
        h('p', { class: 'hint', id: 'code-hint', text: 'spot.code.hint' }),
        missing,
        h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'button main', text: 'spot.open' })));
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        const code = input.value.trim();
        if (code) {
            open(code);
            return;
        }
        missing.replaceChildren(h('span', { text: 'spot.missing' }));
        input.focus();
        announce(t('spot.missing'));
    });
    return show(h('h1', { text: 'spot.title' }), h('p', { class: 'lead', text: 'spot.lead' }), notices, form);
}

async function open(code)
{
    show(h('h1', { text: 'spot.title' }), h('p', { class: 'busy', role: 'status', text: 'spot.loading' })).focus();
    try {
        shown(await spotOf(code));
    } catch (error) {
        if (!(error instanceof Problem)) throw error;
        ask(problemNotice(error, { again: () => open(code) })).focus();
    }
}

/* ------------------------------------------------------------------ the spot */

function shown(spot)
{
    const { assessments } = spot;
    show(h('h1', { text: 'spot.title' }),
        h('p', { class: 'lead', text: () => t('spot.expires', { date: day(spot.expires) }) }),
        assessments.length > 1 ? comparison(assessments) : h('p', { class: 'note', text: 'spot.one' }),
        timeline(assessments),
        h('div', { class: 'actions' },
            button('spot.add', () => add(spot.code), { class: 'button main' }),
            button('spot.erase', () => confirmErasing(spot), { class: 'button danger' }),
            button('spot.close', () => ask().focus(), { class: 'button quiet' }))).focus();
}

function add(code)
{
    leaveJoining(code);
    location.assign('/#start');
}

function confirmErasing(spot)
{
    const dialog = h('dialog', { 'aria-labelledby': 'erase-title' },
        h('h2', { id: 'erase-title', text: 'spot.erase.title' }),
        h('p', { text: 'spot.erase.hint' }),
        h('div', { class: 'actions' },
            button('spot.erase.no', () => dialog.close(), { class: 'button', autofocus: true }),
            button('spot.erase.yes', () => { dialog.close(); erase(spot); }, { class: 'button danger' })));
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
}

async function erase(spot)
{
    try {
        await eraseSpot(spot.code);
        ask(h('p', { class: 'note well', role: 'status', text: 'spot.erased' })).focus();
    } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const again = () => {
            shown(spot);
            erase(spot);
        };
        main.querySelector('.step').prepend(...problemNotice(error, { again }).filter(Boolean));
    }
}

/* ------------------------------------------------------------------ start */

/** The code of a link stands in the fragment, which no server sees; it does not stay in the history either. */
function takeCode()
{
    const code = decodeURIComponent(location.hash.slice(1));
    if (code) history.replaceState(null, '', location.pathname + location.search);
    return code;
}

startPage();
setTitle('spot.title');
const code = takeCode();
if (code) open(code);
else ask();
addEventListener('hashchange', () => {
    const next = takeCode();
    if (next) open(next);
});
