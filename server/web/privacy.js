/* privacy.js - the page about privacy: its texts. */
import { DOCUMENT_TEXTS } from '/document-texts.js';
import { setTitle, startPage } from '/page.js';

startPage(DOCUMENT_TEXTS);
setTitle('privacy.title');
