/* model-answers.js - what both models say: probabilities as bars, and where they looked. */
import { h } from '/dom.js';
import { bind, percent, t } from '/i18n.js';

const TASKS = ['malignancy', 'diagnosis'];

export function modelAnswers(answer)
{
    const { malignancy, diagnosis } = answer;
    const versions = { malignancy: malignancy.model.version, diagnosis: diagnosis.model.version };
    return h('section', { class: 'card' },
        h('h2', { text: 'result.models' }),
        h('p', { class: 'small', text: 'result.models.lead' }),
        h('div', { class: 'columns' }, TASKS.map((task) =>
            h('div', {}, h('h3', { text: `result.${task}` }), bars(answer[task]), decision(answer[task])))),
        h('p', { class: 'small', text: ['result.versions', versions] }));
}

/** The number says what the bar shows, so the bar is for the eye only. */
function bars({ probabilities, names })
{
    const rows = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
    return h('ul', { class: 'bars' }, rows.map(([label, probability]) => {
        const bar = h('span', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.setProperty('--share', probability);
        const number = h('span', { class: 'number', text: () => percent(probability) });
        return h('li', { 'data-label': label }, h('span', { text: names[label] }), number, bar);
    }));
}

function decision({ decision: { threshold, probability, malignant } })
{
    const values = { threshold: percent(threshold), probability: percent(probability) };
    return h('p', { class: malignant ? 'small warns' : 'small', text: ['result.threshold', values] });
}

/* ------------------------------------------------------------------ heat map */

/** The photo, and over it a model's heat map, as much of it as the slider says. */
export function heatMap(answer, picture)
{
    const tasks = TASKS.filter((task) => answer[task].heat_map);
    const photo = h('img', { src: picture, alt: 'result.heat.photo-alt', class: 'photo' });
    if (tasks.length === 0) return h('figure', { class: 'card heat' }, photo);
    const heat = h('img', { class: 'over', src: answer[tasks[0]].heat_map, alt: altOf(tasks[0]) });
    const slider = h('input', { type: 'range', min: 0, max: 100, value: 60, step: 5, label: 'result.heat.slider' });
    const show = () => {
        heat.style.opacity = slider.value / 100;
        slider.setAttribute('aria-valuetext', t('result.heat.value', { share: slider.value }));
    };
    slider.addEventListener('input', show);
    show();
    return h('section', { class: 'card heat' },
        h('h2', { text: 'result.heat' }),
        h('div', { class: 'stack' }, photo, heat),
        h('div', { class: 'slider' }, h('span', { text: 'result.heat.from' }), slider, h('span', { text: 'result.heat.to' })),
        tasks.length > 1 ? whichModel(tasks, answer, heat) : null,
        h('p', { class: 'small', text: 'result.heat.hint' }));
}

function whichModel(tasks, answer, heat)
{
    const show = (task) => {
        heat.src = answer[task].heat_map;
        bind(heat, 'alt', altOf(task));
    };
    const choice = (task, i) => h('label', {},
        h('input', { type: 'radio', name: 'heat', checked: i === 0, on: { change: () => show(task) } }),
        h('span', { text: `result.heat.${task}` }));
    return h('fieldset', { class: 'segments' }, h('legend', { class: 'unseen', text: 'result.heat.which' }), tasks.map(choice));
}

function altOf(task)
{
    return () => t('result.heat.alt', { model: t(`result.heat.${task}`) });
}
