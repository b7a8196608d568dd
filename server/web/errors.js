/* errors.js - a problem of the service in plain words: what happened, and what the person can do. */
import { button, h } from '/dom.js';
import { bind, t } from '/i18n.js';

/* By the service's stable codes (docs/http-api.md) and our own. `can`: what helps. */
const WORDS = {
    offline: { text: 'error.offline', can: 'again' },
    timeout: { text: 'error.timeout', can: 'again' },
    overdue: { text: 'error.timeout', can: 'again' },
    cancelled: { text: 'send.cancelled', can: 'again' },
    rate_limited: { text: 'error.rate', can: 'wait' },
    quota_exceeded: { text: 'error.quota', can: 'nothing' },
    busy: { text: 'error.busy', can: 'wait' },
    loading: { text: 'error.busy', can: 'wait' },
    bad_picture: { text: 'error.picture', can: 'retake' },
    picture_format: { text: 'error.picture', can: 'retake' },
    bad_base64: { text: 'error.picture', can: 'retake' },
    picture_size: { text: 'error.size', can: 'retake' },
    too_large: { text: 'error.size', can: 'retake' },
    bad_value: { text: 'error.value', can: 'nothing' },
    not_found: { text: 'error.code', can: 'nothing' },
};
const BY_STATUS = {
    404: 'not_found', 408: 'timeout', 413: 'too_large', 429: 'rate_limited', 502: 'busy', 503: 'busy', 504: 'timeout',
};
const OTHERWISE = { text: 'error.unexpected', can: 'again' };
const WAIT_SECONDS = 5; // where the service does not say

/** @param {import('/api.js').Problem} problem */
export function explain(problem)
{
    const words = WORDS[problem.code] ?? WORDS[BY_STATUS[problem.status]] ?? OTHERWISE;
    return { ...words, seconds: Math.max(1, Math.ceil(problem.retry || WAIT_SECONDS)) };
}

/**
 * A notice with what helps.
 * @param {{again?: () => void, retake?: () => void, signal?: AbortSignal}} ways
 */
export function problemNotice(problem, ways)
{
    const { text, can, seconds } = explain(problem);
    const number = problem.request && problem.status >= 500
        ? h('p', { class: 'small', text: ['error.request', { id: problem.request }] }) : null;
    const notice = h('div', { class: 'note problem-notice', role: 'alert' }, h('p', { text: [text, { seconds }] }), number);
    const offered = [];
    if (ways.again && (can === 'again' || can === 'wait')) offered.push(againButton(can === 'wait' ? seconds : 0, ways));
    if (ways.retake && can === 'retake') offered.push(button('refused.another', ways.retake, { class: 'button main' }));
    return [notice, offered.length ? h('div', { class: 'actions' }, offered) : null];
}

/** Waits for as long as the service asked, and counts down. */
function againButton(seconds, { again, signal })
{
    let left = seconds;
    const words = () => (left > 0 ? `${t('send.again')} (${left})` : t('send.again'));
    const element = button(words, again, { class: 'button main', disabled: left > 0 });
    const tick = () => {
        left--;
        bind(element, 'text', words);
        element.disabled = left > 0;
        if (left <= 0) clearInterval(timer);
    };
    const timer = left > 0 ? setInterval(tick, 1000) : 0;
    signal?.addEventListener('abort', () => clearInterval(timer));
    return element;
}
