/* clinics.js - the directory of clinics, by county. */
import { clinics } from '/api.js';
import { h, plain } from '/dom.js';
import { t } from '/i18n.js';

export function clinicDirectory()
{
    const content = h('div');
    clinics().then((directory) => content.append(...shown(directory)))
        .catch(() => content.append(h('p', { class: 'problem', text: 'clinics.failed' })));
    return h('section', { class: 'card' }, h('h2', { text: 'clinics.title' }), content);
}

function shown({ sample, clinics: all })
{
    if (all.length === 0) return [h('p', { text: 'clinics.none' })];
    const list = h('ul', { class: 'clinics' });
    const count = h('p', { class: 'small', role: 'status' });
    const counties = [...new Set(all.map((each) => each.county))];
    const select = h('select', { id: 'county' }, h('option', { value: '', text: 'clinics.all' }),
        counties.map((county) => h('option', { value: county, text: plain(county) })));
    const show = () => {
        const found = all.filter((each) => !select.value || each.county === select.value);
        list.replaceChildren(...found.map(clinic));
        count.replaceChildren(h('span', { text: ['clinics.count', { count: found.length }] }));
    };
    select.addEventListener('change', show);
    show();
    return [
        sample ? h('p', { class: 'note', text: 'clinics.sample' }) : null,
        h('div', { class: 'field' }, h('label', { for: 'county', text: 'clinics.county' }), select),
        count, list,
    ].filter(Boolean);
}

function clinic({ name, county, address, phone, url })
{
    const call = phone ? h('a', { href: `tel:${phone.replace(/[^\d+]/g, '')}`, text: plain(phone) }) : null;
    const site = /^https?:\/\//.test(url ?? '') ? h('a', {
        href: url, rel: 'noopener noreferrer', target: '_blank', text: 'clinics.site', label: () => `${name} ${t('clinics.site')}`,
    }) : null;
    return h('li', {}, h('strong', { text: plain(name) }), h('span', { text: plain(`${county} ${address}`) }),
        h('span', { class: 'links' }, call, site));
}
