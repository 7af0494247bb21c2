/** Owns the HTML of `/docs`: a frame that the script fills. It must never hold an inline script or style: the CSP forbids both. */

/** The page for a system with this title and so many services, those without routes among them. */
export function docsPage(title: string, services: number): string {
  const text = title.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en" data-services="${services}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text} API</title>
<link rel="icon" href="/docs/icon.svg">
<link rel="stylesheet" href="/docs/style.css">
<script src="/docs/app.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<button id="menu" class="icon menu" type="button" aria-label="Operations" aria-expanded="false" aria-controls="side">&#9776;</button>
<a class="brand" href="#"><span class="mark" aria-hidden="true"></span><span>${text}</span></a>
<span id="version" class="version"></span>
<span class="grow"></span>
<a class="toplink" href="/openapi.json">openapi.json</a>
<button id="theme" class="icon" type="button" aria-label="Switch between light and dark">&#9680;</button>
</header>
<div class="frame">
<nav id="side" class="side" aria-label="Operations">
<div class="search"><input id="filter" type="search" placeholder="Filter operations" aria-label="Filter operations" autocomplete="off" spellcheck="false"><kbd aria-hidden="true">/</kbd></div>
<div id="list"></div>
</nav>
<main id="main" tabindex="-1"><p class="quiet">Loading…</p></main>
</div>
<noscript><p class="quiet">This page needs JavaScript. The same description is at <a href="/openapi.json">/openapi.json</a>.</p></noscript>
</body>
</html>
`;
}
