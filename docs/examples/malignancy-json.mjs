// A picture as base64 in JSON.
import { readFile } from 'node:fs/promises';

const image = (await readFile('lesion.jpg')).toString('base64');
const response = await fetch('http://127.0.0.1:8080/v1/malignancy', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ image }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
if (answer.accepted) console.log(answer.label, answer.decision.probability);
else console.log('refused:', answer.refusal.text.en);
