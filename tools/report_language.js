// report_language.js - which language of the page is shown: that of ?lang=, else the one chosen before,
// else the first of the browser's that is here, else Traditional Chinese. Both stand in the page, and the
// switch shows one without this script too.
'use strict';

(() => {
    const REMEMBERED = 'language'; // as the pages of the server have it
    const choices = [...document.querySelectorAll('.language input')];

    function known(name) {
        if (/^zh\b/i.test(name ?? '')) return 'zh-Hant';
        return /^en\b/i.test(name ?? '') ? 'en' : null;
    }

    function remembered() {
        try {
            return localStorage.getItem(REMEMBERED);
        } catch {
            return null; // storage may be forbidden; the page works without
        }
    }

    function remember(language) {
        try {
            localStorage.setItem(REMEMBERED, language);
        } catch {
            // the choice holds until the page is closed
        }
    }

    function showTitle() {
        const heading = document.querySelector('h1');
        const shown = heading?.querySelector(`[lang="${document.documentElement.lang}"]`) ?? heading;
        if (shown) document.title = shown.textContent;
    }

    function show(language) {
        document.documentElement.lang = language;
        for (const choice of choices) choice.checked = choice.value === language;
        showTitle();
        document.dispatchEvent(new CustomEvent('language'));
    }

    for (const choice of choices)
        choice.addEventListener('change', () => {
            remember(choice.value);
            show(choice.value);
        });

    const asked = known(new URLSearchParams(location.search).get('lang'));
    if (asked) remember(asked);
    const preferred = navigator.languages.map(known).find(Boolean);
    show(asked ?? known(remembered()) ?? preferred ?? choices[0].value);
    document.addEventListener('DOMContentLoaded', showTitle);
})();
