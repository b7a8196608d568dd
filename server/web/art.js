/* art.js - the drawings of the pages: constant SVG, coloured by style.css (.line, .skin, .spot, ...), so that they follow light
 * and dark. */

const DRAWINGS = {
    /* the first page: a lens over a spot */
    hero: ['0 0 240 160', `
        <path class="skin" d="M0 118c34-22 70-28 112-22 50 7 88 2 128-22v86H0z"/>
        <path class="skin2" d="M0 138c40-14 86-14 128-8 44 6 78 2 112-14v44H0z"/>
        <circle class="lens" cx="112" cy="74" r="46"/>
        <path class="spot" d="M96 72c2-12 14-18 25-14 10 3 13 12 9 21-4 10-12 14-21 11-9-2-14-9-13-18z"/>
        <path class="spot2" d="M104 72c2-6 9-9 15-6 5 2 6 7 3 11-3 5-8 7-12 5-4-1-7-6-6-10z"/>
        <circle class="line thick" cx="112" cy="74" r="46"/>
        <path class="line thick" d="m146 107 34 34"/>
        <path class="line faint" d="M80 60a36 36 0 0 1 20-20"/>
        <circle class="spot" cx="36" cy="124" r="2.5"/><circle class="spot" cx="212" cy="106" r="2"/>
        <circle class="spot" cx="196" cy="122" r="1.5"/>`],
    daylight: ['0 0 96 96', `
        <path class="paper" d="M14 14h46v54H14z"/><path class="line" d="M14 14h46v54H14zM37 14v54M14 41h46"/>
        <circle class="sun" cx="68" cy="34" r="12"/>
        <path class="line warm" d="M68 12v6M68 50v6M46 34h6M84 34h6M52 18l4 4M80 46l4 4M84 18l-4 4"/>
        <path class="skin" d="M18 82c14-10 44-12 66-4v18H18z"/><circle class="spot" cx="52" cy="84" r="4"/>`],
    close: ['0 0 96 96', `
        <path class="skin" d="M0 74c22-8 70-8 96 0v22H0z"/><circle class="spot" cx="48" cy="80" r="5"/>
        <rect class="paper" x="34" y="8" width="28" height="40" rx="5"/><rect class="line" x="34" y="8" width="28" height="40" rx="5"/>
        <circle class="line" cx="48" cy="40" r="2"/>
        <path class="line warm" d="M72 46v26M68 50l4-5 4 5M68 68l4 5 4-5"/>
        <path class="line faint" d="m40 52-8 18M56 52l8 18"/>`],
    sharp: ['0 0 96 96', `
        <rect class="skin" x="6" y="24" width="38" height="48" rx="6"/><rect class="skin" x="52" y="24" width="38" height="48" rx="6"/>
        <circle class="spot haze" cx="25" cy="48" r="14"/><circle class="spot haze" cx="25" cy="48" r="10"/>
        <path class="spot" d="M60 48c0-8 7-13 14-11 7 1 9 7 8 13-2 7-7 10-13 9-6-2-9-5-9-11z"/>
        <path class="line bad" d="m19 79 10 10M29 79 19 89"/><path class="line good" d="m64 84 5 5 9-10"/>`],
    centred: ['0 0 96 96', `
        <rect class="skin" x="12" y="12" width="72" height="72" rx="8"/>
        <path class="spot" d="M36 48c0-8 7-14 15-12 7 1 11 7 9 14-2 7-8 11-14 10-6-2-10-6-10-12z"/>
        <path class="line thick" d="M12 28V18a6 6 0 0 1 6-6h10M68 12h10a6 6 0 0 1 6 6v10M84 68v10a6 6 0 0 1-6 6H68M28 84H18a6 6 0 0 1-6-6V68"/>
        <path class="line faint" d="M48 18v12M48 66v12M18 48h12M66 48h12"/>`],
    clean: ['0 0 96 96', `
        <rect class="skin" x="10" y="10" width="76" height="76" rx="8"/>
        <path class="spot" d="M36 52c0-8 7-13 14-11 7 1 10 7 9 13-2 7-8 10-14 9-6-2-9-5-9-11z"/>
        <path class="line" d="M18 78c2-24 2-40 10-60M28 78c0-20 0-34 6-52M78 78c-2-24-2-40-10-60M68 78c0-20 0-34-6-52"/>
        <path class="line good" d="m40 82 6 6 11-12"/>`],
    ruler: ['0 0 96 96', `
        <rect class="skin" x="4" y="10" width="88" height="76" rx="8"/>
        <path class="spot" d="M24 36c0-7 6-11 12-10 6 1 9 6 8 12-2 6-7 8-12 7-5-1-8-4-8-9z"/>
        <circle class="coin" cx="68" cy="38" r="14"/><circle class="line" cx="68" cy="38" r="14"/><circle class="line faint" cx="68" cy="38" r="10"/>
        <path class="paper" d="M8 62h80v16H8z"/><path class="line" d="M8 62h80v16H8zM18 62v7M28 62v5M38 62v7M48 62v5M58 62v7M68 62v5M78 62v7"/>`],
    scope: ['0 0 96 96', `
        <path class="skin" d="M0 78c22-7 70-7 96 0v18H0z"/>
        <path class="paper" d="M30 56h36l4 22H26z"/><path class="line" d="M30 56h36l4 22H26zM36 40h24v16H36zM40 8h16v32H40z"/>
        <path class="line warm" d="m34 78 4-12M62 78l-4-12"/><circle class="spot" cx="48" cy="79" r="5"/><path class="line" d="M44 18h8M44 26h8"/>`],
    phone: ['0 0 96 96', `
        <rect class="paper" x="28" y="6" width="40" height="74" rx="7"/><rect class="line" x="28" y="6" width="40" height="74" rx="7"/>
        <rect class="skin" x="33" y="16" width="30" height="46"/><path class="spot" d="M41 39c0-5 4-8 9-7 4 1 6 4 5 8-1 5-5 7-8 6-4-1-6-3-6-7z"/>
        <circle class="line" cx="48" cy="71" r="4"/><path class="skin" d="M0 88c22-6 70-6 96 0v8H0z"/>`],
    same: ['0 0 96 96', `
        <rect class="skin" x="4" y="24" width="38" height="48" rx="6"/><rect class="skin" x="54" y="24" width="38" height="48" rx="6"/>
        <circle class="spot" cx="23" cy="48" r="8"/><circle class="spot" cx="73" cy="48" r="8"/><path class="line" d="M45 45h6M45 51h6"/>`],
    changed: ['0 0 96 96', `
        <rect class="skin" x="4" y="24" width="38" height="48" rx="6"/><rect class="skin" x="54" y="24" width="38" height="48" rx="6"/>
        <circle class="spot" cx="23" cy="48" r="7"/>
        <path class="spot" d="M60 46c-1-9 8-14 15-12 9 1 13 8 11 17-1 9-9 13-16 11-8-2-11-8-10-16z"/><path class="spot2" d="M70 47c1-5 7-7 10-3 3 3 1 9-4 10-4 0-7-3-6-7z"/>
        <path class="line warm" d="M44 48h7M48 44l4 4-4 4"/>`],
    even: ['0 0 96 96', `
        <rect class="skin" x="10" y="10" width="76" height="76" rx="8"/><circle class="spot" cx="48" cy="48" r="20"/><path class="line faint" d="M48 18v60"/>`],
    uneven: ['0 0 96 96', `
        <rect class="skin" x="10" y="10" width="76" height="76" rx="8"/>
        <path class="spot" d="M27 46c-2-10 5-14 11-16 4-8 12-9 17-3 10-2 15 5 14 12 6 7 4 14-3 18 0 9-8 12-14 8-7 6-16 4-17-4-8-1-11-8-8-15z"/>
        <path class="spot2" d="M50 34c6-3 13 0 13 7 0 6-6 9-11 7-6-2-7-11-2-14z"/><path class="spot3" d="M36 50c4-3 9 0 9 5s-5 7-9 5c-3-3-3-8 0-10z"/><path class="line faint" d="M48 18v60"/>`],
    small: ['0 0 96 96', `
        <rect class="skin" x="6" y="44" width="84" height="44" rx="8"/><circle class="spot" cx="48" cy="66" r="5"/>
        <path class="pencil" d="M38 4h20v26H38z"/><path class="line" d="M38 4h20v26H38zM44 4v26M52 4v26"/><path class="line faint" d="M38 34v48M58 34v48"/>`],
    large: ['0 0 96 96', `
        <rect class="skin" x="6" y="44" width="84" height="44" rx="8"/>
        <path class="spot" d="M29 66c0-10 9-16 20-15 12 0 19 6 18 16-1 9-9 13-19 13-11 0-19-5-19-14z"/>
        <path class="pencil" d="M38 4h20v26H38z"/><path class="line" d="M38 4h20v26H38zM44 4v26M52 4v26"/><path class="line faint" d="M38 34v48M58 34v48"/>`],
    acral: ['0 0 96 96', `
        <path class="skin" d="M30 90V66L16 50c-4-5 2-10 7-6l9 8V18c0-7 9-7 9 0v-6c0-7 10-7 10 0v6c0-6 9-6 9 1v7c0-6 9-6 9 1v33c0 8-3 12-5 16v14z"/>
        <path class="line" d="M30 90V66L16 50c-4-5 2-10 7-6l9 8V18c0-7 9-7 9 0v26M41 18v-6c0-7 10-7 10 0v32M51 18c0-6 9-6 9 1v25M60 26c0-6 9-6 9 1v33c0 8-3 12-5 16v14"/>
        <circle class="spot" cx="48" cy="64" r="5"/>`],
    face: ['0 0 96 96', `
        <path class="skin" d="M24 40c0-18 10-28 24-28s24 10 24 28c0 22-10 40-24 40S24 62 24 40z"/>
        <path class="hair" d="M22 40C20 18 32 6 48 6s28 12 26 34c-3-8-8-14-14-17-10 6-22 7-31 3-4 3-6 8-7 14z"/>
        <path class="line" d="M24 40c0 22 10 40 24 40s24-18 24-40M38 44h.1M58 44h.1M42 64c4 3 8 3 12 0M48 48l-2 8h4"/><circle class="spot" cx="60" cy="56" r="4"/>`],
    body: ['0 0 96 96', `
        <path class="skin" d="M36 8h24v10c12 3 20 8 22 18l6 44H76l-6-28v38H26V52l-6 28H8l6-44c2-10 10-15 22-18z"/>
        <path class="line" d="M36 8v10c-12 3-20 8-22 18L8 80M60 8v10c12 3 20 8 22 18l6 44M26 90V50l-6 30M70 90V50l6 30"/><circle class="spot" cx="56" cy="48" r="5"/>`],
    family: ['0 0 96 96', `
        <circle class="skin" cx="30" cy="26" r="11"/><circle class="skin" cx="66" cy="26" r="11"/><circle class="skin" cx="48" cy="58" r="9"/>
        <path class="cloth" d="M12 58c0-12 8-18 18-18s17 6 18 10c1-4 8-10 18-10s18 6 18 18v6H62c-3-5-8-7-14-7s-11 2-14 7H12z"/><path class="cloth2" d="M32 90c0-11 7-18 16-18s16 7 16 18z"/>
        <path class="line warm" d="M30 20v8M26 24h8M66 20v8M62 24h8"/>`],
    alone: ['0 0 96 96', `
        <circle class="skin" cx="42" cy="32" r="14"/><path class="cloth" d="M14 86c0-20 12-32 28-32s28 12 28 32z"/><path class="line good" d="m66 30 8 8 14-16"/>`],
    unsure: ['0 0 96 96', `
        <circle class="paper" cx="48" cy="48" r="34"/><circle class="line" cx="48" cy="48" r="34"/>
        <path class="line thick" d="M37 39c0-7 5-11 11-11 7 0 11 4 11 10 0 8-11 8-11 18M48 68v.1"/>`],
    camera: ['0 0 48 48', `
        <path class="line" d="M6 16a4 4 0 0 1 4-4h6l3-5h10l3 5h6a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H10a4 4 0 0 1-4-4z"/><circle class="line" cx="24" cy="25" r="8"/>`],
    folder: ['0 0 48 48', `
        <rect class="line" x="6" y="8" width="36" height="32" rx="4"/><circle class="line" cx="17" cy="19" r="4"/><path class="line" d="m8 36 12-11 8 7 6-6 8 8"/>`],
};

/** A drawing; decorative, because words beside it say the same. */
export function art(name, className = 'art')
{
    const [viewBox, content] = DRAWINGS[name];
    return svg(viewBox, content, className);
}

/** The parser makes elements of constant markup; nothing that a person or the service says gets here. */
export function svg(viewBox, content, className)
{
    const source = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}">${content}</svg>`;
    const element = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
    element.setAttribute('class', className);
    element.setAttribute('aria-hidden', 'true');
    element.setAttribute('focusable', 'false');
    return document.importNode(element, true);
}
