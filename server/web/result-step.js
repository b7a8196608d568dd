/* result-step.js - the last step: sends the picture and the answers, and shows what comes back. */
import { assess, base64, Problem } from '/api.js';
import { announce, button, h } from '/dom.js';
import { currentLanguage, resolve, t } from '/i18n.js';
import { problemNotice } from '/errors.js';
import { result } from '/result.js';
import { stepButtons } from '/step-buttons.js';

export function resultStep(check, flow, { show, signal })
{
    const outcome = () => (check.answer.accepted ? result(check, flow, () => keep(check))
        : refused(check.answer.refusal, flow));
    if (check.answer) return outcome();

    const attempt = async () => {
        const cancel = new AbortController();
        signal.addEventListener('abort', () => cancel.abort());
        const waiting = sending(cancel);
        show(waiting.children);
        try {
            remember(check, await answerFor(check, { signal: cancel.signal, onSent: waiting.sent }));
            if (signal.aborted) return;
            show(outcome());
            announce(check.answer.accepted ? t(`level.${check.answer.level}`) : resolve(check.answer.refusal.text));
        } catch (error) {
            if (!(error instanceof Problem)) throw error;
            if (signal.aborted) return;
            const ways = { again: attempt, retake: flow.retake, signal };
            show(h('h1', { text: 'error.title' }), problemNotice(error, ways), stepButtons(flow));
        }
    };
    queueMicrotask(attempt);
    return [h('h1', { text: 'send.title' })];
}

/** A service that keeps nothing refuses the wish; the person still gets the answer. */
async function answerFor(check, options)
{
    try {
        return await send(check, options);
    } catch (error) {
        if (error.code !== 'bad_value' || !check.keep || check.code) throw error;
        check.keep = false;
        return send(check, options);
    }
}

async function send(check, options)
{
    return assess({
        image: await base64(check.crop.blob),
        dermatoscope: check.dermatoscope,
        answers: check.answers,
        language: currentLanguage(),
        explain: true,
        keep: check.keep,
        code: check.code,
    }, options);
}

/** The same again, to be kept: asked for on the result. */
async function keep(check)
{
    const answer = await send({ ...check, keep: true });
    remember(check, answer);
    return answer;
}

/** What is asked again of the same spot, after another answer to a question, joins what is kept. */
function remember(check, answer)
{
    check.answer = answer;
    if (answer.code) Object.assign(check, { code: answer.code, keep: true });
}

function sending(cancel)
{
    const bar = h('progress', { max: 1, value: 0, label: 'send.progress' });
    const words = h('p', { role: 'status', text: 'send.sending' });
    const sent = (share) => {
        bar.value = share;
        if (share < 1) return;
        bar.removeAttribute('value'); // how long the models take is not known
        words.replaceChildren(h('span', { text: 'send.looking' }));
    };
    const children = [h('h1', { text: 'send.title' }), h('div', { class: 'card sending' },
        h('span', { class: 'pulse', 'aria-hidden': 'true' }), words, bar,
        button('send.cancel', () => cancel.abort(), { class: 'button quiet' }))];
    return { children, sent };
}

function refused(refusal, flow)
{
    return [
        h('h1', { text: 'refused.title' }),
        h('div', { class: 'note refused', 'data-reason': refusal.reason }, h('p', { class: 'lead', text: refusal.text })),
        h('p', { text: 'refused.lead' }),
        h('div', { class: 'actions' },
            button('refused.another', flow.retake, { class: 'button main' }),
            button('refused.guide', () => flow.go('guide'), { class: 'button quiet' })),
    ];
}
