/* docs.js - the page of the API: /openapi.json as text to read, and the examples of /examples to copy. */
import { inline, membersTable, namedSchemas, nameOf, paragraphs, schemaNode, typeOf } from '/docs-schema.js';
import { announce, button, byId, h, plain } from '/dom.js';
import { copy } from '/files.js';
import { t } from '/i18n.js';
import { setTitle, startPage } from '/page.js';

const TEXTS = {
    'docs.title': ['HTTP API 文件', 'HTTP API'],
    'docs.lead': ['用您自己的程式呼叫這個服務：照片進、機率與判斷出。這不是診斷。', 'Call this service from programs of your own: pictures in, probabilities and decisions out. No answer is a diagnosis.'],
    'docs.english': ['以下的 API 說明以英文書寫，由 openapi.json 產生。', 'What follows is made from openapi.json.'],
    'docs.try': ['線上試用', 'Try it live'],
    'docs.contents': ['本頁內容', 'Contents'],
    'docs.examples': ['範例', 'Examples'],
    'docs.examples.lead': ['複製後即可執行：把照片存成 lesion.jpg（第三個範例還要 second.jpg）。', 'Ready to run: put a picture beside it as lesion.jpg (and, for the third, second.jpg).'],
    'docs.language': ['程式語言', 'Programming language'],
    'docs.loading': ['載入中…', 'Loading…'],
    'docs.failed': ['無法載入 openapi.json。', 'openapi.json could not be loaded.'],
    'docs.problems': ['錯誤代碼', 'Problem codes'],
    'docs.problems.lead': ['錯誤以 RFC 9457 的格式回覆；code 不會改變，程式請以它判斷。', 'Errors are answered by RFC 9457. The code is stable: write programs against it.'],
    'docs.schemas': ['資料結構', 'Schemas'],
    'docs.keys': ['金鑰', 'Keys'],
    'docs.request': ['請求', 'Request'],
    'docs.answers': ['回覆', 'Answers'],
    'docs.parameters': ['參數', 'Parameters'],
    'docs.example': ['例', 'Example'],
    'docs.member': ['成員', 'Member'],
    'docs.value': ['值', 'Value'],
    'docs.meaning': ['意義', 'Meaning'],
    'docs.absent': ['可省略', 'may be absent'],
    'docs.tag-pictures': ['照片', 'Pictures'],
    'docs.tag-assessments': ['風險評估', 'Assessments'],
    'docs.tag-information': ['資訊', 'Information'],
    'docs.tag-operation': ['營運', 'Operation'],
    'docs.admin': ['需要管理金鑰', 'Needs an admin key'],
    'docs.copy': ['複製', 'Copy'],
    'docs.copied': ['已複製', 'Copied'],
    'docs.example.malignancy-json': ['良性或惡性：JSON 中的 base64', 'Malignancy: base64 in JSON'],
    'docs.example.malignancy-raw': ['良性或惡性：直接傳送檔案', 'Malignancy: the file as the body'],
    'docs.example.malignancy-several': ['良性或惡性：一次多張', 'Malignancy: several pictures'],
    'docs.example.diagnosis': ['疾病分類：裁切與熱圖', 'Diagnosis: crop and heat map'],
    'docs.example.assessment': ['風險評估：照片與五個回答', 'Assessment: a picture and five answers'],
    'docs.example.key': ['使用金鑰', 'With a key'],
    'docs.example.protocol': ['Open Inference Protocol', 'Open Inference Protocol'],
};

const EXAMPLES = ['malignancy-json', 'malignancy-raw', 'malignancy-several', 'diagnosis', 'assessment', 'key', 'protocol'];
const LANGUAGES = [['sh', 'curl'], ['py', 'Python'], ['mjs', 'JavaScript']];
const PAGE = 'http://127.0.0.1:8080'; // in the examples; here they name the service that the page comes from

/* ------------------------------------------------------------------ examples */

async function copyFrom(place)
{
    if (await copy(place.textContent)) announce(t('docs.copied'));
    else getSelection().selectAllChildren(place);
}

function codeBlock(label)
{
    const place = h('code');
    const block = h('pre', { tabindex: '0', role: 'region', label }, place);
    return { place, node: h('div', { class: 'sample' }, block, button('docs.copy', () => copyFrom(place))) };
}

async function showExample(name, extension, place)
{
    const answer = await fetch(`/examples/${name}.${extension}`);
    const text = answer.ok ? (await answer.text()).replaceAll(PAGE, location.origin) : answer.statusText;
    place.textContent = text;
}

function showExamples()
{
    const blocks = new Map(EXAMPLES.map((name) => [name, codeBlock(`docs.example.${name}`)]));
    const show = (extension) => EXAMPLES.forEach((name) => showExample(name, extension, blocks.get(name).place));
    for (const [name, { node }] of blocks)
        byId('samples').append(h('h3', { id: `example-${name}`, text: `docs.example.${name}` }), node);
    for (const [extension, language] of LANGUAGES)
        byId('languages').append(h('label', {},
            h('input', {
                type: 'radio', name: 'language', value: extension, checked: extension === 'sh',
                on: { change: () => show(extension) },
            }),
            h('span', { text: plain(language) })));
    show('sh');
}

/* ------------------------------------------------------------------ one operation */

const json = (value) => h('pre', { tabindex: '0', role: 'region', label: 'docs.example' },
    h('code', { text: plain(JSON.stringify(value, null, 2)) }));

function exampleNodes(content)
{
    const all = Object.values(content.examples ?? {});
    if (content.example !== undefined) all.push({ value: content.example });
    return all.map(({ summary, value }) => h('details', {},
        h('summary', {}, h('span', {}, h('span', { text: 'docs.example' }), summary ? `: ${summary}` : '')), json(value)));
}

function parametersNode(list, root)
{
    const rows = list.map((each) => (each.$ref ? root.components.parameters[nameOf(each.$ref)] : each))
        .map(({ name, in: place, schema, description, required }) =>
            ({ name, required, member: { ...schema, description: `${place === 'path' ? 'In the path. ' : 'In the query. '}${description ?? ''}` } }));
    return rows.length ? [h('h4', { text: 'docs.parameters' }), membersTable(rows)] : [];
}

function requestNode(body)
{
    if (!body) return [];
    const media = Object.entries(body.content).map(([type, content]) =>
        h('li', {}, h('code', { text: plain(type) }), ': ', typeOf(content.schema), exampleNodes(content)));
    return [h('h4', { text: 'docs.request' }), h('ul', {}, media)];
}

function problemLinks(name, root)
{
    const codes = Object.keys(root.components.responses[name].content['application/problem+json'].examples);
    return h('span', { class: 'codes' }, codes.map((code) => h('a', { href: `#${code}`, text: plain(code) })));
}

function answerRow([status, answer], root)
{
    const name = answer.$ref && nameOf(answer.$ref);
    const content = Object.entries(answer.content ?? {});
    const what = name ? problemLinks(name, root) : [
        h('div', {}, inline(answer.description)),
        content.map(([type, each]) => [h('div', {}, type.startsWith('application/json') ? '' : `${type}: `, typeOf(each.schema)),
            exampleNodes(each)]),
    ];
    return h('tr', {}, h('th', { scope: 'row', class: 'status', text: plain(status) }), h('td', { lang: 'en' }, what));
}

function answersNode(responses, root)
{
    return [h('h4', { text: 'docs.answers' }),
        h('table', { class: 'answers' }, h('tbody', {}, Object.entries(responses).map((each) => answerRow(each, root))))];
}

function operationNode(method, path, operation, root)
{
    const id = operation.operationId;
    const admin = operation.security && !operation.security.some((each) => Object.keys(each).length === 0);
    return h('article', { class: 'card operation', id },
        h('h3', {}, h('span', { class: `method ${method}`, text: plain(method.toUpperCase()) }),
            h('a', { class: 'self', href: `#${id}` }, h('code', { text: plain(path) }))),
        h('p', { class: 'summary', lang: 'en', text: plain(operation.summary) }),
        admin ? h('p', { class: 'warns', text: 'docs.admin' }) : null,
        h('div', { lang: 'en' }, paragraphs(operation.description)),
        parametersNode(operation.parameters ?? [], root),
        requestNode(operation.requestBody),
        answersNode(operation.responses, root));
}

/* ------------------------------------------------------------------ the document */

function tagSection(tag, root)
{
    const operations = Object.entries(root.paths).flatMap(([path, methods]) =>
        Object.entries(methods).filter(([, each]) => each.tags[0] === tag.name)
            .map(([method, each]) => operationNode(method, path, each, root)));
    return h('section', { id: anchor(tag) }, h('h2', { text: tagText(tag) }),
        h('p', { lang: 'en' }, inline(tag.description)), operations);
}

const anchor = (tag) => `tag-${tag.name.toLowerCase().replaceAll(' ', '-')}`;

/** In both languages where we have one, else as openapi.json says it. */
function tagText(tag)
{
    const key = `docs.${anchor(tag)}`;
    return key in TEXTS ? key : plain(tag.name);
}

function keysSection(schemes)
{
    return h('section', { id: 'keys' }, h('h2', { text: 'docs.keys' }),
        h('ul', { lang: 'en' }, Object.values(schemes).map((each) => h('li', {}, inline(each.description)))));
}

function problemNode(code, { summary, description, value })
{
    return h('article', { class: 'problem-code', id: code, lang: 'en' },
        h('h4', {}, h('a', { class: 'self', href: `#${code}` }, h('code', { text: plain(code) })), ` · ${value.status} · ${summary}`),
        h('p', {}, inline(description)),
        value.detail ? h('p', { class: 'small' }, 'detail: ', h('code', { text: plain(value.detail) })) : null);
}

function problemsSection(responses)
{
    const groups = Object.values(responses).map(({ description, content }) => {
        const examples = Object.entries(content['application/problem+json'].examples);
        return [h('h3', { lang: 'en', text: plain(`${examples[0][1].value.status}: ${description}`) }),
            examples.map(([code, each]) => problemNode(code, each))];
    });
    return h('section', { id: 'problems' }, h('h2', { text: 'docs.problems' }), h('p', { text: 'docs.problems.lead' }), groups);
}

function schemasSection(root)
{
    const all = namedSchemas(root).map(([name, schema]) => schemaNode(name, schema, root));
    return h('section', { id: 'schemas' }, h('h2', { text: 'docs.schemas' }), all);
}

function showContents(root)
{
    const entries = [['examples', 'docs.examples'], ...root.tags.map((tag) => [anchor(tag), tagText(tag)]),
        ['problems', 'docs.problems'], ['keys', 'docs.keys'], ['schemas', 'docs.schemas']];
    byId('contents').replaceChildren(h('ul', {}, entries.map(([id, text]) => h('li', {}, h('a', { href: `#${id}`, text })))));
}

/** The browser has looked for the address's fragment before it was there. */
function goToFragment()
{
    const place = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    history.replaceState(null, '', location.pathname + location.search);
    location.hash = place.id; // again, so that :target fits
}

async function showReference(place)
{
    try {
        const root = await (await fetch('/openapi.json')).json();
        showContents(root);
        place.removeAttribute('aria-live');
        place.replaceChildren(h('div', { lang: 'en' }, paragraphs(root.info.description)),
            ...root.tags.map((tag) => tagSection(tag, root)), problemsSection(root.components.responses),
            keysSection(root.components.securitySchemes), schemasSection(root));
        goToFragment();
    } catch (error) {
        place.replaceChildren(h('p', { class: 'problem', text: 'docs.failed' }));
        throw error;
    }
}

startPage(TEXTS);
setTitle('docs.title');
showExamples();
showReference(byId('reference'));
