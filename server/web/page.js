/* page.js - what all pages share: language, header and footer, the word about being offline, the worker for offline use. */
import { byId, h } from '/dom.js';
import { addTexts, bindMarkup, otherLanguage, resolve, setLanguage, showLanguage, t } from '/i18n.js';
import { svg } from '/art.js';
import { TEXTS } from '/texts.js';

const PAGES = [
    ['/', 'nav.check'], ['/spot.html', 'nav.spot'], ['/about.html', 'nav.about'], ['/privacy.html', 'nav.privacy'],
    ['/integrators.html', 'nav.integrators'],
];

const MARK = `<circle class="mark-skin" cx="16" cy="16" r="15"/>
    <path class="mark-spot" d="M9 17c0-5 4-8 8-8 5 0 7 4 6 8-1 5-4 7-8 6-4 0-6-3-6-6z"/>`;

/** Puts the header and footer around a page's <main> and its texts in. @param {Object} texts  of this page besides TEXTS */
export function startPage(texts = {})
{
    addTexts(TEXTS);
    addTexts(texts);
    showLanguage();
    bindMarkup(document);
    const main = byId('main');
    main.before(h('a', { class: 'skip', href: '#main', text: 'site.skip', on: { click: skip } }), header(), offlineNotice());
    main.after(footer());
    document.body.append(h('div', { id: 'announcer', class: 'unseen', 'aria-live': 'polite', role: 'status' }));
    document.body.classList.add('ready');
    registerWorker();
}

/** To the heading and not by the address: the fragment names the step. */
function skip(event)
{
    event.preventDefault();
    byId('main').focus();
}

function header()
{
    const home = h('a', { class: 'brand', href: '/' }, svg('0 0 32 32', MARK, 'logo'), h('span', { text: 'site.name' }));
    const language = h('button', {
        type: 'button', class: 'language', id: 'language', text: 'site.switch', lang: otherLanguage(),
        on: {
            click: (event) => {
                setLanguage(otherLanguage());
                event.currentTarget.lang = otherLanguage();
            },
        },
    });
    return h('header', { class: 'top' }, home, language);
}

function footer()
{
    const links = PAGES.map(([href, text]) =>
        h('a', { href, text, 'aria-current': location.pathname === href ? 'page' : null }));
    return h('footer', { class: 'bottom' },
        h('p', { class: 'disclaimer', text: 'site.not-a-diagnosis' }),
        h('nav', { label: 'site.links' }, links));
}

function offlineNotice()
{
    const notice = h('p', { class: 'offline', role: 'status' });
    const words = h('span', { text: 'site.offline' });
    const show = () => notice.replaceChildren(...(navigator.onLine ? [] : [words]));
    addEventListener('online', show);
    addEventListener('offline', show);
    show();
    return notice;
}

function registerWorker()
{
    if (!('serviceWorker' in navigator)) return;
    const register = () => navigator.serviceWorker.register('/sw.js').catch(() => {}); // the page works without
    if (document.readyState === 'complete') register();
    else addEventListener('load', register, { once: true });
}

/* ------------------------------------------------------------------ the window's title */

let title = 'site.home';

/** "heading · site".  @param {import('/i18n.js').Source} source */
export function setTitle(source)
{
    title = source;
    showTitle();
}

function showTitle()
{
    document.title = `${resolve(title)} · ${t('site.name')}`;
}

document.addEventListener('language', showTitle); // after the elements, which it may read
