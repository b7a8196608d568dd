/* i18n.js - which language is shown (that of ?lang=, else the one chosen before, else Traditional Chinese), and the texts of
 * elements that follow it. */

/** @typedef {{'zh-Hant': string, 'en': string}} Text  a text as the server gives it */
/** @typedef {string | [string, Object<string, string|number>] | Text | (() => string)} Source */

const LANGUAGES = ['zh-Hant', 'en'];
const REMEMBERED = 'language';

/** @type {Object<string, [string, string]>} key -> the text in both languages */
const table = {};
/** @type {WeakMap<Element, Map<string, Source>>} */
const bindings = new WeakMap();
const asked = new URLSearchParams(location.search).get('lang');
let language = known(asked) ?? known(remembered()) ?? LANGUAGES[0];
if (known(asked)) remember(); // the next page follows

function known(name)
{
    if (name?.startsWith('zh')) return 'zh-Hant';
    return LANGUAGES.includes(name) ? name : null;
}

function remembered()
{
    try {
        return localStorage.getItem(REMEMBERED);
    } catch {
        return null; // storage may be forbidden; the page works without
    }
}

function remember()
{
    try {
        localStorage.setItem(REMEMBERED, language);
    } catch {
        // the choice holds for this page only
    }
}

export function currentLanguage()
{
    return language;
}

/** @param {Object<string, [string, string]>} texts */
export function addTexts(texts)
{
    Object.assign(table, texts);
}

/** The text of `key` with {name} replaced by values. A key that is missing is a mistake of ours. */
export function t(key, values = {})
{
    const entry = table[key];
    if (!entry) throw new Error(`no text "${key}"`);
    return entry[LANGUAGES.indexOf(language)].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** @param {Source} source */
export function resolve(source)
{
    if (typeof source === 'string') return t(source);
    if (typeof source === 'function') return source();
    if (Array.isArray(source)) return t(...source);
    return source[language] ?? source['zh-Hant'] ?? '';
}

/** Keeps a property or attribute of an element in the language shown: "text" is its textContent. */
export function bind(element, property, source)
{
    if (!bindings.has(element)) bindings.set(element, new Map());
    bindings.get(element).set(property, source);
    element.setAttribute('data-bound', '');
    write(element, property, source);
}

function write(element, property, source)
{
    const value = resolve(source);
    if (property === 'text') element.textContent = value;
    else element.setAttribute(property, value);
}

/** Binds what the HTML says: data-text="key", data-label="key" (aria-label), data-alt="key". */
export function bindMarkup(root)
{
    const places = { text: 'text', label: 'aria-label', alt: 'alt', placeholder: 'placeholder' };
    for (const [name, property] of Object.entries(places))
        for (const element of root.querySelectorAll(`[data-${name}]`))
            bind(element, property, element.dataset[name]);
}

export function setLanguage(next)
{
    language = next;
    remember();
    showLanguage();
    for (const element of document.querySelectorAll('[data-bound]'))
        for (const [property, source] of bindings.get(element) ?? [])
            write(element, property, source);
    document.dispatchEvent(new CustomEvent('language'));
}

export function otherLanguage()
{
    return LANGUAGES.find((each) => each !== language);
}

export function showLanguage()
{
    document.documentElement.lang = language;
}

/* ------------------------------------------------------------------ numbers and dates */

/** A probability as people read it: never 0% or 100%, because nothing is certain. */
export function percent(probability)
{
    if (probability < 0.01) return '<1%';
    if (probability > 0.99) return '>99%';
    return `${Math.round(probability * 100)}%`;
}

/** @param {string} iso  "2026-11-23T10:00:00Z" */
export function day(iso)
{
    const locale = language === 'en' ? 'en-GB' : 'zh-TW';
    return new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(new Date(iso));
}
