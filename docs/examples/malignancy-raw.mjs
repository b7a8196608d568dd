// A picture as the body: its bytes as they are.
import { readFile } from 'node:fs/promises';

const response = await fetch('http://127.0.0.1:8080/v1/malignancy', {
    method: 'POST',
    headers: { 'Content-Type': 'image/jpeg' },
    body: await readFile('lesion.jpg'),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
console.log(answer.label, answer.probabilities);
