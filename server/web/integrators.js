/* integrators.js - the page for developers: examples to copy, and a form that calls the service and shows both sides. */
import { base64, Problem, request } from '/api.js';
import { DOCUMENT_TEXTS } from '/document-texts.js';
import { announce, byId, h } from '/dom.js';
import { copy } from '/files.js';
import { t } from '/i18n.js';
import { setTitle, startPage } from '/page.js';

const LONG = 120; // characters of a text that are shown
const ANSWERS = { change: 'no', uneven: 'no', large: 'no', site: 'other', history: 'no' };

const route = byId('route');
const isGet = () => /labels|models/.test(route.value);

function bodyOf(image)
{
    const body = { image, crop: byId('auto').checked ? 'auto' : null, explain: byId('explain').checked };
    if (route.value !== '/v1/assessments') return body;
    return { ...body, dermatoscope: true, answers: ANSWERS, language: 'en', keep: false };
}

/** As text, with long texts (pictures) cut short. */
function pretty(value)
{
    const isLong = (each) => typeof each === 'string' && each.length > LONG;
    const cut = (_, each) => (isLong(each) ? `${each.slice(0, 40)}… (${each.length})` : each);
    return JSON.stringify(value, cut, 2);
}

async function attempt(event)
{
    event.preventDefault();
    const file = byId('picture').files[0];
    byId('try-problem').replaceChildren(...(isGet() || file ? [] : [h('span', { text: 'try.missing' })]));
    if (!isGet() && !file) {
        byId('picture').focus();
        announce(t('try.missing'));
        return;
    }
    const method = isGet() ? 'GET' : 'POST';
    const body = isGet() ? undefined : bodyOf(await base64(file));
    byId('exchange').hidden = false;
    byId('request').textContent = `${method} ${route.value} HTTP/1.1\nHost: ${location.host}` +
        (body ? `\nContent-Type: application/json\n\n${pretty(body)}` : '');
    byId('answer').textContent = t('try.waiting');
    show(...await call(method, route.value, body));
}

async function call(method, path, body)
{
    const begun = performance.now();
    try {
        const answer = await request(method, path, { body, limit: 60_000 });
        return [`${Math.round(performance.now() - begun)} ms`, answer];
    } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const { code, status, detail, request: id } = error;
        return [String(status || ''), { code, status, detail, request_id: id }];
    }
}

function show(status, answer)
{
    byId('status').textContent = status;
    byId('answer').textContent = pretty(answer);
    const heat = answer.heat_map ?? answer.malignancy?.heat_map;
    byId('heat').hidden = !heat;
    if (heat) byId('heat').src = heat;
    announce(`${t('try.answer')}: ${status}`);
}

function showFields()
{
    byId('picture-field').hidden = isGet();
    byId('options').hidden = isGet();
}

async function copyExample({ currentTarget: button })
{
    if (await copy(byId(button.dataset.copy).textContent)) announce(t('keep.copied'));
    else getSelection().selectAllChildren(byId(button.dataset.copy));
}

startPage(DOCUMENT_TEXTS);
setTitle('integrators.title');
for (const code of document.querySelectorAll('code[id^="example-"]'))
    code.textContent = code.textContent.replaceAll('http://127.0.0.1:8080', location.origin);
for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', copyExample);
route.addEventListener('change', showFields);
byId('try').addEventListener('submit', attempt);
showFields();
