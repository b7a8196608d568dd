/* reminder.js - the calendar file for the next self-check. */
import { button, h } from '/dom.js';
import { download } from '/files.js';

export function reminder(answer)
{
    return h('section', { class: 'card' },
        h('h2', { text: 'reminder.title' }),
        h('p', { text: 'reminder.hint' }),
        h('div', { class: 'actions' }, button('reminder.download',
            () => download('skincnn.ics', 'text/calendar;charset=utf-8', answer.reminder))));
}
