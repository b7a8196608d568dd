// A picture and five answers; kept, read again by its code, and erased.
import { readFile } from 'node:fs/promises';

async function call(method, path, body)
{
    const response = await fetch(`http://127.0.0.1:8080/v1/assessments${path}`, {
        method,
        headers: body ? { 'Content-Type': 'application/json' } : {},
        body: body && JSON.stringify(body),
    });
    const answer = response.status === 204 ? null : await response.json();
    if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
    return answer;
}

const answer = await call('POST', '', {
    image: (await readFile('lesion.jpg')).toString('base64'),
    dermatoscope: false, keep: true, language: 'en',
    answers: { change: 'no', uneven: 'unsure', large: 'no', site: 'other', history: 'yes' },
});
if (answer.accepted) {
    console.log(answer.level, '-', answer.level_text.en);
    for (const advice of answer.advice) console.log('-', advice.en);
    const spot = await call('GET', `/${answer.code}`);
    console.log(spot.assessments.length, 'kept until', spot.expires);
    await call('DELETE', `/${answer.code}`);
}
