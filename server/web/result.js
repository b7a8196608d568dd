/* result.js - the answer of the service: the light, what it means, why, what to do, and what goes with it. */
import { button, h } from '/dom.js';
import { trafficLight } from '/light.js';
import { heatMap, modelAnswers } from '/model-answers.js';
import { letter } from '/letter.js';
import { clinicDirectory } from '/clinics.js';
import { keeping } from '/keep.js';
import { reminder } from '/reminder.js';

/** @param {import('/app.js').Check} check  @param {() => Promise<object>} keep  keeps it now */
export function result(check, flow, keep)
{
    const { answer } = check;
    const serious = answer.level !== 'low';
    return [
        verdict(answer),
        h('div', { class: 'columns' },
            h('div', {}, reasons(answer), advice(answer), reminder(answer)),
            h('div', {}, heatMap(answer, check.crop.url))),
        serious ? letter(answer, check.crop.url) : null,
        serious ? clinicDirectory() : null,
        modelAnswers(answer),
        keeping(answer, keep),
        h('div', { class: 'actions' },
            button('result.again', flow.another, { class: 'button' }),
            button('step.back', flow.back, { class: 'button quiet' })),
    ];
}

function verdict(answer)
{
    const { level } = answer;
    const days = answer.see_doctor_within_days;
    const soon = days > 0 ? ['result.soon', { days }] : ['result.recheck', { days: answer.recheck_days }];
    return h('section', { class: `verdict ${level}`, 'data-level': level },
        h('div', { class: 'light', role: 'img', label: `level.${level}.light` }, trafficLight(level)),
        h('div', {},
            h('p', { class: 'eyebrow', text: 'result.title' }),
            h('h1', { text: `level.${level}` }),
            h('p', { class: 'soon', text: soon }),
            h('p', { text: `level.${level}.meaning` }),
            answer.certainty === 'lower' ? h('p', { class: 'certainty', text: 'result.certainty.lower' }) : null,
            h('p', { class: 'disclaimer', text: answer.disclaimer })));
}

function reasons({ reasons: found })
{
    if (found.length === 0) return null;
    return h('section', { class: 'card' }, h('h2', { text: 'result.reasons' }),
        h('ul', { class: 'reasons' }, found.map((reason) => h('li', { 'data-code': reason.code, text: reason.text }))));
}

function advice({ advice: given })
{
    return h('section', { class: 'card' }, h('h2', { text: 'result.advice' }),
        h('ol', { class: 'advice' }, given.map((text) => h('li', { text }))));
}
