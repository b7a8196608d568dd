/* app.js - the way through the check: one step is shown at a time; the address's fragment names it, so that "back" works. */
import { announce, byId, h } from '/dom.js';
import { resolve, t } from '/i18n.js';
import { setTitle, startPage } from '/page.js';
import { forget } from '/photo.js';
import { QUESTIONS, questionStep } from '/questions.js';
import { resultStep } from '/result-step.js';
import { guideStep, startStep } from '/start.js';
import { cropStep, dermatoscopeStep, photoStep } from '/picture-steps.js';
import { takeJoining } from '/joining.js';

/**
 * What the person has said so far; it lives in this page's memory only.
 * @typedef {{consent: boolean, keep: boolean, code: ?string, photo: ?import('/photo.js').Photo,
 *            crop: ?{blob: Blob, url: string}, dermatoscope: ?boolean, answers: Object<string, string>,
 *            answer: ?object}} Check
 */

/** @type {Check} */
const check = fresh();

function fresh()
{
    return { consent: false, keep: false, code: null, photo: null, crop: null, dermatoscope: null, answers: {}, answer: null };
}

/* A step: its name is the fragment; `render` gives its elements, to be replaced by `place.show` and left at `place.signal`;
 * `ready` says whether the step after it may be shown. */
const STEPS = [
    { name: 'start', title: 'step.start', render: startStep, ready: () => check.consent },
    { name: 'guide', title: 'step.guide', render: guideStep, ready: () => true },
    { name: 'photo', title: 'step.photo', render: photoStep, ready: () => check.photo !== null },
    { name: 'crop', title: 'step.crop', render: cropStep, ready: () => check.crop !== null },
    { name: 'dermatoscope', title: 'step.dermatoscope', render: dermatoscopeStep, ready: () => check.dermatoscope !== null },
    ...QUESTIONS.map((question, i) => ({
        name: question.name,
        title: ['step.question', { number: i + 1 }],
        render: (...args) => questionStep(question, ...args),
        ready: () => question.name in check.answers,
    })),
    { name: 'result', title: 'step.result', render: resultStep, ready: () => true },
];

const flow = {
    go: (name) => { location.hash = name; },
    next: () => flow.go(STEPS[shown + 1].name),
    back: () => flow.go(STEPS[Math.max(0, shown - 1)].name),
    /** Forgets the photo and the answers; consent stays for this visit. */
    another: () => {
        forgetPictures();
        Object.assign(check, fresh(), { consent: check.consent });
        flow.go('photo');
    },
    /** After a photo that was refused: the answers stay. */
    retake: () => {
        forgetPictures();
        Object.assign(check, { photo: null, crop: null, answer: null });
        flow.go('photo');
    },
};

function forgetPictures()
{
    forget(check.photo);
    forget(check.crop);
}

let shown = -1;
/** @type {?AbortController} */
let leaving = null;

/** The step that the fragment names, or the first that is not done before it. */
function wanted()
{
    const name = location.hash.slice(1) || 'start';
    const index = Math.max(0, STEPS.findIndex((step) => step.name === name));
    const undone = STEPS.findIndex((step) => !step.ready());
    return undone >= 0 && undone < index ? undone : index;
}

function show()
{
    const first = shown < 0;
    const index = wanted();
    const step = STEPS[index];
    if ((location.hash || '#start') !== `#${step.name}`) history.replaceState(null, '', `#${step.name}`);
    if (index === shown && step.name !== 'result') return;
    shown = index;
    leaving?.abort();
    leaving = new AbortController();
    const content = h('div', { class: `step step-${step.name}` });
    const place = {
        signal: leaving.signal,
        show: (...children) => {
            content.replaceChildren(...children.flat(Infinity).filter(Boolean));
            arrive();
        },
    };
    byId('main').replaceChildren(...progress(index), content);
    content.append(...step.render(check, flow, place).filter(Boolean));
    if (first) setTitle(step.title);
    else arrive();
}

/** The keyboard's and the screen reader's place moves to the new step's heading. */
function arrive()
{
    const heading = byId('main').querySelector('h1');
    setTitle(() => heading.textContent);
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
}

function progress(index)
{
    if (index === 0 || index === STEPS.length - 1) return [];
    const count = STEPS.length - 2;
    const words = () => `${t('step.progress', { number: index, count })} · ${resolve(STEPS[index].title)}`;
    return [h('div', { class: 'progress' },
        h('progress', { max: count, value: index, label: words }),
        h('p', { text: words }))];
}

startPage();
check.code = takeJoining();
check.keep = check.code !== null;
addEventListener('hashchange', show);
document.addEventListener('language', () => announce(document.title));
show();
