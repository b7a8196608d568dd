/* questions.js - the five questions, one tap each. */
import { art } from '/art.js';
import { h } from '/dom.js';
import { stepButtons } from '/step-buttons.js';

const yesNo = (yes, no) => [
    { value: 'no', art: no }, { value: 'yes', art: yes }, { value: 'unsure', art: 'unsure', text: 'answer.unsure' },
];

/** Names and values are those of POST /v1/assessments. */
export const QUESTIONS = [
    { name: 'change', choices: yesNo('changed', 'same') },
    { name: 'uneven', choices: yesNo('uneven', 'even') },
    { name: 'large', choices: yesNo('large', 'small') },
    { name: 'site', choices: [{ value: 'other', art: 'body' }, { value: 'face', art: 'face' }, { value: 'acral', art: 'acral' }] },
    { name: 'history', choices: yesNo('family', 'alone') },
];

export function questionStep({ name, choices }, check, flow)
{
    const pick = (value) => {
        if (check.answers[name] !== value) check.answer = null;
        check.answers[name] = value;
        flow.next();
    };
    return [
        h('h1', { text: `${name}.title` }),
        h('p', { class: 'lead', text: `${name}.lead` }),
        choiceList(choices.map((each) => ({ text: `${name}.${each.value}`, ...each })), check.answers[name], pick),
        stepButtons(flow),
    ];
}

/** Large buttons with a drawing; the one chosen before is marked. */
export function choiceList(choices, chosen, pick)
{
    return h('ul', { class: 'choices' }, choices.map(({ value, text, hint, art: drawing }) => {
        const words = h('span', {}, h('span', { class: 'choice-text', text }), hint ? h('span', { class: 'hint', text: hint }) : null);
        return h('li', {}, h('button', {
            type: 'button', class: 'choice', 'data-value': String(value), 'aria-pressed': String(value === chosen),
            on: { click: () => pick(value) },
        }, art(drawing), words));
    }));
}
