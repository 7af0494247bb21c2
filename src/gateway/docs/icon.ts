/** Owns the icon of the gateway's pages: a small flock. It must never need a file beside the code. */

export const docsIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#4f6bed" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M2 5l3 3 3-3M8 11l3 3 3-3M8 4l3 3 3-3"/></svg>`;
