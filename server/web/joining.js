/* joining.js - the code of the spot that a new photo joins, carried from "my spot" to the check within this tab. */

const PLACE = 'joining';

/** Not in the address: nobody who logs addresses or looks at the history finds it. */
export function leaveJoining(code)
{
    sessionStorage.setItem(PLACE, code);
}

/** The code, once. */
export function takeJoining()
{
    try {
        const code = sessionStorage.getItem(PLACE);
        sessionStorage.removeItem(PLACE);
        return code;
    } catch {
        return null; // storage is forbidden: nothing can have been left
    }
}
