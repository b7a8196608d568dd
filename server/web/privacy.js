/* privacy.js - the page about privacy: its texts, and who runs this service and for how long it keeps what. */
import { service } from '/api.js';
import { DOCUMENT_TEXTS } from '/document-texts.js';
import { byId, h } from '/dom.js';
import { t } from '/i18n.js';
import { setTitle, startPage } from '/page.js';

async function showOperator(place)
{
    try {
        const { organisation, keep, retention_days: days } = await service();
        const sentences = [organisation ? () => t('privacy.operator', { organisation }) : null,
            keep ? () => t('privacy.days', { days }) : () => t('privacy.nothing')];
        place.replaceChildren(...sentences.filter(Boolean).map((text) => h('span', { class: 'sentence', text })));
        place.hidden = false;
    } catch {
        place.hidden = true; // the page is true without it
    }
}

startPage(DOCUMENT_TEXTS);
setTitle('privacy.title');
showOperator(byId('operator'));
