/* about.js - the page about the service and its limits: its texts, and the models in use as the service reports them. */
import { models } from '/api.js';
import { DOCUMENT_TEXTS } from '/document-texts.js';
import { byId, h, plain } from '/dom.js';
import { setTitle, startPage } from '/page.js';

const COLUMNS = ['name', 'version', 'architecture', 'sha256'];

function table(list)
{
    const head = COLUMNS.map((name) => h('th', { scope: 'col', text: `about.models.${name}` }));
    const row = (model) => COLUMNS.map((name) => h('td', { text: plain(shortened(name, model[name])) }));
    return h('div', { class: 'table', tabindex: '0', role: 'region', label: 'about.models.title' }, h('table', {},
        h('thead', {}, h('tr', {}, head)),
        h('tbody', {}, list.map((model) => h('tr', {}, row(model))))));
}

function shortened(name, value)
{
    return name === 'sha256' ? `${value.slice(0, 16)}…` : value ?? '–';
}

async function showModels(place)
{
    place.replaceChildren(h('p', { text: 'about.models.loading' }));
    try {
        const { current } = await models();
        place.replaceChildren(table([current.malignancy, current.diagnosis]));
    } catch {
        place.replaceChildren(h('p', { class: 'problem', text: 'about.models.failed' }));
    }
}

startPage(DOCUMENT_TEXTS);
setTitle('about.title');
showModels(byId('models'));
