// Which disease, in a crop around the lesion, with a heat map that goes to a file.
import { readFile, writeFile } from 'node:fs/promises';

const image = (await readFile('lesion.jpg')).toString('base64');
const response = await fetch('http://127.0.0.1:8080/v1/diagnosis', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ image, crop: 'auto', explain: true }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
if (answer.accepted) {
    for (const [label, share] of Object.entries(answer.probabilities))
        console.log(`${(100 * share).toFixed(1)} %`, answer.names[label].en);
    await writeFile('heat-map.jpg', Buffer.from(answer.heat_map.split(',')[1], 'base64'));
}
