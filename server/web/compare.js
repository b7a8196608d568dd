/* compare.js - one spot over time: two photos side by side and under a slider, and all of them in a row. */
import { h, plain } from '/dom.js';
import { day, percent, t } from '/i18n.js';
import { levelChip } from '/light.js';

/** @param {object[]} assessments  oldest first, two or more */
export function comparison(assessments)
{
    const stack = h('div', { class: 'stack compare' });
    const sides = h('div', { class: 'sides' });
    const earlier = picker('spot-earlier', assessments, 0);
    const later = picker('spot-later', assessments, assessments.length - 1);
    const slider = h('input', { type: 'range', min: 0, max: 100, value: 50, label: 'spot.slider' });
    const cut = () => {
        stack.style.setProperty('--cut', `${slider.value}%`);
        slider.setAttribute('aria-valuetext', t('spot.slider.value', { share: slider.value }));
    };
    const show = () => {
        const [first, second] = [assessments[earlier.value], assessments[later.value]];
        stack.replaceChildren(photo(second), photo(first, 'over'));
        sides.replaceChildren(side(first), side(second));
    };
    for (const each of [earlier, later]) each.addEventListener('change', show);
    slider.addEventListener('input', cut);
    show();
    cut();
    return h('section', { class: 'card' },
        h('h2', { text: 'spot.compare' }),
        h('div', { class: 'pickers' },
            h('div', { class: 'field' }, h('label', { for: 'spot-earlier', text: 'spot.earlier' }), earlier),
            h('div', { class: 'field' }, h('label', { for: 'spot-later', text: 'spot.later' }), later)),
        stack, h('div', { class: 'slider' }, slider), sides);
}

function picker(id, assessments, chosen)
{
    return h('select', { id }, assessments.map((each, i) =>
        h('option', { value: i, selected: i === chosen, text: () => numbered(i, each) })));
}

/** Two photos of one day can be told apart. */
function numbered(i, { created })
{
    return `${i + 1}. ${day(created)}`;
}

function photo({ picture, created }, className = 'photo')
{
    return h('img', { class: className, src: picture, alt: () => t('spot.alt', { date: day(created) }) });
}

function side(assessment)
{
    return h('figure', {}, photo(assessment), h('figcaption', {}, facts(assessment)));
}

function facts({ created, level, malignancy, dermatoscope })
{
    const { probability } = malignancy.decision;
    return [
        h('time', { datetime: created, text: () => day(created) }),
        levelChip(level),
        h('span', { class: 'small', text: () => t('spot.malignant', { probability: percent(probability) }) }),
        h('span', { class: 'small', text: dermatoscope ? 'spot.scope.yes' : 'spot.scope.no' }),
    ];
}

export function timeline(assessments)
{
    return h('section', { class: 'card' }, h('h2', { text: 'spot.timeline' }),
        h('ol', { class: 'timeline' }, assessments.map((each, i) =>
            h('li', {}, photo(each), h('div', {}, h('span', { class: 'small', text: plain(`#${i + 1}`) }), facts(each))))));
}
