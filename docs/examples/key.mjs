// With a key, which skincnn-admin key-add makes; after 429, what Retry-After says is waited for.
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

const request = {
    method: 'POST',
    headers: { 'Content-Type': 'image/jpeg', 'Authorization': 'Bearer skc_YOUR_KEY' },
    body: await readFile('lesion.jpg'),
};
let response = await fetch('http://127.0.0.1:8080/v1/malignancy', request);
for (let attempt = 0; attempt < 2 && [429, 503].includes(response.status); attempt++) {
    await setTimeout(1000 * response.headers.get('Retry-After'));
    response = await fetch('http://127.0.0.1:8080/v1/malignancy', request);
}
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
console.log(answer.label);
