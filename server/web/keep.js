/* keep.js - keeping a result to compare the same spot later, and the private code that opens it. */
import { Problem } from '/api.js';
import { announce, button, h, plain } from '/dom.js';
import { explain } from '/errors.js';
import { copy, download, printOnly } from '/files.js';
import { day, t } from '/i18n.js';

/** The code where the result is kept, else the offer to keep it. */
export function keeping(answer, keep)
{
    const section = h('section', { class: 'card keep' });
    const fill = (...children) => section.replaceChildren(h('h2', { text: 'keep.title' }), ...children);
    if (answer.code) fill(...codeOf(answer));
    else offer(fill, keep);
    return section;
}

function offer(fill, keep)
{
    const state = h('div', { 'aria-live': 'polite' });
    const agree = button('keep.now', async () => {
        agree.disabled = true;
        try {
            const answer = await keep();
            fill(...codeOf(answer));
            announce(`${t('keep.code')}: ${answer.code}`);
        } catch (error) {
            if (!(error instanceof Problem)) throw error;
            const { text, seconds } = explain(error);
            const refused = error.code === 'bad_value';
            state.replaceChildren(h('p', { class: 'problem', text: refused ? 'keep.not' : [text, { seconds }] }));
            agree.disabled = refused;
        }
    });
    fill(h('p', { text: 'keep.offer' }), h('div', { class: 'actions' }, agree), state);
}

function codeOf({ code, expires })
{
    const slip = h('div', { class: 'slip' },
        h('p', { class: 'eyebrow', text: 'keep.code' }),
        h('output', { class: 'code', label: 'keep.code', text: plain(code) }),
        h('p', { text: 'keep.hint' }),
        h('p', { class: 'small', text: () => t('keep.expires', { date: day(expires) }) }));
    const copied = h('span', { role: 'status' });
    const copyButton = button('keep.copy', async () => {
        if (await copy(code)) copied.replaceChildren(h('span', { text: 'keep.copied' }));
        else getSelection().selectAllChildren(slip.querySelector('.code'));
    });
    const file = () => download('skincnn-code.txt', 'text/plain;charset=utf-8',
        `${t('keep.file')}\r\n\r\n${code}\r\n\r\n${location.origin}/spot.html\r\n${t('keep.expires', { date: day(expires) })}\r\n`);
    return [slip,
        h('div', { class: 'actions' }, copyButton, button('keep.print', () => printOnly(slip)), button('keep.save', file), copied),
        h('p', {}, h('a', { href: `/spot.html#${code}`, text: 'keep.open' }))];
}
