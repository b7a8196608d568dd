/* letter.js - the letter for the doctor, with the picture, to be printed. */
import { button, h } from '/dom.js';
import { printOnly } from '/files.js';
import { resolve } from '/i18n.js';

export function letter(answer, picture)
{
    const paper = h('article', { class: 'letter', label: 'letter.title' },
        h('img', { src: picture, alt: 'result.picture' }),
        h('div', { class: 'letter-text', text: () => resolve(answer.letter) }));
    return h('section', { class: 'card' },
        h('h2', { text: 'letter.title' }),
        h('p', { text: 'letter.hint' }),
        h('div', { class: 'actions' }, button('letter.print', () => printOnly(paper), { class: 'button main' })),
        h('details', {}, h('summary', { text: 'letter.show' }), paper));
}
